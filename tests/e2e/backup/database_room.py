"""A PostgreSQL that archives as the platform's does, the object storage, and what backs the one up to the other."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from minio.credentials.providers import StaticProvider
from minio.minioadmin import MinioAdmin
from urllib3 import PoolManager

from backup.database import Database
from backup.pgbackrest import Pgbackrest
from backup.plan import DatabasePlan
from components.database.migrations import migrations
from components.database.pgbackrest import CONF, FOLDER, SERVICE, Repository, pg_service_conf, pgbackrest_conf
from components.database.postgres import (
    ADMIN,
    DATA,
    RESTORE_SCRIPT,
    SOCKET,
    SPOOL,
    pg_hba_conf,
    postgresql_conf,
    scripts,
)
from components.database.postgres import CONF as SERVER
from components.storage.access import key_policy
from sandbox import tls
from sandbox.layout import ROOT
from tests.e2e.backup.stores import Store, store
from tests.e2e.providers.minio_server import KMS_KEY
from tests.programs import end
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

SECRETS: Final = {
    "passphrase": "passphrase-of-the-repository",
    "secret_key": "secret-key-of-the-job",
    "password": "password-of-luxima-backup",
    "root": "password-of-the-superuser",
}
ROOT_KEY: Final = "0123456789abcdef" * 4
"""What the vault's keys are encrypted with."""
_SETTINGS: Final = stack_settings("dev")
_STORAGE: Final = _SETTINGS.storage.model_copy(update={"kms_key": KMS_KEY})
BUCKET: Final = _STORAGE.bucket_name("backups")


class Server:
    """PostgreSQL on a folder of data."""

    def __init__(self, folder: Path, data: Path, *, archiving: bool) -> None:
        self._folder, self._data = folder, data
        self._socket = folder / ("socket" if archiving else "socket2")
        self._more = ["-c", "fsync=off", "-c", "listen_addresses="]
        self._more += [] if archiving else ["-c", "archive_mode=off"]
        self._user = _user()

    def __enter__(self) -> "Server":
        self._socket.mkdir(exist_ok=True)
        _give(self._socket, self._data, self._folder / "server")
        command = [str(ensure("postgres")["postgres"]), "-D", str(self._data), "-k", str(self._socket)]
        command += ["-c", f"config_file={self._folder}/server/postgresql.conf", *self._more]
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", user=self._user)
        wait_for(self._answers, "PostgreSQL's answer")
        return self

    def __exit__(self, *_: object) -> None:
        # Ended at once, as a machine that dies.
        self._process.send_signal(3)
        end(self._process)

    def sql(self, statement: str) -> str:
        """Run it as the superuser; gives the rows, columns divided by `|`."""
        done = self._psql(statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self) -> list[str]:
        """Everything in the table."""
        return self.sql("select id, word from shop.orders order by id").splitlines()

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "postgres.log").read_text()[-2000:]
        # A restored one takes reads before it has all.
        return self._psql("select pg_is_in_recovery()").stdout.strip() == "f"

    def _psql(self, statement: str) -> "subprocess.CompletedProcess[str]":
        options = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self._socket), "-U", "postgres", "-c", statement]
        return subprocess.run(
            [str(ensure("psql")["psql"]), *options, "postgres"], capture_output=True, text=True, check=False,
            env={**os.environ, "PGPASSWORD": SECRETS["root"]},
        )  # fmt: skip


