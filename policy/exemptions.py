"""The allow-list: places where a rule does not hold, each with its reason. An entry that nothing needs fails a test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache

from .values import Finding


class Covers(Enum):
    """What an exemption lets pass: only that the value is not known yet, or also a value that breaks the rule."""

    UNKNOWN = "an unknown value"
    VIOLATION = "a value that breaks the rule"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry: `*` in `name` and `path` stands for any text."""

    rule: str
    type: str
    name: str
    path: str
    covers_what: Covers
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether this entry lets the finding pass (the rule's name is compared by the caller)."""
        return (
            self.type == finding.subject.type
            and finding.unknown == (self.covers_what is Covers.UNKNOWN)
            and _pattern(self.name).fullmatch(finding.subject.name) is not None
            and _pattern(self.path).fullmatch(finding.path) is not None
        )


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in glob.split("*")), re.DOTALL)


EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        rule="kubernetes-provider-tls",
        type="pulumi:providers:kubernetes",
        name="kubernetes",
        path="kubeconfig",
        covers_what=Covers.UNKNOWN,
        reason=(
            "before the first update of a stack there is no cluster, so no kubeconfig; the update fetches it, and this "
            "rule judges it before anything is made with it"
        ),
    ),
    Exemption(
        rule="docker-image-pinned",
        type="docker:index/container:Container",
        name="*",
        path="image",
        covers_what=Covers.UNKNOWN,
        reason=(
            "the digest of an image that is not pulled yet; the RemoteImage is judged by its name, and the update "
            "judges the digest before the container is made"
        ),
    ),
)
