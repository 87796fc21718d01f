"""Promoting the database's replica: in which order, what is refused, and how an interrupted one goes on."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from release.docker import Docker, UnreachableError
from release.errors import Refused, ReleaseError
from release.promotion import Promotion
from sandbox.layout import ROOT
from settings.database import PROMOTE, REPLICA_NAME, SERVER_NAME
from tests.recording import stack_settings


@dataclass(frozen=True)
class Host(Docker):
    """A Docker host with one container, by what the promotion asks of it."""

    command: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list[str])
    follows: bool = True
    away: bool = False
    code: str = "0"
    fails_at: str = "nothing"

    def run(self, *arguments: str) -> str:
        if self.away:
            raise UnreachableError("docker update: no route to host")
        line = " ".join(arguments)
        if line.startswith(self.fails_at):
            raise ReleaseError(f"{line}: ended here")
        self.told.append(line)
        restart = "no" if any(each.startswith("update --restart=no") for each in self.told) else "unless-stopped"
        running = "false" if any(each.startswith("stop") for each in self.told) else "true"
        if running == "false" and line.startswith(("exec", "top")):
            raise ReleaseError(f"docker {line}: container {REPLICA_NAME} is not running")
        if "inspect" in line:
            return f"{running} {restart}" if "Restart" in line else self.code if "ExitCode" in line else running
        if line.startswith("top"):
            return "postgres: walreceiver streaming 0/5000148" if self.follows else "postgres: startup recovering 0003"
        promoted = f"exec {REPLICA_NAME} sh {PROMOTE}" in self.told[:-1]
        return "promoted before: in production" if promoted else "follows: the log up to 0/5000148"

    @property
    def changes(self) -> list[str]:
        """What it was told to do, without questions."""
        return [
            each for each in self.told if each.startswith(("update", "kill", "stop")) or each.endswith("promote.sh")
        ]


@dataclass(frozen=True)
class Shared(Host):
    """The same, on which somebody else does all of it before one of the commands."""

    before: str = ""
    other: Callable[[], object] = list

    def run(self, *arguments: str) -> str:
        if " ".join(arguments) == self.before and self.before not in self.told:
            self.other()
        return super().run(*arguments)


ENDED = ["update --restart=no {0}", "kill --signal=INT {0}", "stop --time=60 {0}"]
FIRST = [each.format(SERVER_NAME) for each in ENDED]
SECOND = [f"exec {REPLICA_NAME} sh {PROMOTE}", *(each.format(REPLICA_NAME) for each in ENDED)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path))


def promote(
    file: Path, old: Host, new: Host, ended: str | None = None, *, behind: bool = False, dry_run: bool = False
) -> list[str]:
    """Run it; gives what it said."""
    said: list[str] = []
    Promotion(stack_settings("prod"), file, old, new, said.append).run(ended, behind=behind, dry_run=dry_run)
    return said


def test_the_old_one_is_ended_first(file: Path) -> None:
    before, old, new = file.read_text(), Host(), Host()
    said = promote(file, old, new)
    assert (old.changes, new.changes) == (FIRST, SECOND)
    lines = zip(before.splitlines(), file.read_text().splitlines(), strict=True)
    assert [(one.strip(), other.strip()) for one, other in lines if one != other] == [
        ("host: docker-1", "host: docker-2"),
        ("replica: docker-2", "replica: docker-1"),
        ("host: docker-1", "host: docker-2"),
        ("database: 10.10.30.41:5432", "database: 10.10.30.42:5432"),
    ]
    assert "now run `pulumi up`" in said[-1]


def test_a_dry_run_changes_nothing(file: Path) -> None:
    before, old, new = file.read_text(), Host(), Host()
    said = promote(file, old, new, dry_run=True)
    assert (old.changes, new.changes, file.read_text()) == ([], [], before)
    assert said[-1].startswith("supabase-db on docker-1 is ended, then supabase-db-replica on docker-2 promoted")


@pytest.mark.parametrize(
    ("old", "new", "ended", "reason"),
    [
        (Host(), Host(follows=False), None, "does not follow now, and what it does not have would be lost"),
        (Host(away=True), Host(), None, "docker-1 does not answer .* then say --ended docker-1"),
        (Host(), Host(), "docker-2", "--ended is the host of the database, docker-1, and not docker-2"),
        (Host(code="137"), Host(), None, r"did not stop cleanly \(exit code 137\)"),
    ],
)
def test_what_could_lose_a_commit_or_leave_two_databases_is_refused(
    file: Path, old: Host, new: Host, ended: str | None, reason: str
) -> None:
    before = file.read_text()
    with pytest.raises(Refused, match=reason):
        promote(file, old, new, ended)
    assert (new.changes, file.read_text()) == ([], before)


@pytest.mark.parametrize(
    ("old", "new", "given"),
    [
        (Host(away=True), Host(follows=False), {"ended": "docker-1"}),
        (Host(code="137"), Host(follows=False), {"behind": True}),
    ],
)
def test_it_is_done_where_a_person_says_so(file: Path, old: Host, new: Host, given: dict[str, object]) -> None:
    promote(file, old, new, **given)  # pyright: ignore[reportArgumentType] - two of its options
    assert new.changes == SECOND


@pytest.mark.parametrize("where", ["update", "kill", "stop", f"exec {REPLICA_NAME} sh {PROMOTE}"])
def test_one_that_was_cut_off_goes_on_there(file: Path, where: str) -> None:
    old, new = Host(), Host(fails_at=where)
    if where.startswith("exec"):
        new = Host(fails_at=f"{where}X")
        old = Host(fails_at="stop")
    with pytest.raises(ReleaseError, match="ended here"):
        promote(file, old, new)
    again = Host(told=new.told)
    promote(file, Host(told=old.told), again)
    assert again.told.count(f"exec {REPLICA_NAME} sh {PROMOTE}") >= 1
    assert "replica: docker-1" in file.read_text()


@pytest.mark.parametrize(
    "before", [f"exec {REPLICA_NAME} sh {PROMOTE} --plan", f"top {REPLICA_NAME}", *SECOND], ids=lambda text: text[:12]
)
def test_of_two_at_once_one_does_it_and_the_other_comes_to_the_same_end(
    file: Path, before: str, tmp_path: Path
) -> None:
    """From two checkouts, since in one of them the second is refused (test_lock.py)."""
    others, old, told = Path(shutil.copy(file, tmp_path / "other.yaml")), Host(), list[str]()
    new = Shared(told=told, before=before, other=lambda: promote(others, old, Host(told=told)))
    with contextlib.suppress(ReleaseError):
        promote(file, old, new)
    promote(file, old, new)
    assert told.count(SECOND[0]) <= 2
    assert file.read_text() == others.read_text() != (ROOT / "Pulumi.prod.yaml").read_text()


def test_one_whose_file_was_not_written_goes_on_there(file: Path) -> None:
    before, new = file.read_text(), Host()
    promote(file, Host(), new)
    file.write_text(before)
    again = Host(told=[*new.told])
    assert promote(file, Host(), again)[0] == "the replica on docker-2 was promoted before"
    assert "replica: docker-1" in file.read_text()


def test_a_stack_without_a_replica_is_told(file: Path) -> None:
    with pytest.raises(Refused, match=r"this stack has no replica; database\.replica names its Docker host"):
        Promotion(stack_settings("dev"), file, Host(), Host(), lambda _: None).run(None, behind=False, dry_run=False)
