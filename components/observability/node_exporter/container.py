"""The node exporter of a Docker host: its CPU, memory, disks and network as metrics (MON-2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_docker as docker

from components.docker_health import healthcheck, page
from versions import NODE_EXPORTER

_FIGURES: Final = "/backups"


@dataclass(frozen=True)
class NodeExporterArgs:
    """Inputs of a NodeExporter."""

    hostname: str
    """Name of the host."""
    address: str
    """Private address that the metrics are served on."""
    port: int
    """TCP port of the metrics."""
    environment: str
    """Value of the label `environment`."""
    figures: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Volumes with what backups on this host tell, by kind."""


class NodeExporter(pulumi.ComponentResource):
    """A container that reads the host's `/proc`, `/sys` and file systems, and can write nothing."""

    endpoint: str
    """host:port of the metrics."""

    def __init__(self, name: str, args: NodeExporterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:observability:NodeExporter", name, None, opts)
        self.endpoint = f"{args.address}:{args.port}"
        image = docker.RemoteImage(
            f"{name}-image", name=NODE_EXPORTER.reference, keep_locally=True, opts=pulumi.ResourceOptions(parent=self)
        )
        folders = ["/host/var/lib/node-exporter"]
        mounts = [
            docker.ContainerMountArgs(
                type="bind",
                source="/",
                target="/host",
                read_only=True,
                bind_options=docker.ContainerMountBindOptionsArgs(propagation="rslave"),
            )
        ]
        for kind, volume in args.figures.items():
            folders.append(f"{_FIGURES}/{kind}")
            mounts.append(docker.ContainerMountArgs(type="volume", source=volume, target=folders[-1], read_only=True))
        docker.Container(
            f"{name}-container",
            name="node-exporter",
            image=NODE_EXPORTER.reference,
            command=[
                "--path.rootfs=/host",
                "--path.procfs=/host/proc",
                "--path.sysfs=/host/sys",
                f"--web.listen-address={self.endpoint}",
                *(f"--collector.textfile.directory={folder}" for folder in folders),
                "--collector.systemd",
                "--collector.systemd.unit-include=.+[.](service|timer)",
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/docker)($|/)",
            ],
            # Where systemd tells everybody, nobody too, which of its units have failed.
            envs=["DBUS_SYSTEM_BUS_ADDRESS=unix:path=/host/run/dbus/system_bus_socket"],
            user="65534:65534",
            # The network interfaces are the host's.
            network_mode="host",
            read_only=True,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=128,
            memory_swap=128,
            restart="unless-stopped",
            healthcheck=healthcheck(page(f"http://{self.endpoint}/")),
            destroy_grace_seconds=10,
            mounts=mounts,
            log_driver="json-file",
            # All that the engine has defaults for: it adds what is missing, and that would count as a change each time.
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=[
                docker.ContainerLabelArgs(label="environment", value=args.environment),
                docker.ContainerLabelArgs(label="luxima.id/host", value=args.hostname),
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[image]),
        )
        self.register_outputs({"endpoint": self.endpoint})
