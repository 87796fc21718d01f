"""The servers that stand for the outside world, each on loopback."""
