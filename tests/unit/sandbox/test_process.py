import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import process
from sandbox.faults import SandboxError
from sandbox.process import Record
from sandbox.procfs import read_stat

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Record]:
    record = process.start(tmp_path, "sleeper", tmp_path / "log", SLEEP, dict(os.environ), tmp_path)
    yield record
    process.stop([record])


def test_a_started_process_is_recorded_alive_and_leads_a_session(started: Record, tmp_path: Path) -> None:
    assert process.load(tmp_path, "sleeper") == started
    assert started.alive()
    stat = read_stat(started.pid)
    assert stat is not None
    assert stat.session == started.pid


def test_another_process_with_the_same_id_is_not_taken_for_ours(started: Record) -> None:
    earlier = replace(started, started=started.started - 1)
    assert not earlier.alive()
    assert process.stop([earlier]) == []
    assert started.alive()
    assert process.session_of(earlier, "X=1") == []


def test_a_record_of_another_boot_is_not_alive(started: Record) -> None:
    assert not replace(started, boot="another").alive()


def test_stop_ends_it(started: Record) -> None:
    assert process.stop([started]) == []
    assert not started.alive()


def test_one_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    record = process.start(tmp_path, "deaf", log, [sys.executable, "-c", deaf], dict(os.environ), tmp_path)
    process.wait_ready(record, lambda: log.exists() and "deaf" in log.read_text(), 60)
    assert process.stop([record], seconds=0.2) == [record]
    assert not record.alive()


def test_a_death_while_starting_is_told_with_the_end_of_the_log(tmp_path: Path) -> None:
    broken = [sys.executable, "-c", "print('no such drive'); raise SystemExit(3)"]
    record = process.start(tmp_path, "broken", tmp_path / "log", broken, dict(os.environ), tmp_path)
    with pytest.raises(SandboxError, match=r"(?s)broken ended while it was starting.*no such drive"):
        process.wait_ready(record, lambda: False, 60)


def test_silence_is_an_error_after_the_deadline(started: Record) -> None:
    with pytest.raises(SandboxError, match=rf"sleeper \(pid {started.pid}\) does not answer after 0 s"):
        process.wait_ready(started, lambda: False, 0.1)


def test_a_session_has_the_children_too(tmp_path: Path) -> None:
    code = f"import subprocess, time; subprocess.Popen({SLEEP!r}); print('up', flush=True); time.sleep(60)"
    log = tmp_path / "log"
    record = process.start(tmp_path, "parent", log, [sys.executable, "-c", code], dict(os.environ), tmp_path)
    try:
        process.wait_ready(record, lambda: log.exists() and "up" in log.read_text(), 60)
        members = process.session_of(record, "X=1")
        assert record.pid in members
        assert len(members) == 2
    finally:
        for pid in process.session_of(record, "X=1"):
            process.signal_pid(pid, process.signal.SIGKILL)
        process.wait_gone([record], 60)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    record = process.start(tmp_path, "none", tmp_path / "log", ["/nonexistent/program"], dict(os.environ), tmp_path)
    with pytest.raises(SandboxError, match="No such file"):
        process.wait_ready(record, lambda: False, 60)
