"""Guests that Proxmox starts on another node when their own dies (ENV-4), and that it keeps apart from each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as proxmox


@dataclass(frozen=True)
class Member:
    """A guest that is started elsewhere."""

    resource_id: str
    """Its kind and number, as Proxmox' high availability names it: `vm:3131`, `ct:3141`."""
    role: str
    """What it is for; guests of one role are never on one node."""
    machine: pulumi.Resource
    """The guest."""


@dataclass(frozen=True)
class HighAvailabilityArgs:
    """Inputs of the HighAvailability."""

    pool: str
    """Pool of the stack, whose name begins those of its rules."""
    members: Mapping[str, Member]
    """Guests by name."""


class HighAvailability(pulumi.ComponentResource):
    """Proxmox' own: one resource per guest, and a rule per role that has more than one (rules: Proxmox VE 9)."""

    def __init__(self, name: str, args: HighAvailabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:HighAvailability", name, None, opts)
        made: dict[str, list[proxmox.Haresource]] = {}
        for guest, member in args.members.items():
            made.setdefault(member.role, []).append(
                proxmox.Haresource(
                    f"{name}-{guest}",
                    resource_id=member.resource_id,
                    state="started",
                    max_restart=2,
                    max_relocate=2,
                    # Proxmox forgets a guest that it destroys.
                    opts=pulumi.ResourceOptions(
                        parent=self,
                        depends_on=[member.machine],
                        replace_with=[member.machine],
                        delete_before_replace=True,
                    ),
                )
            )
        for role, resources in made.items():
            if len(resources) > 1:
                label = role.replace("_", "-")
                proxmox.Harule(
                    f"{name}-{label}-apart",
                    rule=f"{args.pool}-{label}-apart",
                    type="resource-affinity",
                    affinity="negative",
                    resources=[resource.resource_id for resource in resources],
                    opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
                )
        self.register_outputs({})
