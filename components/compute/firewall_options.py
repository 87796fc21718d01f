"""The hypervisor's firewall: around a guest, and the switch of the whole cluster (SEC-3, SEC-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_proxmoxve as proxmox

from components.compute.firewall_rules import Rule
from components.login import Made

_OWN_ADDRESSES = "ipfilter-net0"
"""IP set that Proxmox takes for the addresses of a guest's first interface."""


@dataclass(frozen=True)
class GuestFirewallArgs:
    """Inputs of a GuestFirewall."""

    kind: Literal["vm", "lxc"]
    """What the guest is."""
    id: int
    """Its number in the cluster."""
    node: str
    """Node that is asked; the cluster keeps the rules, so they follow a guest that moves."""
    rules: Sequence[Rule]
    """What is let in, and what is not let out."""
    addresses: Sequence[str]
    """Addresses that it may send from."""
    made: Made
    """The guest, with which Proxmox removes its rules."""


class GuestFirewall(pulumi.ComponentResource):
    """Rules of one guest, and then the options that close it to everything else, IPv6 included.

    They are one file on Proxmox, so they are made one after another.
    """

    closed: pulumi.Resource
    """What has to exist before anything is served on the guest."""

    def __init__(self, name: str, args: GuestFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:GuestFirewall", name, None, opts)
        vm_id = args.id if args.kind == "vm" else None
        container_id = args.id if args.kind == "lxc" else None

        def after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
            # A guest that is made anew has lost its rules, and takes them with it when it goes.
            own = pulumi.ResourceOptions(parent=self, depends_on=[*resources], delete_before_replace=True)
            return args.made.with_it(own)

        last: pulumi.Resource = proxmox.firewall.RulesLegacy(
            f"{name}-rules",
            node_name=args.node,
            vm_id=vm_id,
            container_id=container_id,
            rules=[
                proxmox.firewall.RulesLegacyRuleArgs(
                    type=rule.direction,
                    action=rule.action,
                    proto=rule.protocol,
                    dport=",".join(map(str, rule.ports)) or None,
                    source=",".join(rule.source) or None,
                    dest=",".join(rule.dest),
                    comment=rule.why,
                )
                for rule in args.rules
            ],
            opts=after(),
        )
        if args.kind == "vm":
            # Proxmox knows the address of an LXC from its configuration, that of a VM from this set alone: without it
            # the filter drops all that a VM says.
            last = proxmox.firewall.IpsetLegacy(
                f"{name}-addresses",
                node_name=args.node,
                vm_id=vm_id,
                name=_OWN_ADDRESSES,
                comment="Addresses that the guest may send from",
                cidrs=[proxmox.firewall.IpsetLegacyCidrArgs(name=address) for address in args.addresses],
                opts=after(last),
            )
        self.closed = proxmox.firewall.OptionsLegacy(
            f"{name}-options",
            node_name=args.node,
            vm_id=vm_id,
            container_id=container_id,
            enabled=True,
            input_policy="DROP",
            output_policy="ACCEPT",
            ipfilter=True,
            macfilter=True,
            dhcp=False,
            ndp=False,
            radv=False,
            log_level_in="info",
            log_level_out="nolog",
            opts=pulumi.ResourceOptions.merge(
                after(last),
                # The provider takes an option that Proxmox does not tell to be as it was: after a person has deleted
                # the guest, nothing else says that the one that took its place is open.
                pulumi.ResourceOptions(replacement_trigger=args.made.identity),
            ),
        )
        self.register_outputs({})


@dataclass(frozen=True)
class ClusterFirewallArgs:
    """Inputs of a ClusterFirewall."""

    hosts_input_policy: Literal["ACCEPT", "DROP"]
    """What the hosts do with a connection that none of their own rules names."""


class ClusterFirewall(pulumi.ComponentResource):
    """The switch without which no rule of a guest is looked at. It stays on when the stack goes."""

    def __init__(self, name: str, args: ClusterFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:ClusterFirewall", name, None, opts)
        proxmox.cluster.FirewallLegacy(
            f"{name}-options",
            enabled=True,
            # The provider's default is off, which would take the guests' filters of MAC addresses and ARP away.
            ebtables=True,
            input_policy=args.hosts_input_policy,
            output_policy="ACCEPT",
            forward_policy="ACCEPT",
            log_ratelimit=proxmox.cluster.FirewallLegacyLogRatelimitArgs(enabled=True, burst=5, rate="1/second"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
