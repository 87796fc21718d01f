"""Errors that a person is expected to meet: each is its own explanation, never a traceback."""


class SandboxError(Exception):
    """What is wrong and what to do, in one or a few sentences."""


class Interrupted(SandboxError):  # noqa: N818 - a request of the user, not an error
    """The user (Ctrl-C) or the system (SIGTERM) asked to stop."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"interrupted; what is done is kept: run make {verb} again")


class EngineError(SandboxError):
    """The engine ended without success; the text lists every failure, one a line."""
