"""A real PostgreSQL for a test: on a unix socket of its own, as a user that is not root, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tools import ensure


class RefusedError(Exception):
    """PostgreSQL refused a statement; its message."""


class Postgres:
    """A cluster with the default database `postgres` and the superuser `postgres`."""

    def __init__(self) -> None:
        paths = ensure("postgres", "initdb", "psql")
        self._programs = {name: str(path) for name, path in paths.items()}
        # pytest's own folders can be entered by nobody but root, and a socket's path must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._user: int | None = None
        if os.geteuid() == 0:
            self._user = pwd.getpwnam("nobody").pw_uid
            os.chown(self._folder, self._user, -1)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        initdb = [self._programs["initdb"], "-D", str(self._folder / "data"), "-U", "postgres", "-A", "trust", "-N"]
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
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs["postgres"], "-D", str(self._folder / "data"), "-k", str(self._folder), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
            )
        end = time.monotonic() + 90
        while True:
            try:
                self.sql("select 1")
            except RefusedError:
                assert time.monotonic() < end, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once; what was committed is kept."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(90)
            self._server = None

    def sql(self, script: str, *, role: str | None = None, user: str = "postgres", database: str = "postgres") -> str:
        """Run a script and return its rows, columns divided by `|`; as `role` when one is given."""
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder), "-U", user]
        done = subprocess.run(
            [self._programs["psql"], *options, "-d", database, "-f", "-"],
            input=f"set role {role};\n{script}" if role else script,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout.strip()
