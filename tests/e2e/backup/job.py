"""A container of backups without its container: the command line with the files that the container finds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from components.backup import documents
from components.backup.documents import Remote, Task
from sandbox.layout import ROOT
from tests.e2e.backup.stores import Store, rclone_conf
from tools import ensure

PASSPHRASE: Final = "passphrase-of-the-copies"


@dataclass(frozen=True)
class BackupJob:
    """One kind of backup."""

    folder: Path
    """What it is told, what it keeps, and what it tells."""
    deadline_seconds: int = 100
    public: Path | None = None
    """Authorities that its system knows; None for this machine's."""

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        places = [f"--{name}={self.folder}" for name in ("folder", "state", "textfiles")]
        return [sys.executable, "-m", "backup", *places, *arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        """Programs, and nothing secret."""
        path = f"{ensure('rclone')['rclone'].parent}:{os.environ['PATH']}"
        public = {} if self.public is None else {"SSL_CERT_FILE": str(self.public)}
        return {"PATH": path, "PYTHONPATH": str(ROOT), **public}

    def run(self, *arguments: str, key: tuple[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Run it to its end; a key goes to its standard input."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            input="\n".join(key or ()),
            capture_output=True,
            text=True,
            timeout=1.2 * self.deadline_seconds,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run it, and go on."""
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def leave_for(self, other: Store, copies: str, own: Store, passphrase: str = PASSPHRASE) -> "BackupJob":
        """Have its target at another site, which a public authority knows, as the platform writes that down."""
        source = Remote(own.server.server, "us-east-1", "copy-source")
        target = Remote(other.server.server, "us-east-1", None, copies)
        task = Task("object_storage", {}, source, target)
        text = documents.rclone_conf(task, {"source": own.root, "target": other.root}, passphrase)
        (self.folder / "rclone.conf").write_text(text, encoding="utf-8")
        return replace(self, public=other.server.bundle)

    def figures(self, kind: str) -> dict[str, float]:
        """What the node exporter is told."""
        lines = (self.folder / f"backup_{kind}.prom").read_text(encoding="utf-8").splitlines()
        samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name.partition("{")[0]: float(value) for name, _, value in samples}


def made(
    folder: Path,
    store: Store,
    job: Mapping[str, Any],
    source: tuple[str, str],
    target: tuple[str, str],
    deadline_seconds: int = 100,
) -> BackupJob:
    """A job in a folder of its own, with a key for each side."""
    folder.mkdir()
    plan = {"interval_seconds": 86_400, "deadline_seconds": deadline_seconds, "job": job}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "rclone.conf").write_text(rclone_conf(store.server.server, source, target), encoding="utf-8")
    shutil.copy(store.server.bundle, folder / "authority.pem")
    return BackupJob(folder, deadline_seconds)
