"""Write a new service into the stack files: its entry and its objective (ENV-4) in each, checked before they stay."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from settings.loading import check, stacks
from settings.report import SettingsError
from settings.services import SERVICE_NAME

_AREA: Final = "  luxima:services:\n"
_OBJECTIVES: Final = "    objectives:\n"
_ENTRY: Final = (
    "    {name}: {{host: {name}, port: {port}, replicas: 2, cpu_request_millicores: 100, memory_request_mib: 128, "
    "memory_limit_mib: 256, strategy: {strategy}}}\n"
)


class NewServiceError(Exception):
    """Nothing was written; the sentence says why."""


def add(name: str, port: int, root: Path) -> list[Path]:
    """Write the service into every stack file of `root`, released nowhere yet; the files that have changed.

    Raises:
        NewServiceError: When the name is taken or is none, or the settings would not be right with it.
    """
    if not SERVICE_NAME.matches(name):
        raise NewServiceError(f'"{name}" is no name for a service: give {SERVICE_NAME.right}')
    before = {root / f"Pulumi.{stack}.yaml": stack for stack in stacks(root)}
    texts = {path: path.read_text(encoding="utf-8") for path in before}
    after = {path: _added(path, text, name, port, check(before[path], root).services) for path, text in texts.items()}
    try:
        for path, text in after.items():
            path.write_text(text, encoding="utf-8")
        for stack in before.values():
            check(stack, root)
    except SettingsError as error:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        raise NewServiceError(
            f"with {name} the settings would not be right, so nothing was written.\n{error}"
        ) from None
    return list(after)


def _added(path: Path, text: str, name: str, port: int, services: Mapping[str, object]) -> str:
    """The file's text with the entry after the last service."""
    if name in services:
        raise NewServiceError(f"{path.name} has a service {name} already")
    strategy = re.search(r"\bstrategy: (\w+)", text.partition(_AREA)[2])
    entry = _ENTRY.format(name=name, port=port, strategy=strategy[1] if strategy else "rolling")
    text = _after(path, text, _AREA, entry)
    return _after(path, text, _OBJECTIVES, f"      {name}-availability: {{service: {name}, indicator: availability}}\n")


def _after(path: Path, text: str, table: str, entry: str) -> str:
    """The text with an entry as the last of a table, which is indented as the entry is."""
    head, found, rest = text.partition(table)
    if not found:
        raise NewServiceError(f"{path.name} has no line `{table.strip()}`, so the entry is to be written by hand")
    lines = rest.splitlines(keepends=True)
    indent = entry[: len(entry) - len(entry.lstrip())]
    count = next((at for at, line in enumerate(lines) if not line.startswith(indent)), len(lines))
    return "".join((head, found, *lines[:count], entry, *lines[count:]))
