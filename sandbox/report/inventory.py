"""What of the stack was really driven against a server here, what was only recorded, and what was skipped."""

import importlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from sandbox.engine.events import short_type
from sandbox.images import Image
from sandbox.plugins import Plugins
from sandbox.report.console import table, tell

_DYNAMIC = "pulumi-python:dynamic"
_SERVERS = {"kubernetes": "kube-apiserver"}
"""The server of a package that has no local provider."""


@dataclass(frozen=True)
class Line:
    """Resources of one type."""

    package: str
    type: str
    count: int
    how: str
    """driven, recorded or skipped"""
    by: str
    """By what, or why not."""


def lines(counts: Mapping[str, int], plugins: Plugins, absent: Mapping[str, str] | None = None) -> list[Line]:
    """The inventory of a stack by type.

    Args:
        counts: Number of resources by type token.
        plugins: What serves each package.
        absent: Packages whose servers are not here although there is a provider for them, and why not.
    """
    found = [_line(token, count, plugins, absent or {}) for token, count in counts.items()]
    order = {"driven": 0, "recorded": 1, "skipped": 2}
    return sorted(found, key=lambda line: (order[line.how], line.package, line.type))


def _line(token: str, count: int, plugins: Plugins, absent: Mapping[str, str]) -> Line:
    package = token.split(":", 1)[0]
    if token.startswith(f"{_DYNAMIC}/dns:"):
        return Line("dns", token, count, "driven", "Knot DNS, by RFC 2136 updates")
    if token.startswith(f"{_DYNAMIC}/storage:"):
        return Line("minio", token, count, "driven", "MinIO, by the S3 API")
    if token.startswith(f"{_DYNAMIC}/coolify:"):
        return Line("coolify", token, count, "driven", "a stand-in of Coolify's API")
    if token.startswith(_DYNAMIC):
        return Line("platform", token, count, "recorded", "kept in the state only")
    module = _module(package)
    if package in plugins.official:
        return Line(package, token, count, "driven", f"{_server(package, module)}, by the official plugin")
    if package in absent:
        return Line(package, token, count, "recorded", f"kept in the state only: {absent[package]}")
    if module is None:
        return Line(package, token, count, "skipped", "no plugin for this package")
    if token == getattr(module, "RECORDED", None):
        return Line(package, token, count, "recorded", "kept in the state only")
    return Line(package, token, count, "driven", _server(package, module))


def _module(package: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"sandbox.providers.{package}")
    except ModuleNotFoundError:
        return None


def _server(package: str, module: ModuleType | None) -> str:
    return str(module.SERVER) if module is not None else _SERVERS[package]


def show_images(found: Sequence[Image]) -> None:
    """Print what really runs, and what only stands for something."""
    stand_ins = [image for image in found if not image.real]
    tell()
    table(
        ["stand-in for", "what was not seen"],
        [[image.reference, image.unseen] for image in stand_ins],
        f"Images: {len(found) - len(stand_ins)} hold the real program, {len(stand_ins)} a stand-in",
    )


def show(found: list[Line]) -> None:
    """Print it."""
    totals: Counter[str] = Counter()
    for line in found:
        totals[line.how] += line.count
    tell()
    table(
        ["how", "type", "count", "by"],
        [[line.how, short_type(line.type), str(line.count), line.by] for line in found],
        f"What was done here: {totals['driven']} resources driven, {totals['recorded']} recorded, "
        f"{totals['skipped']} skipped",
    )
