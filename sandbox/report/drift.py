"""What the world has that the state did not: resource, property, was and is."""

import json
from collections.abc import Iterator
from typing import Any, cast

from sandbox.engine.events import Recorder, Step, masked, short_type
from sandbox.report.console import tell

_ABSENT = object()
_LONG = 160


def differences(events: Recorder) -> list[str]:
    """A line for each difference that a refresh found."""
    lines: list[str] = []
    for step in events.done:
        if not step.about_a_resource:
            continue
        if step.operation == "delete":
            lines.append(f"{step.room} {short_type(step.type)} {step.name}: is gone")
        elif step.operation == "update":
            lines.extend(_changes(step))
    return lines


def _changes(step: Step) -> list[str]:
    old, new = step.metadata.old, step.metadata.new
    head = f"{step.room} {short_type(step.type)} {step.name}"
    if old is None or new is None:
        return [f"{head}: differs"]
    found = list(_compare("", masked(old.inputs or {}), masked(new.inputs or {}))) or list(
        _compare("", masked(old.outputs or {}), masked(new.outputs or {}))
    )
    if not found:
        return [f"{head}: a secret value differs"]
    return [f"{head}: {path}: was {_show(was)}, is {_show(now)}" for path, was, now in found]


def _compare(path: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        left, right = cast("dict[str, Any]", was), cast("dict[str, Any]", now)
        for key in sorted({*left, *right}):
            if key.startswith("__"):
                continue
            yield from _compare(f"{path}.{key}" if path else key, left.get(key, _ABSENT), right.get(key, _ABSENT))
    elif isinstance(was, list) and isinstance(now, list):
        first, second = cast("list[Any]", was), cast("list[Any]", now)
        for index in range(max(len(first), len(second))):
            yield from _compare(
                f"{path}[{index}]",
                first[index] if index < len(first) else _ABSENT,
                second[index] if index < len(second) else _ABSENT,
            )
    elif was != now:
        yield path, was, now


def _show(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def show(lines: list[str]) -> None:
    """Print it."""
    if not lines:
        tell("No drift: the servers match the state.", "bold green")
        return
    tell(f"{len(lines)} differences, taken into the state; make up repairs them:", "bold")
    for line in lines:
        tell(f"  {line}")
