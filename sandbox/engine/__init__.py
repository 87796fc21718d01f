"""The Pulumi engine, driven through the Automation API with this checkout's own program."""
