"""The object storage's own server: one container with one drive on a Docker host (INF-5, docs/adr/0031)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker

from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck
from settings.storage_server import PORT
from settings.storage_server import Server as ServerSettings
from versions import SILO

CONTAINER: Final = "object-storage"
"""Name of the container; log lines and rules know it by that."""
VOLUME: Final = "object-storage-data"
"""Volume with every object. It is no resource: nothing here removes it."""
FOLDER: Final = "/run/luxima"
"""Folder with the certificate, its key, and what is secret."""
ROOT_PASSWORD: Final = "root-password"  # noqa: S105 - a file's name
KMS_KEY: Final = "kms-key"
CERTIFICATE: Final = "public.crt"
PRIVATE_KEY: Final = "private.key"
"""Names that the program looks for in its folder of certificates."""
API_PORT: Final = 9000
"""TCP port of the S3 API in the container."""
_DRIVE: Final = "/data"
_GRACE_SECONDS: Final = 30


@dataclass(frozen=True)
class ServerArgs:
    """Inputs of the Server."""

    server: ServerSettings
    """Its host and memory (MiB)."""
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


class Server(pulumi.ComponentResource):
    """A server that runs and is healthy. It speaks TLS alone, encrypts whatever it is given, and has no console."""

    ready: pulumi.Resource
    """What has to be there before somebody asks it."""

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:Server", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        image = docker.RemoteImage(f"{name}-image", name=SILO.reference, keep_locally=True, opts=child)
        labels = {"environment": args.environment, "luxima.id/host": args.server.host}
        content: dict[str, pulumi.Input[str]] = {
            ROOT_PASSWORD: args.root_password,
            KMS_KEY: pulumi.Output.secret(args.kms_secret).apply(lambda key: f"{args.kms_key}:{key}"),
            CERTIFICATE: args.certificate,
            PRIVATE_KEY: args.private_key,
        }
        files = DockerFiles(
            f"{name}-files",
            DockerFilesArgs(CONTAINER, SILO.reference, FOLDER, content, labels, image),
            child,
        )
        drive = self._drive(f"{name}-drive", labels, image)
        kept = docker.ContainerMountVolumeOptionsArgs(no_copy=True)
        data = docker.ContainerMountArgs(type="volume", source=VOLUME, target=_DRIVE, volume_options=kept)
        self.ready = docker.Container(
            f"{name}-container",
            name=CONTAINER,
            image=SILO.reference,
            entrypoints=["/usr/bin/silo"],
            command=["server", "--quiet", f"--address=:{API_PORT}", f"--certs-dir={FOLDER}", _DRIVE],
            envs=[f"{key}={value}" for key, value in _environment(args).items()],
            # Nobody, in the one group that may read the files.
            user="65534:0",
            ports=[
                docker.ContainerPortArgs(internal=API_PORT, external=PORT, ip=args.address, protocol="tcp"),
            ],
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=args.server.memory_mib,
            memory_swap=args.server.memory_mib,
            restart="unless-stopped",
            destroy_grace_seconds=_GRACE_SECONDS,
            # It asks itself; whether others believe the certificate is Prometheus' business.
            healthcheck=healthcheck(
                ["CMD", "curl", "-fsko", "/dev/null", f"https://127.0.0.1:{API_PORT}/minio/health/ready"]
            ),
            wait=True,
            wait_timeout=300,
            mounts=[files.mount, data],
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=_labelled(labels),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files, drive]),
        )
        self.register_outputs({"container": CONTAINER})

    def _drive(self, name: str, labels: Mapping[str, str], image: docker.RemoteImage) -> docker.Container:
        """Makes the drive's volume, and never runs: an engine gives an empty volume the rights of what it is put over.

        In the image everybody may write to /tmp, and root alone to /data.
        """
        return docker.Container(
            f"{name}-container",
            name=VOLUME,
            image=SILO.reference,
            start=False,
            must_run=False,
            network_mode="none",
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            mounts=[docker.ContainerMountArgs(type="volume", source=VOLUME, target="/tmp")],  # noqa: S108 - see above
            labels=_labelled(labels),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[image]),
        )


def _environment(args: ServerArgs) -> Mapping[str, str]:
    """What everybody may see."""
    return {
        "MINIO_ROOT_USER": args.root_user,
        "MINIO_ROOT_PASSWORD_FILE": f"{FOLDER}/{ROOT_PASSWORD}",
        "MINIO_KMS_SECRET_KEY_FILE": f"{FOLDER}/{KMS_KEY}",
        # What is written to a bucket that does not say so is encrypted as well.
        "MINIO_KMS_AUTO_ENCRYPTION": "on",
        "MINIO_SITE_REGION": args.region,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "MINIO_CALLHOME_ENABLE": "off",
        "GOMEMLIMIT": f"{args.server.memory_mib * 9 // 10}MiB",
    }


def _labelled(labels: Mapping[str, str]) -> list[docker.ContainerLabelArgs]:
    return [docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()]
