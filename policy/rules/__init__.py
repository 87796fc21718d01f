"""The rules, one file per subject; each file ends with the tuple of its rules."""
