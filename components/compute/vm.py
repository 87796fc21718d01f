"""A VM from a cloud image, set up by cloud-init (INF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as proxmox

from components.cloud_init import CloudConfig, user_data
from components.compute.firewall_options import GuestFirewall, GuestFirewallArgs
from components.compute.firewall_rules import Network
from components.compute.growing import only_grows
from components.compute.host_key import host_key
from components.compute.settling import settled, settled_script
from components.login import Login, Made
from settings.compute import Compute, Vm


@dataclass(frozen=True)
class VirtualMachineArgs:
    """Inputs of a VirtualMachine."""

    hostname: str
    """Host name and name in Proxmox; a DNS label."""
    vm: Vm
    """Placement, size (MiB, GiB) and address."""
    compute: Compute
    """Network, storages and user that all guests share."""
    environment: str
    """Name of the environment, as a tag."""
    pool_id: pulumi.Input[str]
    """Pool that the VM is a member of."""
    image_id: pulumi.Input[str]
    """Proxmox volume id of the cloud image on the VM's node."""
    authorized_keys: pulumi.Input[Sequence[str]]
    """Public SSH keys that may log in."""
    cloud_config: CloudConfig
    """What the machine's role adds to its user-data."""
    filtered: Network
    """What the hypervisor's firewall is made from."""
    hypervisor: Login
    """How the machine's node is reached; its private key opens the machine as well."""
    after: Sequence[pulumi.Resource] = ()
    """What has to serve before this machine is touched: the one before it, of the same role."""


class VirtualMachine(pulumi.ComponentResource):
    """One VM and the snippet that sets it up."""

    address: str
    """Address of the machine, without the prefix length."""
    vm_id: pulumi.Output[int]
    """Number of the VM in the cluster."""
    made: Made
    """The VM itself."""
    login: Login
    """How it is reached."""
    hypervisor: Login
    """How its node is reached."""
    settled: pulumi.Resource
    """What is there when the machine serves."""

    def __init__(self, name: str, args: VirtualMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:VirtualMachine", name, None, opts)
        vm, compute = args.vm, args.compute
        document = pulumi.Output.from_input(args.authorized_keys).apply(
            lambda keys: user_data(args.hostname, compute.ssh.user, keys, args.cloud_config)
        )
        file_name = f"{args.hostname}-user-data.yaml"
        snippet = proxmox.FileLegacy(
            f"{name}-user-data",
            content_type="snippets",
            datastore_id=compute.storage.files,
            node_name=vm.node,
            source_raw=proxmox.FileLegacySourceRawArgs(data=document, file_name=file_name),
            # The file's name is fixed, so the old one has to go before the new one can come.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        network = compute.network
        machine = proxmox.VmLegacy(
            f"{name}-vm",
            name=args.hostname,
            vm_id=vm.id,
            node_name=vm.node,
            # Another node is a move; without this it would be another VM.
            migrate=True,
            pool_id=args.pool_id,
            description=f"{vm.role} of the {args.environment} stack",
            tags=sorted({"luxima", args.environment, vm.role.replace("_", "-")}),
            on_boot=True,
            started=True,
            stop_on_destroy=True,
            machine="q35",
            scsi_hardware="virtio-scsi-single",
            operating_system=proxmox.VmLegacyOperatingSystemArgs(type="l26"),
            agent=proxmox.VmLegacyAgentArgs(enabled=True, timeout="15m", trim=True),
            cpu=proxmox.VmLegacyCpuArgs(cores=vm.cpus, sockets=1, type="x86-64-v2-AES"),
            memory=proxmox.VmLegacyMemoryArgs(dedicated=vm.memory_mib),
            disks=[
                proxmox.VmLegacyDiskArgs(
                    interface="scsi0",
                    datastore_id=compute.storage.disks,
                    import_from=args.image_id,
                    size=vm.disk_gib,
                    discard="on",
                    iothread=True,
                    ssd=True,
                )
            ],
            network_devices=[
                proxmox.VmLegacyNetworkDeviceArgs(
                    bridge=network.bridge, vlan_id=network.vlan, model="virtio", firewall=True
                )
            ],
            serial_devices=[proxmox.VmLegacySerialDeviceArgs(device="socket")],
            startup=proxmox.VmLegacyStartupArgs(order=vm.start_order, up_delay=10, down_delay=60),
            initialization=proxmox.VmLegacyInitializationArgs(
                datastore_id=compute.storage.disks,
                interface="ide2",
                # By its name and not by its id: where the file is replaced, the engine asks what depends on the id
                # whether that is replaced as well, as if nothing of it were ignored.
                user_data_file_id=f"{compute.storage.files}:snippets/{file_name}",
                dns=proxmox.VmLegacyInitializationDnsArgs(
                    domain=network.search_domain, servers=list(network.name_servers)
                ),
                ip_configs=[
                    proxmox.VmLegacyInitializationIpConfigArgs(
                        ipv4=proxmox.VmLegacyInitializationIpConfigIpv4Args(
                            address=f"{vm.address}/{network.prefix_length}", gateway=network.gateway
                        )
                    )
                ],
            ),
            # cloud-init runs once and an image is copied once: neither may cost a running machine its life.
            # The official plugin reads a speed of 0 back that nobody set, and without the last one would update every
            # VM on every `up`: https://github.com/muhlba91/pulumi-proxmoxve/issues/664.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[snippet, *args.after],
                protect=vm.protected,
                hooks=only_grows(name, args.hostname),
                # Its number is fixed, so the old one has to go before the new one can come.
                delete_before_replace=True,
                ignore_changes=[
                    *("initialization.userDataFileId", "disks[0].importFrom", "disks[0].speed"),
                    # Where it is, is Proxmox' own business then.
                    *(["nodeName"] if vm.ha else []),
                ],
            ),
        )
        self.address = vm.address
        self.vm_id = machine.vm_id
        self.made = Made(machine, machine.network_devices.apply(_card))
        self.hypervisor = args.hypervisor
        self.login = Login(
            vm.address,
            compute.ssh.user,
            args.hypervisor.private_key,
            host_key(name, "vm", vm.id, args.hypervisor, self.made, pulumi.ResourceOptions(parent=self)),
        )
        closed = GuestFirewall(
            f"{name}-firewall",
            GuestFirewallArgs("vm", vm.id, vm.node, args.filtered.rules(vm), args.filtered.held(vm), self.made),
            pulumi.ResourceOptions(parent=self),
        ).closed
        self.settled = settled(
            f"{name}-settled",
            settled_script(vm.role, args.filtered.edge.namespace),
            self.login,
            (vm.cpus, vm.memory_mib, vm.address, network.gateway, network.name_servers, network.search_domain),
            self.made,
            pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.register_outputs({"address": self.address, "vmId": self.vm_id})


def _card(devices: Sequence[proxmox.outputs.VmLegacyNetworkDevice] | None) -> str:
    """Address of the network card, which Proxmox gives to each machine that it makes."""
    return (devices[0].mac_address if devices else None) or ""
