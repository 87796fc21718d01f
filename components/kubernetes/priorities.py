"""Who is evicted last, and for whom a place is made first, when a node has no room left."""

from enum import StrEnum
from typing import Final

import pulumi
import pulumi_kubernetes as k8s


class Priority(StrEnum):
    """Name of the PriorityClass of a pod."""

    GATEWAYS = "luxima-gateways"
    """The way in: without it nothing is served, however many services run."""
    WATCHING = "luxima-watching"
    """What takes in metrics, logs and alerts, and what guards a release: a node in trouble must still be heard."""
    SERVICES = "luxima-services"
    """Services, and whatever else the platform runs."""


_VALUES: Final = {Priority.GATEWAYS: 1_000_000, Priority.WATCHING: 900_000, Priority.SERVICES: 100_000}
"""Over 0, which pods without a class have; under 1,000,000,000, from which on Kubernetes keeps them for itself."""


class Priorities(pulumi.ComponentResource):
    """The PriorityClasses; the API server refuses a pod whose class does not exist."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:Priorities", name, None, opts)
        for priority, value in _VALUES.items():
            k8s.scheduling.v1.PriorityClass(
                f"{name}-{priority.name.lower()}",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=priority, labels={"app.kubernetes.io/part-of": "luxima"}),
                value=value,
                global_default=False,
                description=f"Pods of the platform: {priority.name.lower()}",
                # The API server refuses another value for a class that is there.
                opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["value"], delete_before_replace=True),
            )
        self.register_outputs({"classes": [str(priority) for priority in _VALUES]})
