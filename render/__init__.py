"""What the platform writes for other programs to read, looked at without deploying anything."""
