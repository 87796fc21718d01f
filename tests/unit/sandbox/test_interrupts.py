"""Signals while a verb runs."""

import signal

import pytest

from sandbox import process
from sandbox.interrupts import Interrupts


class _Engine:
    running = True

    def __init__(self) -> None:
        self.told: list[str] = []

    def interrupt(self) -> None:
        self.told.append("interrupt")

    def kill(self) -> None:
        self.told.append("kill")


def test_a_signal_that_comes_while_one_is_handled_is_handled_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupts, engine = Interrupts("up"), _Engine()
    interrupts.engine = engine
    sets: list[int] = []

    class Cancelled:
        def set(self) -> None:
            sets.append(1)
            interrupts.handle(signal.SIGTERM, None)

    monkeypatch.setattr(process, "cancelled", Cancelled())
    interrupts.handle(signal.SIGTERM, None)
    assert sets == [1]
    assert engine.told == ["kill", "interrupt"]
