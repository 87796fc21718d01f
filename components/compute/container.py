"""A Linux container (LXC) from a template (INF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as proxmox

from components.compute.firewall_options import GuestFirewall, GuestFirewallArgs
from components.compute.firewall_rules import Network
from components.compute.host_key import host_key
from components.compute.settling import settled, settled_script
from components.login import Login, Made
from settings.compute import Compute, Container


@dataclass(frozen=True)
class LinuxContainerArgs:
    """Inputs of a LinuxContainer."""

    hostname: str
    """Host name; a DNS label."""
    container: Container
    """Placement, size (MiB, GiB) and address."""
    compute: Compute
    """Network and storages that all guests share."""
    environment: str
    """Name of the environment, as a tag."""
    pool_id: pulumi.Input[str]
    """Pool that the container is a member of."""
    template_id: pulumi.Input[str]
    """Proxmox volume id of the template on the container's node."""
    authorized_keys: pulumi.Input[Sequence[str]]
    """Public SSH keys that may log in as root."""
    filtered: Network
    """What the hypervisor's firewall is made from."""
    hypervisor: Login
    """How the container's node is reached; its private key opens the container as well."""
    after: pulumi.Resource | None = None
    """What has to serve before this container is touched: the one before it, of the same role."""


class LinuxContainer(pulumi.ComponentResource):
    """One unprivileged LXC."""

    address: str
    """Address of the container, without the prefix length."""
    vm_id: pulumi.Output[int]
    """Number of the container in the cluster."""
    made: Made
    """The container itself."""
    settled: pulumi.Resource
    """What is there when the container serves."""

    def __init__(self, name: str, args: LinuxContainerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:LinuxContainer", name, None, opts)
        guest, compute = args.container, args.compute
        network = compute.network
        container = proxmox.ContainerLegacy(
            f"{name}-lxc",
            vm_id=guest.id,
            node_name=guest.node,
            pool_id=args.pool_id,
            description=f"Linux container of the {args.environment} stack",
            tags=sorted({"luxima", args.environment, "lxc"}),
            unprivileged=True,
            start_on_boot=True,
            started=True,
            cpu=proxmox.ContainerLegacyCpuArgs(cores=guest.cpus),
            memory=proxmox.ContainerLegacyMemoryArgs(dedicated=guest.memory_mib, swap=0),
            disk=proxmox.ContainerLegacyDiskArgs(datastore_id=compute.storage.disks, size=guest.disk_gib),
            network_interfaces=[
                proxmox.ContainerLegacyNetworkInterfaceArgs(
                    name="eth0", bridge=network.bridge, vlan_id=network.vlan, firewall=True
                )
            ],
            operating_system=proxmox.ContainerLegacyOperatingSystemArgs(
                template_file_id=args.template_id, type="debian"
            ),
            startup=proxmox.ContainerLegacyStartupArgs(order=guest.start_order, up_delay=10, down_delay=60),
            initialization=proxmox.ContainerLegacyInitializationArgs(
                hostname=args.hostname,
                dns=proxmox.ContainerLegacyInitializationDnsArgs(
                    domain=network.search_domain, servers=list(network.name_servers)
                ),
                ip_configs=[
                    proxmox.ContainerLegacyInitializationIpConfigArgs(
                        ipv4=proxmox.ContainerLegacyInitializationIpConfigIpv4Args(
                            address=f"{guest.address}/{network.prefix_length}", gateway=network.gateway
                        )
                    )
                ],
                user_account=proxmox.ContainerLegacyInitializationUserAccountArgs(
                    keys=pulumi.Output.from_input(args.authorized_keys).apply(list)
                ),
            ),
            # A new template or another person's key is for the next container, not a reason to lose this one. Nor is
            # another node: the provider cannot move a container, Proxmox and people can.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[] if args.after is None else [args.after],
                protect=guest.protected,
                # Its number is fixed, so the old one has to go before the new one can come.
                delete_before_replace=True,
                ignore_changes=["nodeName", "operatingSystem.templateFileId", "initialization.userAccount"],
            ),
        )
        self.address = guest.address
        self.made = Made(container, container.network_interfaces.apply(_card))
        self.login = Login(
            guest.address,
            "root",
            args.hypervisor.private_key,
            host_key(name, "lxc", guest.id, args.hypervisor, self.made, pulumi.ResourceOptions(parent=self)),
        )
        self.vm_id = container.vm_id.apply(int)
        closed = GuestFirewall(
            f"{name}-firewall",
            GuestFirewallArgs(
                "lxc", guest.id, guest.node, args.filtered.rules(guest), args.filtered.held(guest), self.made
            ),
            pulumi.ResourceOptions(parent=self),
        ).closed
        self.settled = settled(
            f"{name}-settled",
            settled_script(guest.role, args.filtered.edge.namespace),
            self.login,
            (guest.cpus, guest.memory_mib, guest.address, network.gateway, network.name_servers, network.search_domain),
            self.made,
            pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.register_outputs({"address": self.address, "vmId": self.vm_id})


def _card(interfaces: Sequence[proxmox.outputs.ContainerLegacyNetworkInterface] | None) -> str:
    """Address of the network card, which Proxmox gives to each container that it makes."""
    return (interfaces[0].mac_address if interfaces else None) or ""
