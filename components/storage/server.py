"""The object storage's own server on a Docker host: one container with one drive (INF-5, docs/adr/0031)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker

from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck
from settings.storage_server import NODE_PORT, PORT
from versions import SILO

CONTAINER: Final = "object-storage"
"""Name of the container; log lines and rules know it by that."""
VOLUME: Final = "object-storage-data"
"""Volume with every object. It is no resource: nothing here removes it."""
NODE_VOLUME: Final = "object-storage-drive"
"""The same of a node. Its drive is of another format, so that what one server wrote stays where it is."""
FOLDER: Final = "/run/luxima"
"""Folder with the certificate, its key, and what is secret."""
ROOT_PASSWORD: Final = "root-password"  # noqa: S105 - a file's name
KMS_KEY: Final = "kms-key"
CERTIFICATE: Final = "public.crt"
PRIVATE_KEY: Final = "private.key"
"""Names that the program looks for in its folder of certificates."""
AUTHORITY: Final = "authority.crt"
_DRIVE: Final = "/data"
_GRACE_SECONDS: Final = 30


@dataclass(frozen=True)
class Node:
    """One of several hosts that are one server together: objects are cut in parts, and each drive keeps one."""

    host: str
    """Docker host."""
    name: str
    """Full name that the others call it by, which the certificate has. No name server has to know it."""
    address: str
    """Private address of the host."""


@dataclass(frozen=True)
class ServerArgs:
    """Inputs of the Server."""

    memory_mib: int
    """Its limit, in MiB."""
    host: str
    """Its Docker host."""
    environment: str
    """Value of the label `environment`."""
    address: str
    """Private address of its host, at which the S3 API is published, and nothing else."""
    region: str
    """Region that requests are signed for."""
    root_user: str
    """Its administrator."""
    root_password: pulumi.Input[str]
    """His password; secret."""
    kms_key: str
    """Id of the key that objects are encrypted with."""
    kms_secret: pulumi.Input[str]
    """The key itself: 32 bytes in base64; secret."""
    certificate: pulumi.Input[str]
    """Certificate of its name with what signed it, in PEM."""
    private_key: pulumi.Input[str]
    """The certificate's key, in PEM; secret."""
    nodes: Sequence[Node] = ()
    """All nodes, where it is one of several; always in the same order, which the drives remember."""
    authority: pulumi.Input[str] | None = None
    """Certificate of the authority that signed for the nodes, in PEM; None with one that everybody trusts."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be there before the container is touched."""


class Server(pulumi.ComponentResource):
    """A server that runs and is healthy. It speaks TLS alone, encrypts whatever it is given, and has no console."""

    container: docker.Container
    """What has to be there before somebody asks it."""

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:Server", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        image = docker.RemoteImage(f"{name}-image", name=SILO.reference, keep_locally=True, opts=child)
        labels = {"environment": args.environment, "luxima.id/host": args.host}
        content: dict[str, pulumi.Input[str]] = {
            ROOT_PASSWORD: args.root_password,
            KMS_KEY: pulumi.Output.secret(args.kms_secret).apply(lambda key: f"{args.kms_key}:{key}"),
            CERTIFICATE: args.certificate,
            PRIVATE_KEY: args.private_key,
            **({} if args.authority is None else {AUTHORITY: args.authority}),
        }
        files = DockerFiles(
            f"{name}-files",
            DockerFilesArgs(CONTAINER, SILO.reference, FOLDER, content, labels, image),
            child,
        )
        volume, alone = (NODE_VOLUME, False) if args.nodes else (VOLUME, True)
        drive = self._drive(f"{name}-drive", volume, labels, image)
        kept = docker.ContainerMountVolumeOptionsArgs(no_copy=True)
        data = docker.ContainerMountArgs(type="volume", source=volume, target=_DRIVE, volume_options=kept)
        own = next((node for node in args.nodes if node.host == args.host), None)
        # On the first day nodes serve when a majority is there, so only the last is waited for.
        awaited = alone or own is args.nodes[-1]
        self.container = docker.Container(
            f"{name}-container",
            name=CONTAINER,
            image=SILO.reference,
            entrypoints=["/usr/bin/silo"],
            command=[
                *("server", "--quiet", f"--address=:{NODE_PORT}", f"--certs-dir={FOLDER}"),
                *([_DRIVE] if alone else [f"https://{node.name}:{NODE_PORT}{_DRIVE}" for node in args.nodes]),
            ],
            # The engine lets its own name lead to the container itself: by that a node knows which drive is its own.
            hostname=None if own is None else own.name,
            hosts=[docker.ContainerHostArgs(host=node.name, ip=node.address) for node in args.nodes if node is not own]
            or None,
            envs=[f"{key}={value}" for key, value in _environment(args).items()],
            # Nobody, in the one group that may read the files.
            user="65534:0",
            ports=[
                docker.ContainerPortArgs(internal=NODE_PORT, external=port, ip=args.address, protocol="tcp")
                for port in ((PORT,) if alone else (PORT, NODE_PORT))
            ],
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=args.memory_mib,
            memory_swap=args.memory_mib,
            restart="unless-stopped",
            destroy_grace_seconds=_GRACE_SECONDS,
            # It asks itself; whether others believe the certificate is Prometheus' business.
            healthcheck=healthcheck(
                [
                    *("CMD", "curl", "-fsko", "/dev/null"),
                    f"https://127.0.0.1:{NODE_PORT}/minio/health/{'ready' if alone else 'cluster'}",
                ],
                awaited=awaited,
            ),
            wait=awaited,
            wait_timeout=300,
            mounts=[files.mount, data],
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=_labelled(labels),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files, drive, *args.after]),
        )
        self.register_outputs({"container": CONTAINER})

    def _drive(self, name: str, volume: str, labels: Mapping[str, str], image: docker.RemoteImage) -> docker.Container:
        """Makes the drive's volume, and never runs: an engine gives an empty volume the rights of what it is put over.

        In the image everybody may write to /tmp, and root alone to /data.
        """
        return docker.Container(
            f"{name}-container",
            name=volume,
            image=SILO.reference,
            start=False,
            must_run=False,
            network_mode="none",
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            mounts=[docker.ContainerMountArgs(type="volume", source=volume, target="/tmp")],  # noqa: S108 - see above
            labels=_labelled(labels),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[image]),
        )


def _environment(args: ServerArgs) -> Mapping[str, str]:
    """What everybody may see."""
    # It stands for all authorities that the image knows.
    trusted = {} if args.authority is None else {"SSL_CERT_FILE": f"{FOLDER}/{AUTHORITY}"}
    return {
        **trusted,
        "MINIO_ROOT_USER": args.root_user,
        "MINIO_ROOT_PASSWORD_FILE": f"{FOLDER}/{ROOT_PASSWORD}",
        "MINIO_KMS_SECRET_KEY_FILE": f"{FOLDER}/{KMS_KEY}",
        # What is written to a bucket that does not say so is encrypted as well.
        "MINIO_KMS_AUTO_ENCRYPTION": "on",
        "MINIO_SITE_REGION": args.region,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "MINIO_CALLHOME_ENABLE": "off",
        "GOMEMLIMIT": f"{args.memory_mib * 9 // 10}MiB",
    }


def _labelled(labels: Mapping[str, str]) -> list[docker.ContainerLabelArgs]:
    return [docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()]
