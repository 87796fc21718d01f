"""Why there can be no real node on a machine: said in a few words, without anything left of the trial."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from sandbox.machine import kernel, support

_which = shutil.which


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of root's with every command and enough memory; what it really is does not count."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", "/sbin/{}".format)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=support.NEEDED_MIB * 2**20))
    monkeypatch.setattr(support, "_TRIAL", "")


def test_nothing_is_missing(tmp_path: Path) -> None:
    assert support.missing(tmp_path / "trial") is None


def test_an_ordinary_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert support.missing(tmp_path / "trial") == "only root may make one"
    assert list(tmp_path.iterdir()) == []


def test_no_iproute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shutil, "which", _which)
    assert support.missing(tmp_path / "trial") == "the command ip is missing (package iproute2)"


def test_too_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3072 * 2**20 - 1))
    assert support.missing(tmp_path / "trial") == "3071 MiB of memory are free and it needs 3072 MiB"


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        ("from sandbox.machine import kernel\nkernel.ip('link', 'add', 'x', 'type', 'nonsense')", "link add x"),
        ("raise OSError(1, 'unshare: Operation not permitted')", "unshare: Operation not permitted"),
        (
            "from sandbox.machine import kernel\nkernel.require_filter('telepathy', 30, 1)",
            "the kernel has no telepathy",
        ),
        ("raise SystemExit(1)", "no reason given"),
    ],
)
def test_a_kernel_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trial: str, said: str) -> None:
    monkeypatch.setattr(support, "_TRIAL", trial)
    reason = support.missing(tmp_path / "trial")
    assert reason is not None
    assert reason.startswith("the system refuses it (")
    assert said in reason
    assert "\n" not in reason


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_trial_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    reason = support.missing(tmp_path / "trial")
    assert reason is None or "memory" in reason, reason
    assert not [top for top in kernel.control_groups() if [*top.glob("luxima-trial*")]]
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
