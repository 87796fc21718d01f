"""Coolify's containers on a Docker host; what is published is behind the gateways (INF-3, SEC-6)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker
import pulumi_random as random

from components.delivery.coolify.parts import FOLDER, KEYS, Part, parts
from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck
from settings.coolify import Coolify as CoolifySettings

_NETWORK: Final = "coolify-own"
"""Network of the four; what Coolify deploys is in another one, and cannot reach its database."""


@dataclass(frozen=True)
class CoolifyArgs:
    """Inputs of Coolify."""

    environment: str
    """Value of the label `environment`."""
    settings: CoolifySettings
    """Its settings."""
    address: str
    """Private address of its host, at which everything is published."""
    url: str
    """Where people find it."""


class Coolify(pulumi.ComponentResource):
    """It runs, with a first user and without a token: that no API can make."""

    admin_password: pulumi.Output[str]
    """Password of its first user; secret."""

    def __init__(self, name: str, args: CoolifyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:delivery:Coolify", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        made = {
            key: random.RandomPassword(f"{name}-{key}", length=length, special=False, opts=child).result
            for key, length in KEYS.items()
        }
        made["appKey"] = made["appKey"].apply(lambda text: base64.b64encode(text.encode()).decode())
        # Coolify asks for capitals, digits and a sign.
        made["adminPassword"] = made["adminPassword"].apply(lambda text: f"Aa1-{text}")
        self._secrets = pulumi.Output.secret(pulumi.Output.all(**made))
        self._labels: Mapping[str, str] = {"environment": args.environment, "luxima.id/host": args.settings.host}
        self._network = docker.Network(f"{name}-network", name=_NETWORK, driver="bridge", opts=child)
        before: list[pulumi.Resource] = []
        for part in parts(args.settings, args.url):
            # The next one needs it: the database before Coolify, whose volume has its keys before there are terminals.
            before.append(self._container(part, before))
        self.admin_password = pulumi.Output.secret(made["adminPassword"])
        self.register_outputs({"url": args.url})

    def _container(self, part: Part, before: list[pulumi.Resource]) -> docker.Container:
        name, args = f"{self._name}-{part.name}", self._args
        child = pulumi.ResourceOptions(parent=self)
        image = docker.RemoteImage(f"{name}-image", name=part.image.reference, keep_locally=True, opts=child)
        file, content = part.file
        files = DockerFiles(
            f"{name}-files",
            DockerFilesArgs(
                part.name,
                part.image.reference,
                FOLDER,
                {file: self._secrets.apply(content.format_map)},
                self._labels,
                image,
            ),
            child,
        )
        volume, folder = part.keeps
        memory = args.settings.memory_mib * part.memory_share // 100
        return docker.Container(
            f"{name}-container",
            name=part.name,
            image=part.image.reference,
            entrypoints=None if part.entrypoint is None else list(part.entrypoint),
            command=None if part.command is None else list(part.command),
            envs=[f"{key}={value}" for key, value in part.env.items()],
            user=part.user,
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=_NETWORK, aliases=[part.name])],
            # Coolify logs in to its own host like to any other server.
            hosts=[docker.ContainerHostArgs(host="host.docker.internal", ip="host-gateway")] if part.ports else None,
            ports=[
                docker.ContainerPortArgs(internal=inner, external=outer, ip=args.address, protocol="tcp")
                for outer, inner in part.ports.items()
            ],
            read_only=part.read_only,
            tmpfs=dict.fromkeys(["/tmp", *part.writes], "size=128m,mode=1777"),  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=memory,
            memory_swap=memory,
            restart="unless-stopped",
            destroy_grace_seconds=60,
            healthcheck=healthcheck(part.health),
            mounts=[files.mount, docker.ContainerMountArgs(type="volume", source=volume, target=folder)],
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in self._labels.items()],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._network, files, *before]),
        )
