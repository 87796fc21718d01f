"""How a part of the database runs on its Docker host: image, documents and container (SEC-3)."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_docker as docker

from components.database.model import AUTHORITY_FILE, ENV_FILE, SECRETS, Part
from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck

_STARTS: Final = 300
"""Seconds that the next step waits for one to be well, if it waits."""


@dataclass(kw_only=True)
class Runner:
    """Runs parts on one host, as children of one component."""

    parent: pulumi.Resource
    name: str
    """What the names of its resources begin with."""
    labels: Mapping[str, str]
    network: docker.Network
    network_name: str
    address: str
    """Address at which ports are published: the host's private one."""
    values: Mapping[str, pulumi.Input[str]]
    """Secrets by name."""
    authority: pulumi.Input[str] | None = None
    """Certificate of the private CA, in PEM."""
    _images: dict[str, docker.RemoteImage] = field(default_factory=dict[str, docker.RemoteImage])

    def run(
        self,
        key: str,
        part: Part,
        documents: Mapping[str, Mapping[str, pulumi.Input[str]]],
        *,
        after: Sequence[pulumi.Resource] = (),
        wait: bool = False,
        published: int | None = None,
    ) -> docker.Container:
        """A container.

        Args:
            key: What it is called in the names of resources.
            part: Its record.
            documents: Files by name and folder.
            after: What has to be there before.
            wait: Whether the next step waits until it is well, at most 300 s.
            published: TCP port of the host at which it is reached; None for no port.
        """
        name, port = f"{self.name}-{key}", part.port
        told = {**documents, **({SECRETS: self._told(part)} if part.secrets else {})}
        mounts = [self.files(f"{name}-{slug(folder)}", part, folder, found) for folder, found in told.items()]
        mounts += [
            docker.ContainerMountArgs(type="volume", source=volume, target=folder)
            for volume, folder in part.keeps.items()
        ]
        published_at = docker.ContainerPortArgs(internal=port, external=published, ip=self.address, protocol="tcp")
        through_shell = part.command and part.told_by == "shell"
        return docker.Container(
            f"{name}-container",
            name=part.name,
            image=part.image.reference,
            entrypoints=["/bin/sh", "-c", _shell(part), "sh"] if through_shell else None,
            command=list(part.command) or None,
            envs=part.seen_env,
            user=part.user,
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=self.network_name, aliases=list(part.aliases))
            ],
            ports=[published_at] if published is not None else None,
            read_only=True,
            tmpfs=dict.fromkeys(["/tmp", *part.writes], "size=128m,mode=1777"),  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=part.memory_mib,
            memory_swap=part.memory_mib,
            restart="unless-stopped",
            destroy_grace_seconds=60 if part.keeps else 10,
            healthcheck=healthcheck(part.health, awaited=wait),
            wait=wait or None,
            wait_timeout=_STARTS if wait else None,
            mounts=mounts,
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=self.labelled(),
            opts=pulumi.ResourceOptions(parent=self.parent, depends_on=[self.image(part), self.network, *after]),
        )

    def _told(self, part: Part) -> dict[str, pulumi.Input[str]]:
        """Files with a part's secret environment, by name."""
        filled = {name: self.filled(template) for name, template in part.secrets.items()}
        trusted = {AUTHORITY_FILE: self.authority} if part.trusts and self.authority is not None else {}
        if part.told_by == "files":
            return {**filled, **trusted}
        return {ENV_FILE: pulumi.Output.all(**filled).apply(_env), **trusted}

    def filled(self, template: str) -> pulumi.Output[str]:
        """A text with the secrets that it names in braces; secret."""
        return pulumi.Output.secret(pulumi.Output.all(**self.values)).apply(template.format_map)

    def files(
        self,
        name: str,
        part: Part,
        folder: str,
        found: Mapping[str, pulumi.Input[str]],
        owner: str | None = None,
    ) -> docker.ContainerMountArgs:
        """Mount of a folder with files, for a part or for another container of its image, `owner`."""
        args = DockerFilesArgs(
            f"{owner or part.name}-{slug(folder)}",
            part.image.reference,
            folder,
            found,
            self.labels,
            self.image(part),
        )
        return DockerFiles(name, args, pulumi.ResourceOptions(parent=self.parent)).mount

    def image(self, part: Part) -> docker.RemoteImage:
        """The image of a part, once for all that run it."""
        reference = part.image.reference
        if reference not in self._images:
            self._images[reference] = docker.RemoteImage(
                f"{self.name}-{slug(part.image.name)}-image",
                name=reference,
                keep_locally=True,
                opts=pulumi.ResourceOptions(parent=self.parent),
            )
        return self._images[reference]

    def labelled(self) -> list[docker.ContainerLabelArgs]:
        """The labels, as a container takes them."""
        return [docker.ContainerLabelArgs(label=label, value=value) for label, value in self.labels.items()]


def _shell(part: Part) -> str:
    """What a container's shell does before the program; it takes the program and its arguments as its own."""
    file, _, reason = part.unless.partition(":")
    refused = f"[ ! -e {file} ] || {{ echo {shlex.quote(f'error: {reason}')} >&2; exit 1; }}; " if file else ""
    return refused + (f'. {SECRETS}/{ENV_FILE} && exec "$@"' if part.secrets else 'exec "$@"')


def _env(values: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def slug(path: str) -> str:
    """A path or the name of an image as a part of a name."""
    return path.strip("/").replace("/", "-").replace(".", "-")
