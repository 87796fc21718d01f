"""Disks grow and never shrink: a size below the one that is there is refused at preview, before anything is touched."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi


def only_grows(name: str, guest: str) -> pulumi.ResourceHookBinding:
    """Hooks of the VM called `name` in the program, whose first disk is meant; `guest` is its name in the settings."""
    hook = pulumi.ResourceHook(
        f"{name}-only-grows",
        lambda args: refuse_shrinking(guest, args.old_inputs or {}, args.new_inputs or {}),
        pulumi.ResourceHookOptions(on_dry_run=True),
    )
    return pulumi.ResourceHookBinding(before_update=[hook])


def refuse_shrinking(guest: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise an error where the first disk of `new` inputs is smaller than that of the `old` ones (GiB)."""
    before, after = _size(old), _size(new)
    if before is not None and after is not None and after < before:
        raise ValueError(
            f"compute.vms.{guest}.disk_gib: {after:g} is less than its disk has, {before:g} GiB, "
            f"and a disk never shrinks; give at least {before:g}, or make another machine"
        )


def _size(inputs: Mapping[str, Any]) -> float | None:
    disks = cast("list[Mapping[str, Any]]", inputs.get("disks") or [])
    size = disks[0].get("size") if disks else None
    return float(size) if isinstance(size, int | float) else None
