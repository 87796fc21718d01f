"""What `python -m sandbox` does, one module a verb."""
