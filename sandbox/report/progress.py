"""Live lines while the engine works: one for each change, with the room it belongs to."""

import time

from sandbox.engine.events import Step, short_type
from sandbox.report.console import say

_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "create-replacement": "made anew",
    "delete-replaced": "removed the old one",
    "import": "imported",
    "read": "read",
}
_SILENT = ("pulumi:pulumi:Stack", "pulumi:providers:", "luxima:")


class Progress:
    """Says what was done, as it is done."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, step: Step, succeeded: bool) -> None:
        """Take a finished operation."""
        if step.type.startswith(_SILENT):
            return
        done = _DONE.get(step.operation)
        if done is None and succeeded:
            return
        seconds = time.monotonic() - self._began
        state = done if succeeded else f"failed to {step.operation}"
        say(
            f"  {seconds:6.1f} s  {step.room:<14} {short_type(step.type):<38} {step.name}  {state}",
            "" if succeeded else "red",
        )