class Room:
    """All of it, in a folder of its own."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store
        self.data = folder / "data"
        self.said: list[str] = []
        self.documents(SECRETS["passphrase"])
        self.server = Server(folder, self.data, archiving=True)
        self.repository = Pgbackrest(folder / "job", 90, str(ensure("pgbackrest")["pgbackrest"]))
        self.job = self.backup(folder / "job")

    def documents(self, passphrase: str, name: str = "job") -> Path:
        """What the container is told, in a folder."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        repository = Repository("backup-database-key", SECRETS["secret_key"], passphrase)
        port = self.store.server.server.rpartition(":")[2]
        # pgBackRest knows servers by their names, not by addresses.
        storage = _STORAGE.model_copy(update={"endpoint": f"localhost:{port}"})
        settings = _SETTINGS.model_copy(update={"storage": storage})
        text = pgbackrest_conf(settings, repository, f"{self.folder}/locks")
        (place / CONF).write_text(self._local(text, place))
        (place / SERVICE).write_text(pg_service_conf(SECRETS["password"]))
        shutil.copy(self.store.server.bundle, place / "authority.pem")
        job = {"kind": "database", "spool": f"{self.folder}/socket/spool", "root_key": f"{self.folder}/root.key"}
        (place / "plan.json").write_text(json.dumps({"interval_seconds": 60, "deadline_seconds": 90, "job": job}))
        return place

    def backup(self, documents: Path) -> Database:
        """The job."""
        plan = DatabasePlan.model_validate_json(
            json.dumps(json.loads((documents / "plan.json").read_text())["job"]), strict=False
        )
        program = Pgbackrest(documents, 90, str(ensure("pgbackrest")["pgbackrest"]))
        return Database(plan, program, lambda: datetime.now(UTC), self.said.append)

    def command(self, *arguments: str, state: str = "job") -> "subprocess.Popen[str]":
        """The container's command line, begun."""
        (self.folder / state).mkdir(exist_ok=True)
        places = [f"--folder={self.folder}/job", f"--state={self.folder}/{state}", f"--textfiles={self.folder}/{state}"]
        path = f"{ensure('pgbackrest')['pgbackrest'].parent}:{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, "-m", "backup", *places, *arguments], text=True, cwd=self.folder,
            env={"PATH": path, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def schema(self, data: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run the script that brings one schema back out of what was restored."""
        _give(data)
        path = ":".join(str(ensure(name)[name].parent) for name in ("postgres", "psql", "pg_dump"))
        return subprocess.run(
            ["sh", str(self.folder / "server" / RESTORE_SCRIPT), str(data), *words], input=f"{SECRETS['root']}\n",
            env={"PATH": f"{path}:{os.defpath}", "TMPDIR": str(self.folder)}, cwd="/", user=_user(),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    @contextmanager
    def restored(self, data: Path) -> Generator[Server]:
        """A server on what was restored, beside the first; it archives nothing."""
        with Server(self.folder, data, archiving=False) as server:
            yield server

    def write(self, words: Sequence[str]) -> datetime:
        """Add rows; gives a moment after them, and before whatever comes then."""
        for word in words:
            self.server.sql(f"insert into shop.orders (word) values ('{word}')")  # noqa: S608 - the test's own words
        moment = self.server.sql("select to_char(clock_timestamp() + '1 s', 'YYYY-MM-DD HH24:MI:SSOF')")
        at = datetime.fromisoformat(moment)
        wait_for(lambda: datetime.now(UTC) > at, "the next second")
        return at

    def archive(self) -> None:
        """Have all that was written in the repository, as it is a minute later."""
        name = self.server.sql("select pg_walfile_name(pg_switch_wal())")

        def pushed() -> bool:
            self.job.wal.push()
            return any(each.name == name for each in self.repository.segments())

        wait_for(pushed, f"{name} in the repository")

    def begin(self) -> None:
        """Make the database and who backs it up."""
        server = self.folder / "server"
        server.mkdir()
        texts = {
            "postgresql.conf": postgresql_conf(_SETTINGS.database, archived=True),
            "pg_hba.conf": pg_hba_conf(None),
        }
        for name, text in {**texts, **scripts()}.items():
            (server / name).write_text(self._local(text, server))
        tls.ensure_authority(self.folder)
        for made, name in zip(tls.ensure_server(self.folder, "tls", []), ("server.crt", "server.key"), strict=True):
            shutil.copy(made, server / name)
        (server / "server.key").chmod(0o600)
        (self.folder / "root.key").write_text(ROOT_KEY)
        (self.folder / "locks").mkdir()
        (self.folder / "first").write_text(SECRETS["root"])
        _give(self.folder)
        command = [str(ensure("initdb")["initdb"]), "-D", str(self.data), "-U", "postgres", "-N", "-E", "UTF8"]
        command += ["-A", "scram-sha-256", f"--pwfile={self.folder}/first", "--locale=C.UTF-8"]
        subprocess.run(command, cwd="/", check=True, capture_output=True, user=_user())

    def _local(self, text: str, folder: Path) -> str:
        for theirs, ours in ((SPOOL, "socket/spool"), (SOCKET, "socket"), (DATA, "data")):
            text = text.replace(theirs, f"{self.folder}/{ours}")
        text = text.replace(ADMIN, "postgres")
        return text.replace(SERVER, str(folder)).replace(FOLDER, str(folder))


@contextmanager
def room(folder: Path) -> Generator[Room]:
    """A database with a table, and an empty repository."""
    with store(folder, [BUCKET]) as storage, database(storage) as made:
        made.server.sql("create schema shop; create table shop.orders (id bigserial primary key, word text)")
        yield made


@contextmanager
def database(storage: Store) -> Generator[Room]:
    """A database with nothing but the role that backs it up, and its key to the bucket of backups."""
    # A socket's path is short, and others than root get there.
    here = Path(tempfile.mkdtemp(prefix="bak-", dir="/tmp"))
    try:
        policy = json.loads(key_policy(_STORAGE.users["backup-database"], _STORAGE))
        pool = PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=str(storage.server.bundle))
        admin = MinioAdmin(endpoint=storage.server.server, credentials=StaticProvider(*storage.root), http_client=pool)
        admin.add_service_account(  # pyright: ignore[reportUnknownMemberType] - its own annotation is half
            access_key="backup-database-key", secret_key=SECRETS["secret_key"], policy=policy
        )
        made = Room(here, storage)
        made.begin()
        with made.server:
            made.server.sql(migrations()["0002_backup.sql"])
            made.server.sql(f"alter role luxima_backup password '{SECRETS['password']}'")
            yield made
    finally:
        shutil.rmtree(here)


def _user() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _give(*folders: Path) -> None:
    """Give folders and files to who runs PostgreSQL; root alone can."""
    user = _user()
    if user is not None:
        for folder in folders:
            for each in (folder, *folder.rglob("*")):
                os.chown(each, user, -1)
