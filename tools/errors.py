"""The one error of this package."""


class ToolError(Exception):
    """A third-party program cannot be had; the text is one sentence that says why and where the log is."""
