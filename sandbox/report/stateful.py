"""What a plan would do to pods that keep data, where a person has to decide."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.engine.events import Recorder, Step

_KIND = ":StatefulSet"


def refused(events: Recorder) -> list[str]:
    """A sentence for each StatefulSet that the plan would make anew: all its pods would be gone at once."""
    return [
        _sentence(step)
        for step in events.planned.values()
        if step.type.endswith(_KIND) and step.operation in {"replace", "create-replacement", "delete-replaced"}
    ]


def _sentence(step: Step) -> str:
    old, new = (dict(state.inputs or {}) if state else {} for state in (step.metadata.old, step.metadata.new))
    sizes = [", ".join(_sizes(inputs)) for inputs in (old, new)]
    head = f"{step.room} StatefulSet {step.name}: "
    tail = "docs/how-to/volumes.md says how to do it without a gap"
    if all(sizes) and sizes[0] != sizes[1]:
        return (
            f"{head}the volumes of its pods are {sizes[0]} and cannot become {sizes[1]}, since Kubernetes forbids to "
            f"change the claims of a StatefulSet: set volume_gib back to what it was; {tail}"
        )
    keys = ", ".join(step.metadata.keys or step.metadata.diffs or ["its name"])
    return (
        f"{head}{keys} cannot be changed, since Kubernetes forbids it for a StatefulSet that exists: set it back to "
        f"what it was; {tail}"
    )


def _sizes(inputs: Mapping[str, Any]) -> Iterator[str]:
    spec = cast("Mapping[str, Any]", inputs.get("spec") or {})
    for claim in cast("list[Mapping[str, Any]]", spec.get("volumeClaimTemplates") or []):
        yield str(claim["spec"]["resources"]["requests"]["storage"])
