"""What kind of data a bucket holds, by its name, and how the resources about a bucket are found.

The name of a bucket ends with its class: `<prefix>-loki`, `<prefix>-logs-archive`, `<prefix>-backups`,
`<prefix>-copies`, `<prefix>-media` (`<prefix>-vendor-media` as well), `<prefix>-registry`, `<prefix>-tempo`. What ends
otherwise has no class: it must be versioned, and nothing in it may expire.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..judging import Resource, Stack
from . import kinds

LOKI = "loki"
LOGS_ARCHIVE = "logs-archive"
BACKUPS = "backups"
COPIES = "copies"
MEDIA = "media"
REGISTRY = "registry"
TEMPO = "tempo"
CLASSES = (LOKI, LOGS_ARCHIVE, BACKUPS, COPIES, MEDIA, REGISTRY, TEMPO)


def class_of(name: str) -> str:
    """The class in a bucket's name, "" when there is none."""
    return next((each for each in CLASSES if name == each or name.endswith(f"-{each}")), "")


def tenants_of_loki(stack: Stack) -> set[str]:
    """Those whose lines have an end, by the lifecycles of Loki's bucket."""
    return {
        rule.at("filter").text.strip("/")
        for lifecycle in stack.of(kinds.BUCKET_LIFECYCLE)
        if class_of(kinds.bucket_of(lifecycle).text) == LOKI
        for rule in lifecycle.props.at("rules").items()
    } - {""}


def for_bucket(bucket: Resource, candidates: Sequence[Resource]) -> list[Resource]:
    """Those of the candidates (lifecycles, encryptions …) that are for this bucket.

    What was made of the bucket's own outputs belongs to it, also while those are unknown; else the names are compared.
    """
    found: list[Resource] = []
    for candidate in candidates:
        sources = candidate.made_of("bucket")
        if sources:
            if bucket.urn in sources:
                found.append(candidate)
        elif kinds.bucket_of(candidate).text == bucket.props.at("bucket").text:
            found.append(candidate)
    return found
