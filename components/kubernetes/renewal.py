"""When the stack's kubeconfig was fetched: one that is half a year old is fetched anew, long before it ends.

k3s' certificates are valid for 365 days (https://docs.k3s.io/cli/certificate). The class is stored in the state by this
module's path: it must not move.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import pulumi
from pulumi.dynamic import (
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from components.state_only import Props, StateOnlyProvider

LASTS: Final = timedelta(days=180)
"""After it the next `up` renews: it leaves half a year to those who seldom run one."""


def is_old(since: str, now: datetime) -> bool:
    """Whether what was made at a time, as ISO 8601 says it, is to be made anew."""
    return now - datetime.fromisoformat(since) > LASTS


class RenewalProvider(StateOnlyProvider):
    """Keeps a time; the property is `since`."""

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Time alone changes it."""
        changed = is_old(str(_olds["since"]), datetime.now(UTC))
        return DiffResult(changes=changed, replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:  # noqa: ARG002 - the base class' signature
        """Begin."""
        return CreateResult("renewal", _now())

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Begin anew."""
        return UpdateResult(_now())


def _now() -> Props:
    return {"since": datetime.now(UTC).isoformat(timespec="seconds")}


class Renewal(Resource, module="kubernetes", name="Renewal"):
    """Changes twice a year; what depends on `since` is done again then."""

    since: pulumi.Output[str]
    """When it last changed, as ISO 8601 says it."""

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RenewalProvider(), resource_name, {"since": None}, opts)
