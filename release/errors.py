"""What can go wrong, as one sentence for the operator, and the exit code that goes with it."""

DONE = 0
FAILED = 1
INCONCLUSIVE = 3
ROLLED_BACK = 4
INTERRUPTED = 130


class ReleaseError(Exception):
    """It was not done; `str()` is the sentence that says why."""


class Refused(ReleaseError):  # noqa: N818 - an answer
    """It would not be right to do it; nothing was changed."""


class RolledBack(ReleaseError):  # noqa: N818 - not a fault
    """It was done, and the guard took it back meanwhile."""


class Interrupted(ReleaseError):  # noqa: N818 - not a fault
    """The operator stopped it."""
