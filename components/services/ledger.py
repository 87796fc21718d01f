"""What the stack has seen of its release file: an older file is refused, so that a rolled back image stays away.

The class is stored in the state by this module's path: it must not move.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

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
from settings.releases import Releases

_FIELDS: Final = ("revision", "digest")


class LedgerProvider(StateOnlyProvider):
    """Keeps the revision and the digest of the release file in the state, and refuses to go back.

    Properties: `file` (its name, for the sentence), `revision` (number of changes), `digest` (of the content).
    """

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse a file that is older than the one the stack was last brought up with, or another of the same age."""
        failures: list[CheckFailure] = []
        if _olds.get("revision") is not None and not _is_unknown(news):
            seen, given = int(_olds["revision"]), int(news["revision"])
            if given < seen:
                text = (
                    f"{news['file']} has revision {given}, and this stack has seen {seen}: the checkout is older than "
                    "the last release or rollback, and would bring back what was replaced. Get the newest one "
                    "(git pull), then run again"
                )
                failures.append(CheckFailure("revision", text))
            elif given == seen and news["digest"] != _olds.get("digest"):
                text = (
                    f"{news['file']} differs from the one this stack has seen, and both have revision {seen}: it was "
                    f"changed by hand or on another branch. Get the newest one (git pull); if the change is meant, "
                    f"give it revision {seen + 1}"
                )
                failures.append(CheckFailure("revision", text))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Any difference is written down in place."""
        changed = any(_olds.get(key) != _news.get(key) for key in _FIELDS)
        return DiffResult(changes=changed, replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Write down what is seen for the first time."""
        return CreateResult(str(props["file"]), dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Write down what is seen now."""
        return UpdateResult(dict(_news))


def _is_unknown(props: Mapping[str, Any]) -> bool:
    return any(not isinstance(props.get(key), (str, int, float)) for key in _FIELDS)


def properties(releases: Releases, stack: str) -> Props:
    """The ledger's entry for a release file."""
    content = releases.model_dump_json()
    return {
        "file": f"releases/{stack}.yaml",
        "revision": releases.revision,
        "digest": hashlib.sha256(content.encode()).hexdigest()[:16],
    }


class Ledger(Resource, module="services", name="Ledger"):
    """The stack's memory of its release file; whatever a release changes depends on it."""

    def __init__(
        self, resource_name: str, releases: Releases, stack: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(LedgerProvider(), resource_name, properties(releases, stack), opts)
