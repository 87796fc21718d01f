import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import process
from sandbox.servers import base
from sandbox.servers.base import Program, keep_running


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Something that runs until it is ended."""
    yield Program("waiting", (sys.executable, "-c", "import time; time.sleep(600)"), {}, tmp_path, tmp_path / "log")
    record = process.load(tmp_path, "waiting")
    assert record is not None
    process.stop([record])


def test_a_server_whose_answer_is_late_is_left_running(program: Program, tmp_path: Path) -> None:
    first = keep_running(tmp_path, program, lambda: True)
    answers = iter((False, False, True))
    assert keep_running(tmp_path, program, lambda: next(answers)) == first


def test_a_server_that_answers_no_longer_is_started_anew(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LATE_SECONDS", 0.2)
    first = keep_running(tmp_path, program, lambda: True)

    def ready() -> bool:
        record = process.load(tmp_path, "waiting")
        return record is not None and record.pid != first.pid

    again = keep_running(tmp_path, program, ready)
    assert again.pid != first.pid
    assert not first.alive()
