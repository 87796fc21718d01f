"""The verbs: each goes through steps that can be interrupted anywhere and gone through again."""
