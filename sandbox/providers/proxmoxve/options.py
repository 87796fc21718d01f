"""Proxmox VE's property strings: `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1`.

A bare first value (`local-lvm:vm-100-disk-0,size=20G`) stands under the key that the format names as its default.
"""

import re
from collections.abc import Mapping
from typing import Any


def parse(text: Any, bare: str = "") -> dict[str, str]:
    """The options of a property string; a value without a key stands under `bare`."""
    found: dict[str, str] = {}
    for part in str(text).split(","):
        key, equals, value = part.partition("=")
        if equals:
            found[key.strip()] = value
        elif part:
            found[bare] = part
    return found


def render(options: Mapping[str, Any]) -> str:
    """The property string of options whose values are not None."""
    return ",".join(f"{key}={scalar(value)}" for key, value in options.items() if value is not None)


def scalar(value: Any) -> str:
    """A value as the API takes it: booleans as 1 and 0, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def boolean(text: Any) -> bool:
    """A boolean as the API writes it."""
    return str(text).lower() in ("1", "true", "yes", "on")


def natural(key: str) -> tuple[str, int]:
    """Sort key that puts `scsi2` before `scsi10`."""
    found = re.fullmatch(r"(\D+)(\d+)", key)
    return (found.group(1), int(found.group(2))) if found else (key, -1)


def gigabytes(size: str) -> int | float:
    """The GiB in a size such as `20G`, `512M` or `21474836480` (bytes)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", size)
    if not found:
        raise ValueError(f"{size!r} is not a size")
    value = (
        float(found.group(1)) * {"": 1 / 1024**3, "K": 1 / 1024**2, "M": 1 / 1024, "G": 1, "T": 1024}[found.group(2)]
    )
    return int(value) if value.is_integer() else value
