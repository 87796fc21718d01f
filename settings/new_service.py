"""Write a new service into the services file of every stack; all are checked before they stay."""

from pathlib import Path
from typing import Final

from settings.loading import check, stacks
from settings.report import SERVICES, SettingsError, file_name
from settings.services import SERVICE_NAME

_ENTRY: Final = (
    "{name}: {{host: {name}, port: {port}, replicas: 2, cpu_request_millicores: 100, memory_request_mib: 128, "
    "memory_limit_mib: 256, strategy: {strategy}}}\n"
)


class NewServiceError(Exception):
    """Nothing was written; the sentence says why."""


def add(name: str, port: int, root: Path) -> list[Path]:
    """Write the service into every services file of `root`, released nowhere yet; the files that have changed.

    Raises:
        NewServiceError: When the name is taken or is none, or the settings would not be right with it.
    """
    if not SERVICE_NAME.matches(name):
        raise NewServiceError(f'"{name}" is no name for a service: give {SERVICE_NAME.right}')
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    for stack in stacks(root):
        services, path = check(stack, root).services, root / file_name(SERVICES, stack)
        if name in services:
            raise NewServiceError(f"{file_name(SERVICES, stack)} has a service {name} already")
        before[path] = path.read_text(encoding="utf-8")
        strategy = next(service.strategy for service in services.values())
        entry = _ENTRY.format(name=name, port=port, strategy=strategy)
        after[path] = f"{before[path].rstrip()}\n{entry}"
    try:
        for path, text in after.items():
            path.write_text(text, encoding="utf-8")
        for stack in stacks(root):
            check(stack, root)
    except SettingsError as error:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
        raise NewServiceError(
            f"with {name} the settings would not be right, so nothing was written.\n{error}"
        ) from None
    return list(after)
