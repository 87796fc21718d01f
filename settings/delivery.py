"""`luxima:delivery`: how what was built reaches the machines that run it (INF-6, REL-5)."""

from typing import Annotated

from pydantic import Field

from settings.coolify import Coolify
from settings.values import Area, Label

PULL_PORT = 5050
"""TCP port of a registry's host at which images are read; by the host's private address, as the others."""
PUSH_PORT = 5051
"""Where images are written, or what nobody needs is collected: never both at a time."""
PULL_METRICS_PORT = 5060
"""Metrics of the one that is read from."""
PUSH_METRICS_PORT = 5061
"""Metrics of the one that is written to."""
REGISTRY_PORTS = (PULL_PORT, PUSH_PORT, PULL_METRICS_PORT, PUSH_METRICS_PORT)
"""All that the registry publishes."""


class Registry(Area):
    """The private image registry; its images are in the bucket `registry`."""

    host: Label = Field(description="Docker host that it runs on; one of compute.vms")
    password_generation: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1,
        description="Raise it by one for new users with new passwords: those before are let in until it is raised "
        "again. After a leak raise it by two",
    )
    kept_images: Annotated[int, Field(ge=3, le=1000)] = Field(
        default=10, description="Images of each repository that are kept, the youngest first, whoever uses them"
    )
    kept_days: Annotated[int, Field(ge=30, le=3650)] = Field(
        default=30, description="How long an image is kept after it was pushed, whoever uses it, in days"
    )

    @property
    def generations(self) -> tuple[int, ...]:
        """Generations of users that are let in, the current one first."""
        return tuple(range(self.password_generation, max(self.password_generation - 2, 0), -1))


class Delivery(Area):
    """What stands between a build and the machines."""

    registry: Registry = Field(description="The private image registry")
    coolify: Coolify | None = Field(
        default=None, description="What deploys applications when their repository is pushed to; none without it"
    )
