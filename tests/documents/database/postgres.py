"""A real PostgreSQL for a test: on a unix socket of its own, as a user that is not root, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools import ensure

PASSWORD = "of-the-superuser"


class RefusedError(Exception):
    """PostgreSQL refused a statement; its message."""


class Postgres:
    """A cluster with the default database `postgres` and the superuser `postgres`."""

    def __init__(self) -> None:
        paths = ensure("postgres", "initdb", "psql")
        self._programs = {name: str(path) for name, path in paths.items()}
        # pytest's own folders can be entered by nobody but root, and a socket's path must be short.
        self.folder: Final = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        """Where its data and its socket are."""
        self._user: int | None = None
        if os.geteuid() == 0:
            self._user = pwd.getpwnam("nobody").pw_uid
            os.chown(self.folder, self._user, -1)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        initdb = [self._programs["initdb"], "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-N"]
        done = subprocess.run(
            [*initdb, "-E", "UTF8", "--locale=C.UTF-8"], cwd="/", capture_output=True, check=False, user=self._user
        )
        assert done.returncode == 0, done.stderr.decode()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self, **settings: object) -> None:
        """Start it with more settings, and wait until it answers."""
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
        options += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs["postgres"], "-D", str(self.folder / "data"), "-k", str(self.folder), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
            )
        end = time.monotonic() + 90
        while True:
            try:
                self.sql("select 1", password=True)
            except RefusedError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once; what was committed is kept."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(90)
            self._server = None

    @contextmanager
    def restarted(self, hba_file: Path) -> Generator[None]:
        """Restart it with other rules of who may log in; the superuser has the password PASSWORD meanwhile."""
        self.sql(f"alter role postgres password '{PASSWORD}'")
        rules = self.folder / "pg_hba.conf"
        rules.write_text(hba_file.read_text())
        rules.chmod(0o644)
        self.stop()
        self.start(hba_file=rules)
        yield
        self.stop()
        self.start()

    def asked(self, configuration: Path, *names: str) -> dict[str, str]:
        """Values that settings have by a configuration file.

        Raises:
            RefusedError: When PostgreSQL does not take the file.
        """
        copy = self.folder / "asked.conf"
        copy.write_text(configuration.read_text())
        copy.chmod(0o644)
        found: dict[str, str] = {}
        for name in names:
            command = [self._programs["postgres"], "-D", str(self.folder / "data"), "-c", f"config_file={copy}"]
            done = subprocess.run(
                [*command, "-C", name], capture_output=True, text=True, check=False, cwd="/", user=self._user
            )
            if done.returncode != 0:
                raise RefusedError(done.stderr)
            found[name] = done.stdout.strip()
        return found

    def script(self, file: Path, *arguments: str) -> str:
        """Run a psql script as the container of the migrations does; returns what it said."""
        return self._said(self._begun(file, *arguments))

    def at_once(self, *files: Path) -> list[str]:
        """Run scripts at the same time; returns what each said."""
        return [self._said(begun) for begun in [self._begun(file) for file in files]]

    def _begun(self, file: Path, *arguments: str) -> subprocess.Popen[str]:
        command = [self._programs["psql"], "--no-psqlrc", "--quiet", "-h", str(self.folder), "-U", "postgres"]
        command += ["-d", "postgres", *arguments, f"--file={file}"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _said(self, begun: subprocess.Popen[str]) -> str:
        said, errors = begun.communicate(timeout=90)
        if begun.returncode != 0:
            raise RefusedError(errors)
        return said

    def sql(
        self,
        script: str,
        *,
        role: str | None = None,
        user: str = "postgres",
        database: str = "postgres",
        password: bool = False,
    ) -> str:
        """Run a script and return its rows, columns divided by `|`; as `role` when one is given."""
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", user]
        done = subprocess.run(
            [self._programs["psql"], *options, "-d", database, "-f", "-"],
            input=f"set role {role};\n{script}" if role else script,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": PASSWORD} if password else None,
        )
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout.strip()
