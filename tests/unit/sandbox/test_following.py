"""Objects of a kind are told as they change; the server is the test's own."""

import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

from sandbox.controllers.following import Objects, follow
from sandbox.layout import ROOT


def _object(name: str) -> dict[str, Any]:
    return {"metadata": {"uid": name, "name": name}}


class _Api:
    """Has one object, then two, then the first is gone."""

    def __init__(self, stopped: Event) -> None:
        self._stopped = stopped

    def call(self, _method: str, _path: str) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": "1"}, "items": [_object("first")]}

    def watch(self, _path: str, _version: str) -> Iterator[dict[str, Any]]:
        yield {"type": "ADDED", "object": _object("second")}
        yield {"type": "DELETED", "object": _object("first")}
        self._stopped.set()


def test_what_was_told_is_not_changed_under_who_looks_at_it() -> None:
    stopped, told = Event(), list[Objects]()
    follow(_Api(stopped), "/things", told.append, stopped)  # pyright: ignore[reportArgumentType]
    assert stopped.wait(60)
    assert [sorted(objects) for objects in told] == [["first"], ["first", "second"], ["second"]]


def test_a_thread_that_fails_is_missed() -> None:
    program = (
        "import threading; from sandbox.controllers import __main__ as controllers; controllers.end_with_a_thread(); "
        "threading.Thread(target=lambda: 1 / 0).start(); threading.Event().wait(60)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
