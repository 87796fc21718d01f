"""What `pulumi` itself has no word for: switch a slot, watch it, roll it back, record it."""
