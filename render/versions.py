"""What of others a stack runs, and how long its publishers support it."""

import re
from datetime import date

import versions
from settings import Settings

_HEAD = ("program", "version", "licence", "supported until", "as its publisher says")


def rows(settings: Settings) -> list[versions.Pinned]:
    """The table of versions as far as this stack runs it, with the Kubernetes of its stack file."""
    other = versions.PROMTAIL if settings.observability.agent == "alloy" else versions.ALLOY
    used = [pinned for pinned in versions.TABLE if pinned is not other]
    release = settings.kubernetes.version
    found = re.match(r"v(\d+)\.(\d+)", release)
    ends = versions.KUBERNETES_ENDS.get((int(found[1]), int(found[2]))) if found else None
    support = "its minor of Kubernetes" if ends else "not in versions.KUBERNETES_ENDS: too old, or add it"
    return [versions.Pinned(f"{settings.kubernetes.mode}:{release}", "Apache-2.0", ends, support), *used]


def table(settings: Settings) -> list[str]:
    """Lines for people."""
    cells = [_HEAD] + [
        (row.name, row.version, row.licence, str(row.ends) if row.ends else "-", row.support) for row in rows(settings)
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def ending(settings: Settings, day: date) -> list[str]:
    """A sentence for each that is supported no longer on that day."""
    return [
        f"{row.reference} is supported until {row.ends}: raise it in versions/ or the stack file"
        for row in rows(settings)
        if row.ends is not None and row.ends < day
    ]
