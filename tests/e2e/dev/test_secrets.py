"""No secret is where none may be, on the real engine and servers; and the search finds the ones that are planted."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox import leaks
from tests.e2e.dev.watched import Watched

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", autouse=True)
def looked(watched: Watched) -> None:
    """Whatever prints values has been run."""
    if not any(done.arguments[3] == "refresh" for done in watched.copy.runs):
        assert watched.run("refresh", "--stack", "dev").code == 0


def test_there_is_something_to_look_for(watched: Watched) -> None:
    names = " ".join(watched.secrets)
    for part in (
        "minioRootPassword",
        "dnsTsigSecret",
        "join-token",
        "storefront-user-password",
        "key",
        "passphrase",
    ):
        assert part in names
    assert watched.samples > 20


def test_state_logs_plans_and_project_hold_no_secret(watched: Watched) -> None:
    layout, search = watched.layout, leaks.Search(watched.secrets)
    for folder in (
        layout.engine.state,
        layout.engine.home,
        layout.engine.project,
        layout.engine.bin,
        layout.engine.temporary,
        layout.logs,
        layout.data / "kubernetes" / "clusters" / layout.stack / "logs",
        watched.copy.temporary,
        watched.copy.home,
    ):
        assert folder.is_dir()
        assert search.in_folder(folder) == []
    assert list(layout.engine.home.rglob("*.log")) == []


@pytest.mark.long
def test_a_preview_holds_no_secret(watched: Watched) -> None:
    """It has stand-ins of its own; that those are not shown is seen in `test_preview`."""
    done, search = watched.run("preview", "--format", "json", "--stack", "dev"), leaks.Search(watched.secrets)
    assert done.code == 0, str(done)
    assert search.in_bytes("the preview", done.text.encode()) == []
    assert search.in_folder(watched.layout.preview.base) == []


def test_what_the_user_reads_holds_no_secret(watched: Watched) -> None:
    said = "\n".join(done.text for done in watched.copy.runs)
    assert leaks.Search(watched.secrets).in_bytes("what was said", said.encode()) == []


def test_no_command_line_held_a_secret(watched: Watched) -> None:
    assert watched.in_processes == []
    assert leaks.Search(watched.secrets).in_processes() == []


@pytest.mark.parametrize("form", ["plain", "base64", "URL-encoded"])
def test_a_planted_secret_is_found_in_a_file(tmp_path: Path, form: str) -> None:
    name, value = "minioRootPassword", "Pa55/word+with:signs"
    text = next(piece for piece, kind in leaks.forms(value).items() if kind == form)
    (tmp_path / "engine.log").write_bytes(b"before " + text + b" after")
    assert [(each.secret, each.form) for each in leaks.Search({name: value}).in_folder(tmp_path)] == [(name, form)]


def test_a_planted_secret_is_found_on_a_command_line(watched: Watched) -> None:
    secret = watched.secrets["minioRootPassword"]
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, f"--password={secret}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        found = leaks.Search({"minioRootPassword": secret}).in_processes()
        process.kill()
    assert [each.place for each in found] == [f"command line of pid {process.pid}"]


def test_the_files_that_have_to_hold_secrets_are_this_users_alone(watched: Watched) -> None:
    """None is where somebody else may look; the rest is large, and may hold what it likes."""
    layout = watched.layout
    search = leaks.Search(leaks.secrets_of(layout))
    assert layout.secrets.stat().st_mode & 0o077 == 0
    assert search.in_bytes(str(layout.secrets), layout.secrets.read_bytes()) != []
    found: list[leaks.Leak] = []
    for path in _open_to_others(layout.base):
        # A running server removes its own temporary files.
        with suppress(FileNotFoundError):
            found += search.in_bytes(str(path), path.read_bytes())
    assert found == []


def _open_to_others(folder: Path) -> Iterator[Path]:
    """Files in it that not only this user may read, nor are in a folder that is closed to others."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.is_symlink() or path.stat().st_mode & 0o077 == 0:
                continue
            if path.is_dir():
                yield from _open_to_others(path)
            elif path.is_file():
                yield path
