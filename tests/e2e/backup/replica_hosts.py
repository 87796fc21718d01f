"""Two Docker hosts, with their volumes, the scripts of the containers there, and PostgreSQL: database and replica."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from components.database.certificate import CertificateProvider
from components.database.migrations import migrations
from components.database.postgres import (
    CONF,
    DATA,
    REPLICA,
    REPLICA_SCRIPT,
    ROOT_KEY,
    SERVICE_FILE,
    pg_hba_conf,
    postgresql_conf,
    primary_conf,
    replica_scripts,
)
from sandbox.images.linked import unpacked
from settings.database import PROMOTE, REPLICATION_PORT, Database, Sizes
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure

_ADDRESS: Final = "127.0.0.1"
PASSWORD: Final = "password-of-the-replica"
KEY: Final = "0123456789abcdef" * 4
_PROPS: Final = {"names": ["gateway", "db"], "address": _ADDRESS, "day": "2026-11-26"}


class Host:
    """One Docker host's volumes, and the server on them."""

    def __init__(self, folder: Path, name: str, pair: Mapping[str, str]) -> None:
        self.name, self.port = name, free_port()
        self.folder = folder / name
        self.data, self.log, self.key = self.folder / "data", self.folder / "log", self.folder / "root.key"
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        root, server = unpacked(ensure("postgres")["postgres"])
        self._programs = server.parent
        # Of a package that was only unpacked the loader has to be told.
        self._libraries = (
            ":".join(sorted({str(each.parent) for each in root.rglob("*.so*")})) if root != Path("/") else ""
        )
        self._running: subprocess.Popen[bytes] | None = None
        self.folder.mkdir()
        database = Database(mode="supabase", replica="docker-2", memory_mib=Sizes(postgres=512), max_connections=60)
        conf = postgresql_conf(database, archived=False).replace("'*'", f"'{_ADDRESS}'")
        conf += f"unix_socket_directories = '{self.folder}'\nfsync = off\nport = {self.port}\n"
        files = {"postgresql.conf": conf, "pg_hba.conf": pg_hba_conf(_ADDRESS), **replica_scripts(), **pair}
        for file, text in files.items():
            self._write(file, text)
        self._own(self.folder)

    def follow(self, primary: "Host") -> None:
        """Run what the replica's container runs."""
        service = primary_conf(_ADDRESS, self.name).replace(f"port={REPLICATION_PORT}", f"port={primary.port}")
        self._write("service.conf", service.format(databaseReplicaPassword=PASSWORD))
        self._run("sh", self.folder / REPLICA_SCRIPT)

    def lead(self) -> None:
        """Run what the database's container runs; on the first day with roles and a table."""
        if not self.data.exists():
            command = [self._programs / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-N"]
            subprocess.run(
                [*command, "-E", "UTF8", "--locale=C.UTF-8"], check=True, capture_output=True, user=self._user, cwd="/",
                env=self._env,
            )  # fmt: skip
            self._write("root.key", KEY)
        self._run("postgres", "-D", self.data, "-c", f"config_file={self.folder}/postgresql.conf")
        wait_for(lambda: self.sql("select pg_is_in_recovery()") == "f", f"{self.name} as the database")

    def begin(self) -> None:
        """What the migrations make, and a table of orders; passwords are asked of who comes by the network alone."""
        self.sql(migrations()["0003_replica.sql"].replace(ROOT_KEY, str(self.key)))
        self.sql(f"alter role {REPLICA} password '{PASSWORD}'; create table orders (id int)")

    def promote(self) -> str:
        """Run the script as `docker exec` does; gives what it said."""
        done = subprocess.run(
            ["sh", str(self.folder / Path(PROMOTE).name)], env=self._env, user=self._user, capture_output=True,
            text=True, check=False, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, first: int, last: int) -> None:
        """Orders that the server says it has."""
        self.sql(f"insert into orders select generate_series({first}, {last})")

    def orders(self) -> tuple[str, str]:
        """How many there are, and the last one."""
        count, _, last = self.sql("select count(*), max(id) from orders").partition("|")
        return count, last

    def sql(self, script: str) -> str:
        done = subprocess.run(
            [str(self._programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", "postgres",
             "-p", str(self.port), "-c", script],
            capture_output=True, text=True, check=False, env=self._env,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT as `docker stop`, by SIGKILL as a host that loses power."""
        if self._running is not None and self._running.poll() is None:
            if how is signal.SIGKILL:
                os.killpg(self._running.pid, how)
            self._running.send_signal(how)
            end(self._running)
        self._running = None

    def take(self, data: Path) -> None:
        """Data of another one that has ended, in the place of its own."""
        shutil.copytree(data, self.data)
        for each in (self.data, *self.data.rglob("*")):
            self._own(each)

    def restore(self, copy: Path) -> None:
        """As pgBackRest does: older data, from which another history begins."""
        shutil.rmtree(self.data)
        self.take(copy)
        (self.data / "standby.signal").touch()
        self._own(self.data / "standby.signal")
        self._run("postgres", "-D", self.data, "-c", f"config_file={self.folder}/postgresql.conf")
        wait_for(lambda: self.sql("select pg_is_in_recovery()") == "t", f"{self.name} with its older data")
        self.promote()

    def leave(self, name: str) -> None:
        """An empty folder beside the data, as of a start that was cut off."""
        place = self.folder / name
        place.mkdir()
        self._own(place)

    def runs(self) -> None:
        """See that it has not given up."""
        if self._running is None or self._running.poll() is not None:
            pytest.fail(self.log.read_text()[-2000:])

    def ended(self) -> str:
        """What it said before it gave up."""
        assert self._running is not None
        assert self._running.wait(60) != 0
        return self.log.read_text()

    @property
    def _env(self) -> dict[str, str]:
        return {"PATH": f"{self._programs}:{os.environ['PATH']}", "LD_LIBRARY_PATH": self._libraries}

    def _run(self, *command: str | Path) -> None:
        with self.log.open("wb") as log:
            self._running = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._env, user=self._user, cwd="/", start_new_session=True
            )

    def _write(self, name: str, text: str) -> None:
        for theirs, ours in ((CONF, self.folder), (DATA, self.data), (SERVICE_FILE, self.folder / "service.conf")):
            text = text.replace(str(theirs), str(ours))
        place = self.folder / name
        # Who is on this machine's own sockets stands for the containers beside; they are no part of these tests.
        text = text.replace(ROOT_KEY, str(self.key)).replace("local all all scram-sha-256", "local all all trust")
        place.write_text(text)
        self._own(place)
        place.chmod(0o700 if place.is_dir() else 0o600)

    def _own(self, place: Path) -> None:
        if self._user is not None:
            os.chown(place, self._user, -1)


@contextmanager
def two_hosts() -> Generator[tuple[Host, Host]]:
    """Two hosts with nothing; what runs there is ended, and the folders removed."""
    outs = CertificateProvider().create(_PROPS).outs
    assert outs is not None
    files = {"server.crt": str(outs["certificate"]), "server.key": str(outs["key"])}
    folder = Path(tempfile.mkdtemp(prefix="replica-", dir="/tmp"))
    folder.chmod(0o711)
    hosts = Host(folder, "docker-1", files), Host(folder, "docker-2", files)
    try:
        yield hosts
    finally:
        for host in hosts:
            host.stop(signal.SIGKILL)
        shutil.rmtree(folder)
