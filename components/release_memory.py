"""What a stack remembers of its release file, and which files it refuses for it.

Kept apart from the resource that remembers: the release tool asks here before it asks the engine.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from settings.releases import Releases

FIELDS: Final = ("digest", "revision")


def entry(releases: Releases, stack: str) -> dict[str, Any]:
    """What is remembered of a release file: its name, `revision` (number of changes), `digest` (of the content)."""
    content = releases.model_dump_json()
    return {
        "file": f"releases/{stack}.yaml",
        "revision": releases.revision,
        "digest": hashlib.sha256(content.encode()).hexdigest()[:16],
    }


def differing(seen: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields in which two entries differ."""
    return tuple(key for key in FIELDS if seen.get(key) != given.get(key))


def objection(seen: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Why a file is refused by a stack that has seen another one; None when it is not."""
    before, now = int(seen["revision"]), int(given["revision"])
    if now < before:
        return (
            f"{given['file']} has revision {now}, and this stack has seen {before}: the checkout is older than "
            "the last release or rollback, and would bring back what was replaced. Get the newest one "
            "(git pull), then run again"
        )
    if now == before and given["digest"] != seen.get("digest"):
        return (
            f"{given['file']} differs from the one this stack has seen, and both have revision {before}: it was "
            f"changed by hand or on another branch. Get the newest one (git pull); if the change is meant, "
            f"give it revision {before + 1}"
        )
    return None
