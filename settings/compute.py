"""`luxima:compute`: the Proxmox VE cluster and the VMs and LXCs on it (INF-1, INF-2)."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings.environment import StackName
from settings.values import Address, Area, Domain, Form, HttpsUrl, Label, Network

Role = Literal["k3s_server", "k3s_agent", "docker_host"]

PoolName = Annotated[
    str, Form("^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", "a Proxmox pool name: letters, digits, hyphens and underscores")
]
StorageId = Annotated[
    str,
    Form(
        "^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]$",
        "the id of a Proxmox storage: a letter first, then letters, digits and . _ -, such as local-lvm",
    ),
]
BridgeName = Annotated[
    str, Form("^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$", "the name of a bridge, at most 15 characters, such as vmbr0")
]
UserName = Annotated[str, Form("^[a-z_][a-z0-9_-]{0,31}$", "a Linux user name in lower case, such as luxima")]
PublicKey = Annotated[
    str,
    Form(
        "^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh.com)"
        " [A-Za-z0-9+/]{32,}={0,2}( .*)?$",
        "a public SSH key in one line: type, base64 text and an optional comment",
    ),
]

Certificate = Annotated[
    str,
    Form(
        r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$",
        "a certificate in PEM, with its BEGIN and END lines, as /etc/pve/pve-root-ca.pem has it",
    ),
]

HostKey = Annotated[
    str,
    Form(
        "^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{32,}={0,2}( .*)?$",
        "the host's own public SSH key in one line, as `cat /etc/ssh/ssh_host_ed25519_key.pub` there prints it; no RSA",
    ),
]

Sha512 = Annotated[str, Form("^[0-9a-f]{128}$", "128 hexadecimal digits, as sha512sum prints them")]

Cpus = Annotated[int, Field(ge=1, le=512)]
GuestId = Annotated[int, Field(ge=100, le=999_999_999)]
StartOrder = Annotated[int, Field(ge=0, le=10_000)]


class Node(Area):
    """A Proxmox host that guests are placed on."""

    address: Address = Field(description="Address of the host")
    host_key: HostKey = Field(
        description="Public SSH key of the host, by which it is known; it tells the keys of its guests"
    )
    cpus: Cpus = Field(description="Logical processors of the host")
    memory_mib: Annotated[int, Field(ge=1024, le=16_777_216)] = Field(description="Memory of the host, in MiB")


class GuestNetwork(Area):
    """The network that all guests of the stack are in."""

    bridge: BridgeName = Field(description="Bridge of the Proxmox hosts that guests are attached to")
    vlan: Annotated[int, Field(ge=1, le=4094)] = Field(description="VLAN tag of the guests' interfaces")
    cidr: Network = Field(description="The network in CIDR notation")
    gateway: Address = Field(description="Default gateway of the guests")
    name_servers: Annotated[tuple[Address, ...], Field(min_length=1, max_length=3)] = Field(
        description="Resolvers of the guests; resolv.conf knows at most three"
    )
    search_domain: Domain = Field(description="Search domain of the guests")

    @property
    def network(self) -> ipaddress.IPv4Network:
        """The network as an object that can be asked for its addresses."""
        return ipaddress.IPv4Network(self.cidr)

    @property
    def prefix_length(self) -> int:
        """Number of network bits, as cloud-init and Proxmox want it behind an address."""
        return self.network.prefixlen


class StoragePlaces(Area):
    """Where on the Proxmox hosts things are kept."""

    disks: StorageId = Field(description="Proxmox storage for the guests' disks")
    files: StorageId = Field(description="Proxmox storage for images, templates and cloud-init snippets")
    shared: bool = Field(
        default=False,
        description="Whether all nodes share both, as with Ceph; what one node has dies with it",
    )


class Download(Area):
    """A file that Proxmox downloads by itself."""

    url: HttpsUrl = Field(description="Where Proxmox downloads it from")
    sha512: Sha512 | None = Field(
        default=None, description="SHA-512 of the file; without one, what the server gives is believed"
    )


class Ssh(Area):
    """How the platform logs in to its guests."""

    user: UserName = Field(description="User that cloud-init makes on every guest")
    node_user: UserName = Field(
        default="root", description="User on the Proxmox hosts that cloud-init snippets are copied with, over SSH"
    )
    authorized_keys: tuple[PublicKey, ...] = Field(
        default=(), description="Public keys of people that may log in, besides the platform's own key"
    )


class Firewall(Area):
    """The hypervisor's firewall, which every guest of the stack is behind."""

    cluster_owner: StackName = Field(
        description="Stack that switches the firewall of the whole Proxmox cluster on; one of those that share it"
    )
    management_networks: Annotated[tuple[Network, ...], Field(min_length=1)] = Field(
        description="Networks that people and `pulumi up` come from; nobody else reaches SSH of a guest"
    )
    hosts_input_policy: Literal["ACCEPT", "DROP"] = Field(
        default="ACCEPT",
        description="What the Proxmox hosts do with a connection that none of their own rules names; "
        "DROP only where such rules let you in",
    )


