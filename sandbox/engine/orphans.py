"""What a killed run left of its engine."""

from sandbox.engine import state
from sandbox.engine.command import end_session
from sandbox.layout import EngineFolder

_SAVE_SECONDS = 10
"""An engine whose program died stops by itself soon; until then it may be writing its state."""


def clear(folder: EngineFolder) -> list[str]:
    """End it and remove its locks; called only by who holds the stack.

    Returns:
        What was done, a sentence each.
    """
    said: list[str] = []
    if end_session(folder, graceful_seconds=_SAVE_SECONDS):
        said.append("the previous run was killed; its engine was stopped")
    if state.unlock(folder):
        said.append("the previous run left a lock on the state; the lock was removed")
    if state.mend(folder):
        said.append("the state was being written when the run was killed: its backup is taken, one operation older")
    return said
