"""Breaks what the stacks declare, one property at a time, and asks the rules: a rule that says nothing has a hole."""
