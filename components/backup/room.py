"""The containers that make backups, one for each kind, on a Docker host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker

from components.backup import documents
from components.backup.documents import FOLDER, Task, rclone_conf
from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck
from settings.backup import container

_FIGURES_FOLDER: Final = "/var/lib/node-exporter"
_STATE_FOLDER: Final = "/var/lib/backup"
_HEALTH: Final = "import os, sys, time; sys.exit(os.stat('/tmp/serving').st_mtime < time.time())"
"""Whether it has been heard of in time."""
_USER: Final = "10001:0"
"""Nobody else's, in the one group that may read the files."""


@dataclass(frozen=True)
class BackupKey:
    """A key of an object storage."""

    access_key: pulumi.Input[str]
    """Its id."""
    secret_key: pulumi.Input[str]
    """The key itself; secret."""


@dataclass(frozen=True)
class DatabaseBackup:
    """What the backups of the database are told."""

    files: Mapping[str, pulumi.Input[str]]
    """The plan, and what pgBackRest reads, by name; some are secret."""
    user_id: int
    """Number of the user whom the database's files belong to."""
    shared: Mapping[str, tuple[str, str]]
    """Volumes of the database and their places: `data`, `socket`, `config`."""
    endpoint: str
    """host:port of the object storage that they go to."""
    after: pulumi.Resource
    """The database that runs."""


@dataclass(frozen=True)
class BackupsArgs:
    """Inputs of the Backups."""

    environment: str
    """Value of the label `environment`."""
    hostname: str
    """Name of the Docker host."""
    image: str
    """Image of the package `backup`, by digest."""
    memory_mib: int
    """Limit of each container, in MiB."""
    tasks: Sequence[Task]
    """What is copied."""
    keys: Mapping[str | None, BackupKey]
    """Keys by user of the stack's object storage; that of the other site under None."""
    passphrase: pulumi.Input[str] | None
    """What copies at the other site are encrypted with; secret. None where there is none."""
    authority: pulumi.Input[str] | None
    """Certificate of the private CA, in PEM; None where public authorities sign."""
    database: DatabaseBackup | None
    """How the database is backed up; None where the stack has none of its own."""


class Backups(pulumi.ComponentResource):
    """Each container has the keys of its own kind alone, and volumes of its own: what it knows, and what it tells."""

    figures: Mapping[str, pulumi.Output[str]]
    """Volumes in which the node exporter finds the figures of each kind."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:backup:Backups", name, None, opts)
        self._name, self._args = name, args
        self.figures = figures = dict[str, pulumi.Output[str]]()
        child = pulumi.ResourceOptions(parent=self)
        self._image = docker.RemoteImage(f"{name}-image", name=args.image, keep_locally=True, opts=child)
        for task in args.tasks:
            files = {documents.PLAN: task.plan_json, documents.REMOTES: self._remotes(task)}
            between = (task.source.endpoint, task.target.endpoint)
            figures[task.kind] = self._container(task.kind, files, between, _USER)
        if args.database is not None:
            figures["database"] = self._database(args.database)
        self.register_outputs({"figures": self.figures})

    def _database(self, database: DatabaseBackup) -> pulumi.Output[str]:
        """It reads the database's files as their owner, and asks it by its socket; only WAL on its way is removed."""
        mounts = [
            docker.ContainerMountArgs(type="volume", source=volume, target=place, read_only=what != "socket")
            for what, (volume, place) in database.shared.items()
        ]
        between = (database.shared["data"][0], database.endpoint)
        return self._container("database", database.files, between, f"{database.user_id}:0", mounts, database.after)

    def _container(
        self,
        kind: str,
        files: Mapping[str, pulumi.Input[str]],
        between: tuple[str, str],
        user: str,
        more: Sequence[docker.ContainerMountArgs] = (),
        after: pulumi.Resource | None = None,
    ) -> pulumi.Output[str]:
        """Give the volume with its figures."""
        args, owner = self._args, container(kind)
        name, child = f"{self._name}-{kind.replace('_', '-')}", pulumi.ResourceOptions(parent=self)
        labels = {
            "environment": args.environment,
            "luxima.id/host": args.hostname,
            "luxima.id/backup": kind,
            "luxima.id/backup-from": between[0],
            "luxima.id/backup-to": between[1],
        }
        trusted = {} if args.authority is None else {documents.AUTHORITY: args.authority}
        told = DockerFiles(
            f"{name}-files",
            DockerFilesArgs(owner, args.image, FOLDER, {**files, **trusted}, labels, self._image),
            child,
        )
        state, figures = (
            docker.Volume(f"{name}-{what}", name=f"{owner}-{what}", opts=child).name for what in ("state", "figures")
        )
        docker.Container(
            f"{name}-container",
            name=owner,
            image=args.image,
            command=["serve"],
            user=user,
            read_only=True,
            tmpfs={"/tmp": "size=256m,mode=1777"},  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=args.memory_mib,
            memory_swap=args.memory_mib,
            restart="unless-stopped",
            healthcheck=healthcheck(["CMD", "python", "-c", _HEALTH]),
            destroy_grace_seconds=30,
            mounts=[
                told.mount,
                docker.ContainerMountArgs(type="volume", source=state, target=_STATE_FOLDER),
                docker.ContainerMountArgs(type="volume", source=figures, target=_FIGURES_FOLDER),
                *more,
            ],
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[told, *([after] if after else [])]),
        )
        return figures

    def _remotes(self, task: Task) -> pulumi.Output[str]:
        source, target = self._args.keys[task.source.user], self._args.keys[task.target.user]
        found = pulumi.Output.all(
            source.access_key, source.secret_key, target.access_key, target.secret_key, self._args.passphrase or ""
        )
        return pulumi.Output.secret(found).apply(
            lambda key: rclone_conf(task, {"source": (key[0], key[1]), "target": (key[2], key[3])}, key[4])
        )
