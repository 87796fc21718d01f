"""What the stack has seen of its cluster's version: a way back and a skipped minor version are refused in the preview.

The class is stored in the state by this module's path: it must not move.
"""

import re
from typing import Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from components.state_only import Props, StateOnlyProvider

_GUIDE: Final = "docs/how-to/upgrade-k3s.md says how an upgrade goes"


def refused(seen: str, given: str) -> str | None:
    """Why a cluster cannot go from one version to another; None when it can."""
    old, new = _numbers(seen), _numbers(given)
    if new < old:
        return (
            f"luxima:kubernetes.version is {given}, and the cluster has {seen}: k3s has no way back. Give {seen} or a "
            f"newer one; {_GUIDE}"
        )
    if new[0] != old[0] or new[1] > old[1] + 1:
        return (
            f"luxima:kubernetes.version is {given}, and the cluster has {seen}: an upgrade takes each minor version. "
            f"Give the newest release of v{old[0]}.{old[1] + 1} first; {_GUIDE}"
        )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """Major, minor, patch, and the release of k3s."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", version.replace("k3s", ""))[:4])


class ClusterVersionProvider(StateOnlyProvider):
    """Keeps the version that the machines were last brought to; the property is `version`."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse what Kubernetes' version skew policy does not allow."""
        seen, given = _olds.get("version"), news.get("version")
        text = refused(seen, given) if isinstance(seen, str) and isinstance(given, str) else None
        return CheckResult(news, [CheckFailure("version", text)] if text else [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Another version is written down in place."""
        changed = _olds.get("version") != _news.get("version")
        return DiffResult(changes=changed, replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Write down the first version."""
        return CreateResult("version", dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Write down the next one; the machines come after it."""
        return UpdateResult(dict(_news))


class ClusterVersion(Resource, module="kubernetes", name="ClusterVersion"):
    """The stack's memory of its cluster's version; whatever changes a machine's k3s depends on it."""

    def __init__(self, resource_name: str, version: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ClusterVersionProvider(), resource_name, {"version": version}, opts)
