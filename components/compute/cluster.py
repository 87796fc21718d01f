"""Everything of a stack that is on the Proxmox VE cluster (INF-1)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pulumi
import pulumi_proxmoxve as proxmox

from components.cloud_init import DOCKER_HOST, CloudConfig
from components.compute.availability import HighAvailability, HighAvailabilityArgs, Member
from components.compute.container import LinuxContainer, LinuxContainerArgs
from components.compute.docker_host import DockerHost, DockerHostArgs, RegistryLogin
from components.compute.firewall_options import ClusterFirewall, ClusterFirewallArgs
from components.compute.firewall_rules import Network
from components.compute.ssh import public_key
from components.compute.vm import VirtualMachine, VirtualMachineArgs
from components.flows import Flows
from components.login import Login
from settings.compute import Compute, Download, Vm
from settings.edge import Edge
from settings.kubernetes import Kubernetes


@dataclass(frozen=True)
class ComputeArgs:
    """Inputs of the ComputeCluster."""

    compute: Compute
    """Nodes, network, storages and LXCs."""
    vms: Mapping[str, Vm]
    """VMs to make, by name."""
    environment: str
    """Name of the environment; guests are tagged with it."""
    flows: Flows
    """Who may talk to whom."""
    kubernetes: Kubernetes
    """Networks of the cluster and its virtual address."""
    edge: Edge
    """Virtual addresses of the gateways."""
    api_token: pulumi.Input[str]
    """Proxmox API token, `user@realm!name=uuid`; secret."""
    ssh_private_key: pulumi.Input[str]
    """Private key with which the platform logs in to nodes and guests; secret."""
    registry: RegistryLogin
    """How Docker hosts ask for the platform's own images."""
    cloud_configs: Mapping[str, CloudConfig] = field(default_factory=dict[str, CloudConfig])
    """What other rooms add to the user-data of VMs, by VM name."""
    joined: Callable[[str, VirtualMachine], Sequence[pulumi.Resource]] = lambda _name, _vm: ()
    """Told of each VM that is made: what has to be done there, too, before the next one of its role is touched."""


