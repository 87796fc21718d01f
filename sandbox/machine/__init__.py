"""A machine of the stack's own: a network namespace with the stack's addresses, and in it a real node."""
