"""A VM that runs Docker, reached over SSH (INF-2)."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker


@dataclass(frozen=True)
class RegistryLogin:
    """How the platform's own images are asked for."""

    address: str
    """Name of the registry."""
    user: str
    """User that may read them."""
    password: pulumi.Input[str]
    """Its password; secret."""


@dataclass(frozen=True)
class DockerHostArgs:
    """Inputs of a DockerHost."""

    hostname: str
    """Name of the VM."""
    address: str
    """Address that SSH connects to."""
    user: str
    """User that is in the host's `docker` group; its key comes from the operator's SSH agent or configuration."""
    registry: RegistryLogin
    """How its engine is let in to the platform's own images."""
    machine: pulumi.Resource
    """What has to exist first: a VM behind its firewall, on which Docker answers."""


class DockerHost(pulumi.ComponentResource):
    """The Docker engine of one VM, as a provider that containers can be declared with."""

    hostname: str
    """Name of the VM."""
    address: str
    """Address of the host."""
    provider: docker.Provider
    """Provider whose containers run on this host."""

    def __init__(self, name: str, args: DockerHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:DockerHost", name, None, opts)
        self.hostname = args.hostname
        self.address = args.address
        self.provider = docker.Provider(
            f"docker-{args.hostname}",
            host=f"ssh://{args.user}@{args.address}:22",
            # The host's key is learnt when the machine is new and checked ever after.
            registry_auth=[
                docker.ProviderRegistryAuthArgs(
                    address=f"https://{args.registry.address}",
                    username=args.registry.user,
                    password=args.registry.password,
                )
            ],
            ssh_opts=["-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=20"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.machine]),
        )
        self.register_outputs({"address": self.address})
