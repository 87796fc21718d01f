"""One release at a time, and what is known of a run that was cut short."""

import datetime
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from release import lock
from release.errors import Refused, ReleaseError

NOW = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC)
ROOT = Path(__file__).parents[3]

HOLDER = """
import datetime, sys, time
from pathlib import Path
from release import lock
now = datetime.datetime.now(datetime.UTC)
with lock.held(Path(sys.argv[1]), "dev", "switch storefront", "ann@context", now) as journal:
    journal.step("changing the record")
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_caller_is_told_who_was_first(tmp_path: Path) -> None:
    with lock.held(tmp_path, "dev", "switch storefront", "ann@context", NOW) as journal:
        journal.step("changing the record")
        with (
            pytest.raises(Refused) as refused,
            lock.held(tmp_path, "dev", "rollback storefront", "bob@context", NOW),
        ):
            pass
        assert str(refused.value) == (
            "stack dev is busy: switch storefront by ann@context since 2026-01-31 12:00:00 UTC, while changing the "
            "record; wait until it ends"
        )
        with lock.held(tmp_path, "prod", "status", "bob@context", NOW):
            pass
    assert lock.left(tmp_path, "dev") == ""


def test_a_killed_run_gives_the_stack_back_and_leaves_a_note(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Refused, match="ann@context"), lock.held(tmp_path, "dev", "status", "bob", NOW):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(60)
    holder.stdout.close()
    with lock.held(tmp_path, "dev", "switch storefront", "bob@context", NOW) as journal:
        assert journal.left.startswith("switch storefront by ann@context since")
        assert journal.left.endswith("while changing the record")
    assert lock.left(tmp_path, "dev") == ""


def test_a_refusal_does_not_forget_what_was_cut_short(tmp_path: Path) -> None:
    def cut_short() -> None:
        with lock.held(tmp_path, "dev", "switch", "ann", NOW) as journal:
            journal.step("changing the record")
            raise OSError("power")

    with pytest.raises(OSError, match="power"):
        cut_short()
    note = lock.left(tmp_path, "dev")
    assert "changing the record" in note
    with pytest.raises(Refused, match="not now"), lock.held(tmp_path, "dev", "deploy", "ann", NOW):
        raise Refused("not now")
    assert lock.left(tmp_path, "dev") == note


def fail(folder: Path, *steps: str, error: ReleaseError) -> None:
    with lock.held(folder, "dev", "deploy", "ann", NOW) as journal:
        journal.look("checking what it would change")
        for step in steps:
            journal.step(step)
        raise error


def test_a_failure_before_anything_was_begun_leaves_no_note(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="a policy objects"):
        fail(tmp_path, error=ReleaseError("a policy objects"))
    assert lock.left(tmp_path, "dev") == ""


@pytest.mark.parametrize("error", [ReleaseError("no"), Refused("no")])
def test_a_failure_after_a_step_leaves_a_note(tmp_path: Path, error: ReleaseError) -> None:
    with pytest.raises(ReleaseError, match="no"):
        fail(tmp_path, "changing the record", error=error)
    assert lock.left(tmp_path, "dev").endswith("while changing the record")


def test_the_folder_is_for_this_user_and_not_for_git(tmp_path: Path) -> None:
    folder = lock.folder(tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == ""
