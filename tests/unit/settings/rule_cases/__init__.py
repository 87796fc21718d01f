"""For every rule: edits of a real stack that it refuses, and edits close by that it lets pass."""
