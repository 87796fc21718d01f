"""The database's replica takes its place (INF-4): the old one is ended first, so that there are never two."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.docker import Docker, UnreachableError
from release.errors import Refused, ReleaseError
from settings import Settings
from settings.database import PROMOTE, REPLICA_NAME, SERVER_NAME
from settings.editing import changed

_SECONDS: Final = 60
"""How long PostgreSQL has to end; what the replica follows gets the last of its log first."""


@dataclass(frozen=True)
class Promotion:
    """One promotion: can be ended anywhere and run again."""

    settings: Settings
    file: Path
    """The stack's file, in which the two hosts are exchanged."""
    primary: Docker
    replica: Docker
    say: Callable[[str], None]

    @property
    def _hosts(self) -> tuple[str, str]:
        database = self.settings.database
        if database.replica is None or self.settings.database_host is None:
            raise Refused("this stack has no replica; database.replica names its Docker host")
        return database.host, database.replica

    def run(self, ended: str | None, *, behind: bool, dry_run: bool) -> None:
        """Promote.

        Args:
            ended: Name of the old primary's host, by whoever has seen that the machine is off.
            behind: Whether commits that the replica does not have may be lost.
            dry_run: Only say what would be done.

        Raises:
            Refused: When commits would be lost unasked, or nobody knows whether the old one still runs.
            ReleaseError: When Docker refuses something; the next run goes on there.
        """
        old, new = self._hosts
        if ended not in {None, old}:
            raise Refused(f"--ended is the host of the database, {old}, and not {ended}")
        if self._is_done():
            self.say(f"the replica on {new} was promoted before")
        else:
            self._check(behind=behind, ended=ended)
            self.say(
                f"{SERVER_NAME} on {old} is ended, then {REPLICA_NAME} on {new} promoted; {self.file.name} says so"
            )
            if dry_run:
                return
            self._fence(ended, behind=behind)
            self.say(self.replica.run("exec", REPLICA_NAME, "sh", PROMOTE).strip())
        if dry_run:
            return
        # It does not come back as a replica, and gives its volume to the database's own container.
        _end(self.replica, REPLICA_NAME)
        self._exchange(old, new)
        self.say(f"{self.file.name} names {new} as the database's host and {old} as the replica's: commit it")
        self.say("now run `pulumi up`: it starts the database and what is around it there")

    def _is_done(self) -> bool:
        """Whether an earlier run came as far as to end the promoted replica."""
        told = self.replica.run(
            "container", "inspect", "--format={{.State.Running}} {{.HostConfig.RestartPolicy.Name}}", REPLICA_NAME
        )
        return told.split() == ["false", "no"]

    def _check(self, *, behind: bool, ended: str | None) -> None:
        """See that the replica has what the database has, unless it may lose that."""
        _, new = self._hosts
        found = self.replica.run("exec", REPLICA_NAME, "sh", PROMOTE, "--plan").strip()
        self.say(f"{new} {found}")
        if found.startswith("promoted before") or behind or ended is not None:
            return
        processes = self.replica.run("top", REPLICA_NAME)
        if not any("walreceiver" in line and "streaming" in line for line in processes.splitlines()):
            raise Refused(
                f"the replica on {new} does not follow now, and what it does not have would be lost. See the runbook "
                "DatabaseReplicaGone, or add --behind if those commits may be lost"
            )

    def _fence(self, ended: str | None, *, behind: bool) -> None:
        """End the old one, for good; what it has is sent to the replica before it ends."""
        old, _ = self._hosts
        if ended is not None:
            self.say(f"you said that {old} is off: what its database had and the replica does not is lost")
            return
        try:
            code = _end(self.primary, SERVER_NAME)
        except UnreachableError as error:
            raise Refused(
                f"{old} does not answer ({error}), and its database may still accept writes. Stop that machine in "
                f"Proxmox, then say --ended {old}"
            ) from None
        if code != "0" and not behind:
            raise Refused(
                f"{SERVER_NAME} on {old} did not stop cleanly (exit code {code}), so the replica may lack commits. "
                f"`docker start {SERVER_NAME}` there and run this again, or add --behind if they may be lost"
            )

    def _exchange(self, old: str, new: str) -> None:
        settings, machines = self.settings, self.settings.wanted_vms
        port = settings.observability.database.rpartition(":")[2]
        values = {
            ("luxima:database", "host"): new,
            ("luxima:database", "replica"): old,
            ("luxima:observability", "database"): f"{machines[new].address}:{port}",
        }
        if settings.backup.host == old:
            values["luxima:backup", "host"] = new
        text = self.file.read_text(encoding="utf-8")
        try:
            text = changed(text, {("config", *place): value for place, value in values.items()})
        except KeyError as error:
            raise ReleaseError(f"{self.file.name} has no {error.args[0]}: exchange {old} and {new} there") from None
        self.file.write_text(text, encoding="utf-8")


def _end(docker: Docker, name: str) -> str:
    """End PostgreSQL in a container so that it does not come back; gives the container's exit code.

    SIGINT ends clients at once and sends the rest of the log; what `docker stop` sends waits for the clients.
    """
    docker.run("update", "--restart=no", name)
    if docker.run("container", "inspect", "--format={{.State.Running}}", name).strip() == "true":
        docker.run("kill", "--signal=INT", name)
    docker.run("stop", f"--time={_SECONDS}", name)
    return docker.run("container", "inspect", "--format={{.State.ExitCode}}", name).strip()
