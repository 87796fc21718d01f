"""What the stack has seen of the volumes of a program: another size is refused in the preview.

Kubernetes forbids to change the claims of a StatefulSet, so the plugin would remove it with all its pods at once, and
leave the claims as they were. The class is stored in the state by this module's path: it must not move.
"""

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
)

from components.state_only import Props, StateOnlyProvider


def refused(program: str, seen: float, given: float) -> str | None:
    """Why volumes cannot get another size (GiB); None when it is the one that they have."""
    if seen == given:
        return None
    return (
        f"the volumes of StatefulSet {program} are {seen:g}Gi and cannot become {given:g}Gi: set volume_gib back to "
        f"{seen:g}; docs/how-to/volumes.md says how to do it without a gap"
    )


class VolumeSizeProvider(StateOnlyProvider):
    """Keeps the size that the volumes were made with; the properties are `program` and `gib`."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse another size."""
        seen, given = _olds.get("gib"), news.get("gib")
        text = None
        if isinstance(seen, int | float) and isinstance(given, int | float):
            text = refused(str(news.get("program")), seen, given)
        return CheckResult(news, [CheckFailure("gib", text)] if text else [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """It never changes."""
        return DiffResult(changes=False, replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Write down the first size."""
        return CreateResult("volume-size", dict(props))


class VolumeSize(Resource, module="kubernetes", name="VolumeSize"):
    """The stack's memory of a program's volumes; the StatefulSet depends on it."""

    def __init__(self, resource_name: str, program: str, gib: int, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(VolumeSizeProvider(), resource_name, {"program": program, "gib": gib}, opts)