class ComputeCluster(pulumi.ComponentResource):
    """The pool, the images, and every VM and LXC of a stack.

    Machines of one role are made and changed one after another, in the order of the settings.
    """

    vms: Mapping[str, VirtualMachine]
    """VMs by name."""
    containers: Mapping[str, LinuxContainer]
    """LXCs by name."""
    docker_hosts: Mapping[str, DockerHost]
    """Docker hosts among the VMs, by VM name."""

    def __init__(self, name: str, args: ComputeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:ComputeCluster", name, None, opts)
        compute = args.compute
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        provider = proxmox.Provider(
            "proxmox",
            endpoint=compute.endpoint,
            api_token=args.api_token,
            min_tls="1.2",
            # Snippets have no API: the provider copies them to the node over SSH.
            ssh=proxmox.ProviderSshArgs(
                username=compute.ssh.node_user,
                private_key=args.ssh_private_key,
                agent=False,
                nodes=[
                    proxmox.ProviderSshNodeArgs(name=node, address=host.address) for node, host in compute.nodes.items()
                ],
            ),
            opts=self._child,
        )
        self._filtered = Network(args.flows, compute, args.kubernetes, args.edge)
        self._on_proxmox = pulumi.ResourceOptions(parent=self, providers={"proxmoxve": provider})
        if compute.firewall.cluster_owner == args.environment:
            ClusterFirewall(
                f"{name}-firewall", ClusterFirewallArgs(compute.firewall.hosts_input_policy), self._on_proxmox
            )
        pool = proxmox.PoolLegacy(
            f"{name}-pool",
            pool_id=compute.pool,
            comment=f"Guests of the {args.environment} stack, "
            f"behind the firewall that {compute.firewall.cluster_owner} switches on",
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )
        self._pool_id = pool.pool_id
        self._keys: pulumi.Output[Sequence[str]] = pulumi.Output.unsecret(
            pulumi.Output.from_input(args.ssh_private_key).apply(
                lambda key: [public_key(key), *compute.ssh.authorized_keys]
            )
        )
        self.vms = self._make_vms(name, provider)
        self.containers = self._make_containers(name, provider)
        self._keep_alive(name)
        self.docker_hosts = {
            vm: DockerHost(
                f"{name}-{vm}-docker",
                DockerHostArgs(vm, self.vms[vm].address, compute.ssh.user, args.registry, self.vms[vm].settled),
                self._child,
            )
            for vm in compute.by_role("docker_host")
        }
        self.register_outputs(
            {
                "pool": self._pool_id,
                "vms": {vm: machine.address for vm, machine in self.vms.items()},
                "containers": {lxc: container.address for lxc, container in self.containers.items()},
            }
        )

    def _make_vms(self, name: str, provider: proxmox.Provider) -> dict[str, VirtualMachine]:
        compute = self._args.compute
        wanted = self._args.vms
        images = self._download(
            name, "cloud-image", "import", compute.cloud_image, {spec.node for spec in wanted.values()}, provider
        )
        made: dict[str, VirtualMachine] = {}
        last: dict[str, list[pulumi.Resource]] = {}
        # Servers first: what joins the cluster later waits for them.
        for vm, spec in sorted(wanted.items(), key=lambda item: item[1].role != "k3s_server"):
            made[vm] = VirtualMachine(
                f"{name}-{vm}",
                VirtualMachineArgs(
                    hostname=vm,
                    vm=spec,
                    compute=compute,
                    environment=self._args.environment,
                    pool_id=self._pool_id,
                    image_id=images[spec.node],
                    authorized_keys=self._keys,
                    filtered=self._filtered,
                    hypervisor=self._hypervisor(spec.node),
                    after=last.get(spec.role, ()),
                    cloud_config=DOCKER_HOST
                    if spec.role == "docker_host"
                    else self._args.cloud_configs.get(vm, CloudConfig()),
                ),
                self._on_proxmox,
            )
            last[spec.role] = [made[vm].settled, *self._args.joined(vm, made[vm])]
        return made

    def _make_containers(self, name: str, provider: proxmox.Provider) -> dict[str, LinuxContainer]:
        compute = self._args.compute
        nodes = {spec.node for spec in compute.containers.values()}
        templates = self._download(name, "container-template", "vztmpl", compute.container_template, nodes, provider)
        made: dict[str, LinuxContainer] = {}
        last: dict[str, pulumi.Resource] = {}
        for lxc, spec in compute.containers.items():
            made[lxc] = LinuxContainer(
                f"{name}-{lxc}",
                LinuxContainerArgs(
                    hostname=lxc,
                    container=spec,
                    compute=compute,
                    environment=self._args.environment,
                    pool_id=self._pool_id,
                    template_id=templates[spec.node],
                    authorized_keys=self._keys,
                    filtered=self._filtered,
                    hypervisor=self._hypervisor(spec.node),
                    after=last.get(spec.role),
                ),
                self._on_proxmox,
            )
            last[spec.role] = made[lxc].settled
        return made

    def _hypervisor(self, node: str) -> Login:
        """How a node is reached."""
        host, ssh = self._args.compute.nodes[node], self._args.compute.ssh
        return Login(host.address, ssh.node_user, self._args.ssh_private_key, host.host_key)

    def _keep_alive(self, name: str) -> None:
        """Have Proxmox start elsewhere what the settings say."""
        members = {
            **{
                vm: Member(f"vm:{spec.id}", spec.role, self.vms[vm].made.resource)
                for vm, spec in self._args.vms.items()
                if spec.ha
            },
            **{
                lxc: Member(f"ct:{spec.id}", spec.role, self.containers[lxc].made.resource)
                for lxc, spec in self._args.compute.containers.items()
                if spec.ha
            },
        }
        if members:
            HighAvailability(f"{name}-ha", HighAvailabilityArgs(self._args.compute.pool, members), self._on_proxmox)

    def _download(
        self, name: str, what: str, content_type: str, source: Download, nodes: set[str], provider: proxmox.Provider
    ) -> dict[str, pulumi.Output[str]]:
        """Have `source` downloaded for each of `nodes`; returns the Proxmox volume id by node."""
        compute = self._args.compute
        # What all nodes share is there once: the second node would find that the name is taken.
        loading = {node: next(iter(compute.nodes)) if compute.storage.shared else node for node in nodes}
        files = {
            node: proxmox.download.File(
                f"{name}-{what}-{node}",
                content_type=content_type,
                datastore_id=compute.storage.files,
                node_name=node,
                url=source.url,
                checksum=source.sha512,
                checksum_algorithm=None if source.sha512 is None else "sha512",
                file_name=f"{compute.pool}-{file_name(source)}",
                # The file behind a URL may change; what was installed from it does not follow.
                overwrite=False,
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            ).id
            for node in sorted(set(loading.values()))
        }
        return {node: files[by] for node, by in loading.items()}


def file_name(source: Download) -> str:
    """Name of a download, which is another one when what is meant is: a name that is taken would be refused."""
    meant = hashlib.sha256(f"{source.url} {source.sha512}".encode()).hexdigest()[:12]
    return f"{meant}-{urlsplit(source.url).path.rsplit('/', 1)[-1]}"
