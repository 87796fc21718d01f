"""What a preview shows: for people by room and type, for machines as one JSON document."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from automation.marks import UNKNOWNS
from sandbox.engine.events import Recorder, Step, Verdict, masked, short_type
from sandbox.report.console import table, tell
from sandbox.report.failures import verdict_line

_NAMES = 12
"""How many names of one type a person is shown."""


def document(stack: str, stand_ins: Sequence[str], events: Recorder, failures: Sequence[str]) -> dict[str, Any]:
    """The whole preview."""
    return {
        "stack": stack,
        "standIns": list(stand_ins),
        "resources": [_resource(step) for _, step in sorted(events.planned.items())],
        "policy": [_verdict(verdict) for verdict in events.verdicts],
        "summary": {
            "operations": dict(sorted(events.changes.items())),
            "resources": sum(1 for step in events.planned.values() if step.about_a_resource),
            "violations": sum(1 for verdict in events.verdicts if verdict.mandatory),
            "advisories": sum(1 for verdict in events.verdicts if not verdict.mandatory),
            "failures": list(failures),
        },
    }


def _resource(step: Step) -> dict[str, Any]:
    new = step.metadata.new
    return {
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "parent": (new.parent if new else "") or None,
        "provider": _provider(new.provider if new else ""),
        "custom": bool(new and new.custom),
        "operation": step.operation,
        "room": step.room,
        "inputs": mask(masked(dict(new.inputs or {}) if new else {})),
    }


def _provider(reference: str) -> str | None:
    """A provider's URN; the engine adds the provider's id."""
    return reference.rpartition("::")[0] or None


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "policy": verdict.policy,
        "enforcement": verdict.enforcement,
        "urn": verdict.urn or None,
        "message": verdict.message,
    }


def mask(value: Any) -> Any:
    """Values that are not known yet, said in words; secrets are masked by the engine already."""
    if isinstance(value, Mapping):
        return {key: mask(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [mask(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, str):
        for sentinel in UNKNOWNS:
            value = value.replace(sentinel, "[unknown]")
    return value


def show(stack: str, stand_ins: Sequence[str], events: Recorder) -> None:
    """The preview for people."""
    tell(f"What would be made from nothing in stack {stack}", "bold")
    rooms: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for step in events.planned.values():
        if step.about_a_resource:
            rooms[step.room][step.type].append(step.name)
    for room, types in sorted(rooms.items()):
        tell()
        rows = [[f"  {short_type(kind)}", str(len(names)), _names(names)] for kind, names in sorted(types.items())]
        table(["  type", "count", "names"], rows, f"{room} ({sum(len(names) for names in types.values())})")
    tell()
    if stand_ins:
        tell(f"Secrets that are not set; stand-ins were made for this preview: {', '.join(stand_ins)}")
    for verdict in events.verdicts:
        tell(f"  {verdict_line(verdict)}", "red" if verdict.mandatory else "yellow")
    levels = Counter("violations" if verdict.mandatory else "advisories" for verdict in events.verdicts)
    total = sum(len(names) for types in rooms.values() for names in types.values())
    tell(
        f"{total} resources in {len(rooms)} rooms; policies: {levels['violations']} violations, "
        f"{levels['advisories']} advisories",
        "bold",
    )


def _names(names: list[str]) -> str:
    shown = sorted(names)[:_NAMES]
    more = [f"and {len(names) - _NAMES} more (make preview FORMAT=json has all)"] if len(names) > _NAMES else []
    return ", ".join([*shown, *more])


def write_json(made: Mapping[str, Any]) -> None:
    """The preview for machines."""
    sys.stdout.write(json.dumps(made, indent=2, sort_keys=False))
    sys.stdout.write("\n")
    sys.stdout.flush()
