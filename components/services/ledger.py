"""What the stack has seen of its release file: an older file is refused, so that a rolled back image stays away.

The class is stored in the state by this module's path: it must not move.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from components.release_memory import FIELDS, differing, entry, objection
from components.state_only import Props, StateOnlyProvider
from settings.releases import Releases


class LedgerProvider(StateOnlyProvider):
    """Keeps the revision and the digest of the release file in the state, and refuses to go back.

    Properties: `file` (its name, for the sentence), `revision` (number of changes), `digest` (of the content).
    """

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse a file that is older than the one the stack was last brought up with, or another of the same age."""
        failures: list[CheckFailure] = []
        if _olds.get("revision") is not None and not _is_unknown(news):
            refused = objection(_olds, news)
            if refused is not None:
                failures.append(CheckFailure("revision", refused))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Any difference is written down in place."""
        return DiffResult(changes=bool(differing(_olds, _news)), replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Write down what is seen for the first time."""
        return CreateResult(str(props["file"]), dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Write down what is seen now."""
        return UpdateResult(dict(_news))


def _is_unknown(props: Mapping[str, Any]) -> bool:
    return any(not isinstance(props.get(key), (str, int, float)) for key in FIELDS)


class Ledger(Resource, module="services", name="Ledger"):
    """The stack's memory of its release file; whatever a release changes depends on it."""

    def __init__(
        self, resource_name: str, releases: Releases, stack: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(LedgerProvider(), resource_name, entry(releases, stack), opts)
