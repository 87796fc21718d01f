"""Local provider plugins: each drives a real server, or records what it is given and says so."""
