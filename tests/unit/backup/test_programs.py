"""A program that is run: its words, its end, and its children's."""

import os
import sys
import tracemalloc
from collections.abc import Generator
from pathlib import Path
from typing import cast

import psutil
import pytest

from backup.outcome import BackupError
from backup.plan import load
from backup.programs import lines, run
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


def test_lines_are_given_one_by_one_however_many_there_are() -> None:
    """Ten times as many take the same memory; what `run` gives takes ten times as much."""
    peaks: list[int] = []
    for count in (5_000, 50_000):
        tracemalloc.start()
        text = f"for i in range({count}): print('an-object-with-a-name-like-others', i)"
        assert sum(1 for _ in lines([sys.executable, "-c", text], environment={}, deadline_seconds=60)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] < 10_000_000


def test_lines_end_with_who_takes_them_at_the_deadline_and_with_an_error() -> None:
    begun = lines(["sh", "-c", "echo $$; exec sleep 600"], environment={}, deadline_seconds=60)
    process = int(next(begun))
    cast("Generator[str]", begun).close()
    assert not psutil.pid_exists(process)
    with pytest.raises(BackupError, match="took longer than 1 s and was ended"):
        list(lines(["sh", "-c", "echo one; sleep 600"], environment={}, deadline_seconds=1))
    with pytest.raises(BackupError, match=r"failed \(3\): it is away"):
        list(lines(["sh", "-c", "echo one; echo it is away >&2; exit 3"], environment={}, deadline_seconds=60))
