"""No secret is where none may be, on the real engine and servers; and the search finds the ones that are planted."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox import leaks
from sandbox.layout import Layout
from tests.e2e.checkout import Checkout, Done, Running, checkout

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

_STACK = "dev"


@dataclass
class Watched:
    """A stack that was brought up under observation."""

    copy: Checkout
    layout: Layout
    in_processes: list[leaks.Leak] = field(default_factory=list[leaks.Leak])
    samples: int = 0

    @property
    def secrets(self) -> dict[str, str]:
        """Everything that is secret: made by the sandbox, by the random provider, by MinIO and by Kubernetes."""
        return {**leaks.secrets_in_state(self.layout), **leaks.secrets_of(self.layout)}

    def run(self, *arguments: str) -> Done:
        """Run a verb and look at all command lines while it runs."""
        running = self.copy.start(*arguments)
        while not self._ended(running):
            if self.layout.secrets.exists():
                self.in_processes += leaks.in_processes(leaks.secrets_of(self.layout))
                self.samples += 1
        return self.copy.finish(running)

    @staticmethod
    def _ended(running: Running) -> bool:
        """Waits a moment: looking at every process takes as much of the machine as it can have."""
        try:
            running.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        return True


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """The dev stack: an `up` that a policy stops, one that succeeds, a refresh and a preview."""
    with checkout() as copy:
        made = Watched(copy, Layout(_STACK, copy.root))
        copy.replace("components/storage/lifecycle.py", 'f"{tenant}/", kept, gone', 'f"{tenant}/", kept - 60, gone')
        assert made.run("up", "--stack", _STACK).code == 1
        copy.replace("components/storage/lifecycle.py", "kept - 60", "kept")
        for verb in ("up", "refresh", "preview"):
            done = made.run(verb, "--stack", _STACK)
            assert done.code == 0, str(done)
        assert made.run("preview", "--stack", _STACK, "--format", "json").code == 0
        yield made


def test_there_is_something_to_look_for(watched: Watched) -> None:
    names = " ".join(watched.secrets)
    for part in (
        "minio_root_password",
        "dns_tsig_secret",
        "join-token",
        "storefront-user-password",
        "key",
        "passphrase",
    ):
        assert part in names
    assert watched.samples > 20


def test_state_logs_plans_and_project_hold_no_secret(watched: Watched) -> None:
    layout = watched.layout
    for folder in (
        layout.engine.state,
        layout.engine.home,
        layout.engine.project,
        layout.engine.bin,
        layout.engine.temporary,
        layout.logs,
        layout.preview.base,
        layout.data / "kubernetes" / "clusters" / _STACK / "logs",
        watched.copy.temporary,
        watched.copy.home,
    ):
        assert folder.is_dir()
        assert leaks.in_folder(folder, watched.secrets) == []


def test_what_the_user_reads_holds_no_secret(watched: Watched) -> None:
    for done in watched.copy.runs:
        assert leaks.in_bytes(str(done.arguments), done.text.encode(), watched.secrets) == []


def test_no_command_line_held_a_secret(watched: Watched) -> None:
    assert watched.in_processes == []
    assert leaks.in_processes(watched.secrets) == []


@pytest.mark.parametrize("form", ["plain", "base64", "URL-encoded"])
def test_a_planted_secret_is_found_in_a_file(tmp_path: Path, form: str) -> None:
    name, value = "minio_root_password", "Pa55/word+with:signs"
    text = next(piece for piece, kind in leaks.forms(value).items() if kind == form)
    (tmp_path / "engine.log").write_bytes(b"before " + text + b" after")
    assert [(each.secret, each.form) for each in leaks.in_folder(tmp_path, {name: value})] == [(name, form)]


def test_a_planted_secret_is_found_on_a_command_line(watched: Watched) -> None:
    secret = watched.secrets["minio_root_password"]
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, f"--password={secret}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        found = leaks.in_processes({"minio_root_password": secret})
        process.kill()
    assert [each.place for each in found] == [f"command line of pid {process.pid}"]


def test_the_files_that_have_to_hold_secrets_are_this_users_alone(watched: Watched) -> None:
    layout = watched.layout
    holding = {Path(each.place) for each in leaks.in_folder(layout.base, leaks.secrets_of(layout))}
    assert layout.secrets in holding
    for path in holding:
        readers = [path, *path.relative_to(layout.base).parents]
        assert path.stat().st_mode & 0o077 == 0 or any(
            (layout.base / each).stat().st_mode & 0o077 == 0 for each in readers[1:-1]
        ), path
