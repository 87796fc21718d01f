"""The registry's containers on a Docker host: one side to read, one to write, and what collects (INF-6)."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.delivery import documents
from components.delivery.credentials import RegistryUsers
from components.delivery.documents import COLLECTOR, DRAIN_SECONDS, FOLDER, PUSH, SIDES, Side
from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck, page
from versions import REGISTRY

_MEMORY_MIB = 256


@dataclass(frozen=True)
class BucketKey:
    """A key of the registry's bucket."""

    access_key: pulumi.Output[str]
    """Its id."""
    secret_key: pulumi.Output[str]
    """The key itself; secret."""


@dataclass(frozen=True)
class RegistryArgs:
    """Inputs of the Registry."""

    environment: str
    """Value of the label `environment`."""
    hostname: str
    """Name of the Docker host."""
    address: str
    """Its private address, at which everything is published."""
    configs: Mapping[str, str]
    """Each side's config.yml by its container's name."""
    users: RegistryUsers
    """Who may come in."""
    keys: Mapping[str, BucketKey]
    """Keys of the object storage by user."""
    authority: pulumi.Input[str] | None
    """Certificate of the private CA, in PEM; None where public authorities sign."""


class Registry(pulumi.ComponentResource):
    """Both sides run. The collector is there and does not run: it publishes the port of the side that writes.

    So the engine starts one of the two only while the other is stopped, and nothing is collected during a push.
    """

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:delivery:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        image = docker.RemoteImage(f"{name}-image", name=REGISTRY.reference, keep_locally=True, opts=child)
        files = {side: self._files(f"{name}-{side.use}", args, side, image) for side in SIDES}
        for side in SIDES:
            self._container(f"{name}-{side.use}", args, side, files[side], side.name, "serve")
        self._container(f"{name}-collect", args, PUSH, files[PUSH], COLLECTOR, "garbage-collect")
        self.register_outputs({"containers": [*(side.name for side in SIDES), COLLECTOR]})

    def _files(self, name: str, args: RegistryArgs, side: Side, image: docker.RemoteImage) -> DockerFiles:
        key = args.keys[side.storage_user]
        content: dict[str, pulumi.Input[str]] = {
            documents.CONFIG: args.configs[side.name],
            documents.HTPASSWD: args.users.htpasswd(*side.users),
            documents.CREDENTIALS: pulumi.Output.secret(
                pulumi.Output.all(key.access_key, key.secret_key).apply(
                    lambda pair: documents.credentials_file(pair[0], pair[1])
                )
            ),
        }
        if args.authority is not None:
            content[documents.AUTHORITY] = args.authority
        return DockerFiles(
            f"{name}-files",
            DockerFilesArgs(side.name, REGISTRY.reference, FOLDER, content, _labels(args), image),
            pulumi.ResourceOptions(parent=self),
        )

    def _container(
        self, name: str, args: RegistryArgs, side: Side, files: DockerFiles, container: str, verb: str
    ) -> docker.Container:
        serves = verb == "serve"
        published = [side.port, side.metrics_port] if serves else [side.port]
        envs = [f"AWS_SHARED_CREDENTIALS_FILE={FOLDER}/{documents.CREDENTIALS}", "OTEL_TRACES_EXPORTER=none"]
        if args.authority is not None:
            envs.append(f"SSL_CERT_FILE={FOLDER}/{documents.AUTHORITY}")
        return docker.Container(
            f"{name}-container",
            name=container,
            image=REGISTRY.reference,
            command=[verb, f"{FOLDER}/{documents.CONFIG}"],
            envs=envs,
            # Nobody, in the one group that may read the files.
            user="65534:0",
            start=serves,
            must_run=serves,
            ports=[
                docker.ContainerPortArgs(internal=port, external=port, ip=args.address, protocol="tcp")
                for port in published
            ],
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=_MEMORY_MIB,
            memory_swap=_MEMORY_MIB,
            restart="unless-stopped" if serves else None,
            # The page that asks for no login.
            healthcheck=healthcheck(page(f"http://127.0.0.1:{side.port}/")) if serves else None,
            destroy_grace_seconds=DRAIN_SECONDS,
            mounts=[files.mount],
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in _labels(args).items()],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[files]),
        )


def _labels(args: RegistryArgs) -> Mapping[str, str]:
    return {"environment": args.environment, "luxima.id/host": args.hostname}
