"""Live lines while the engine works: one for each change, with the room it belongs to, and for what takes long."""

import time
from dataclasses import dataclass
from threading import Event, Lock, Thread

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
_PATIENCE = 15.0
"""Seconds after which it is said that something is waited for, and again as often."""


@dataclass
class _UnderWay:
    """An operation that has not ended."""

    step: Step
    due: float
    """When it is said next, on the monotonic clock."""
    said: str = ""
    """What its plugin said last."""


class Progress:
    """Says what was done, as it is done, and what is waited for; a context in which it does."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._began = time.monotonic()
        self._patience = patience
        self._under_way: dict[str, _UnderWay] = {}
        self._lock = Lock()
        self._over = Event()
        self._waiter = Thread(target=self._wait, daemon=True)

    def __enter__(self) -> "Progress":
        self._waiter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._waiter.join()

    def began(self, step: Step) -> None:
        """Take an operation that is under way."""
        if step.operation in _DONE and step.about_a_resource:
            with self._lock:
                self._under_way[step.urn] = _UnderWay(step, time.monotonic() + self._patience)

    def said(self, urn: str, message: str) -> None:
        """Take what the plugin says of it."""
        with self._lock:
            if urn in self._under_way:
                self._under_way[urn].said = message

    def ended(self, step: Step, *, succeeded: bool) -> None:
        """Take an operation that has ended."""
        with self._lock:
            self._under_way.pop(step.urn, None)
        if not step.about_a_resource:
            return
        done = _DONE.get(step.operation)
        if done is None and succeeded:
            return
        state = done if succeeded else f"failed to {step.operation}"
        self._say(step, f"{step.name}  {state}", "" if succeeded else "red")

    def _wait(self) -> None:
        while not self._over.wait(min(1.0, self._patience)):
            now = time.monotonic()
            with self._lock:
                for each in self._under_way.values():
                    if each.due <= now:
                        each.due = now + self._patience
                        # Said while it is held: what has ended is not said to be waited for.
                        why = f": {each.said}" if each.said else ""
                        self._say(each.step, f"waiting for {each.step.name}{why}", "yellow")

    def _say(self, step: Step, text: str, style: str) -> None:
        seconds = time.monotonic() - self._began
        say(f"  {seconds:6.1f} s  {step.room:<14} {short_type(step.type):<38} {text}", style)
