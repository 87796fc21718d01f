"""A program that is run: its words, its end, and its children's."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from backup.outcome import BackupError
from backup.plan import load
from backup.programs import run
from tests.waiting import wait_for


def _python(text: str) -> str:
    return run([sys.executable, "-c", text], environment={}, deadline_seconds=60)


def test_it_finds_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", "value")
    assert "PLANTED" not in _python("import os; print(dict(os.environ))")


def test_a_failure_has_its_last_words() -> None:
    with pytest.raises(BackupError, match=r"failed \(3\): the bucket is away"):
        _python("import sys; print('the bucket is away', file=sys.stderr); sys.exit(3)")


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(BackupError, match="no-such-program cannot be run: No such file"):
        run(["no-such-program"], environment={}, deadline_seconds=1)


def test_at_its_deadline_it_ends_with_what_it_has_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    with pytest.raises(BackupError, match="took longer than 5 s and was ended"):
        run(["sh", "-c", f"sleep 600 & echo $! > {note}; wait"], environment={}, deadline_seconds=5)
    child = int(note.read_text())
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", "the child's end")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{}", "interval_seconds: Field required"),
        ('{"interval_seconds": 1, "deadline_seconds": 1, "job": {"kind": "tapes"}}', "job"),
    ],
)
def test_a_plan_that_is_none_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "plan.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BackupError, match=said):
        load(file)
    assert os.listdir(tmp_path) == ([] if text is None else ["plan.json"])  # noqa: PTH208
