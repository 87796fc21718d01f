"""Ctrl-C and SIGTERM: asked once, what is under way is finished and kept; asked again, it ends at once."""

import signal
import sys
from types import FrameType
from typing import Protocol

from sandbox import process
from sandbox.faults import Interrupted


class Stoppable(Protocol):
    """An engine, as far as a signal is concerned."""

    running: bool

    def interrupt(self) -> None:
        """Finish what is under way, then stop."""
        ...

    def kill(self) -> None:
        """Stop at once."""
        ...


class Interrupts:
    """The signal handlers of one run."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self.asked = False
        self.engine: Stoppable | None = None
        """Set while an engine may be running."""

    def install(self) -> None:
        """Take over the signals with which a person or a system ends a program."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.handle)

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """What a signal does: ask the engine to stop, end it when asked again, or end this program."""
        first, self.asked = not self.asked, True
        # Two signals may come as one: who is interrupted while he sets it would wait for himself.
        if first:
            process.cancelled.set()
        if self.engine is not None and self.engine.running:
            if first:
                sys.stderr.write("\nstopping after the operations in progress (Ctrl-C again to end at once)\n")
                self.engine.interrupt()
            else:
                self.engine.kill()
        else:
            raise Interrupted(self._verb)
