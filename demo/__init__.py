"""`make demo`: the dev stack on a real node, a shop under load, a good release, and a bad one that is taken back."""