class Guest(Area):
    """What a VM and an LXC have in common."""

    id: GuestId = Field(description="Number of the guest in the Proxmox cluster, from 100 on")
    node: Label = Field(description="Node it runs on; one of `nodes`")
    cpus: Cpus = Field(description="Virtual processors")
    memory_mib: Annotated[int, Field(ge=128, le=16_777_216)] = Field(description="Memory, in MiB")
    disk_gib: Annotated[int, Field(ge=2, le=65_536)] = Field(description="Size of the system disk, in GiB")
    address: Address = Field(description="Fixed address in the guests' network")
    start_order: StartOrder = Field(description="Order in which Proxmox starts guests; the lowest first")
    protected: bool = Field(
        default=False, description="Whether the engine refuses to delete or replace it, by an update as by a destroy"
    )
    ha: bool = Field(
        default=False, description="Whether Proxmox starts it on another node when its own dies; needs shared storage"
    )


class Vm(Guest):
    """A virtual machine, made from the cloud image."""

    role: Role = Field(description="What the machine is for; those for k3s are made only in kubernetes.mode k3s")


class Container(Guest):
    """A Linux container (LXC), made from the container template."""

    role: Literal["name_server", "general"] = Field(
        default="general",
        description="What it is for; the address record of a name server comes with its zone, not with the stack",
    )


class Compute(Area):
    """The Proxmox VE cluster of a stack."""

    endpoint: HttpsUrl = Field(description="URL of the Proxmox API")
    authority: Certificate | None = Field(
        default=None,
        description="Certificate of the authority that signed the API's, for what reads metrics from it; none where a "
        "public one did. Who runs `up` trusts it by his own system",
    )
    pool: PoolName = Field(description="Resource pool that all guests of the stack are in")
    nodes: Annotated[Mapping[Label, Node], Field(min_length=1)] = Field(description="Proxmox hosts by name")
    network: GuestNetwork = Field(description="Network of the guests")
    storage: StoragePlaces = Field(description="Proxmox storages to use")
    firewall: Firewall = Field(description="The hypervisor's firewall")
    cloud_image: Download = Field(description="Disk image that VMs are made from")
    container_template: Download = Field(description="Template that LXCs are made from")
    ssh: Ssh = Field(description="Access to the guests")
    vms: Mapping[Label, Vm] = Field(default_factory=dict[str, Vm], description="Virtual machines by name")
    containers: Mapping[Label, Container] = Field(
        default_factory=dict[str, Container], description="Linux containers by name"
    )

    def by_role(self, role: Role) -> Mapping[str, Vm]:
        """The VMs with `role`, by name, in the file's order."""
        return {name: vm for name, vm in self.vms.items() if vm.role == role}

    @property
    def workers(self) -> Mapping[str, Vm]:
        """The VMs that the cluster's pods run on: its agents, or its servers where there is none."""
        return self.by_role("k3s_agent") or self.by_role("k3s_server")
