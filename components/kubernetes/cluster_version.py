"""What the stack has seen of its cluster's version: a way back and a skipped minor version are refused in the preview.

The class is stored in the state by this module's path: it must not move.
"""

import re
import sys
from typing import Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

_GUIDE: Final = "docs/how-to/upgrade-k3s.md says how an upgrade goes"

Props = dict[str, Any]


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


class ClusterVersionProvider(ResourceProvider):
    """Keeps the version that the machines were last brought to; the property is `version`."""

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 - the base class' signature
        """Have errors reported without a traceback: a sentence is what helps."""
        sys.tracebacklimit = 0

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

    def read(self, id_: str, props: Props) -> ReadResult:
        """There is nothing outside the state to look at."""
        return ReadResult(id_, props)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Write down the next one; the machines come after it."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Nothing is left anywhere."""


class ClusterVersion(Resource, module="kubernetes", name="ClusterVersion"):
    """The stack's memory of its cluster's version; whatever changes a machine's k3s depends on it."""

    def __init__(self, resource_name: str, version: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ClusterVersionProvider(), resource_name, {"version": version}, opts)
