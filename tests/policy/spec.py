"""What a spec of a rule is, and short ways to write resources down."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.judging import Declared, Subject
from policy.rules import kinds

UNKNOWN: Final = UNKNOWN_STRING_VALUE
DROP: Final = object()
"""As a value in `but`: take the property away."""

Case = tuple[Declared, ...]
"""What a rule is judged on: one resource, or those of a stack."""


@dataclass(frozen=True)
class Wrong:
    """A case that breaks the rule, the places that must be named, and what no message may hold."""

    case: Case
    paths: frozenset[str]
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """All that is asked of one rule; how an exemption works is tried on what `fails` and what is `unknown`."""

    rule: str
    passes: tuple[Case, ...]
    fails: tuple[Wrong, ...]
    unknown: tuple[Wrong, ...]


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::luxima::{type_}::{name}"


def declared(
    type_: str,
    props: Mapping[str, Any],
    name: str = "it",
    *,
    protect: bool = False,
    refers: Mapping[str, tuple[str, ...]] | None = None,
) -> Declared:
    return Declared(Subject(type_, name, urn(type_, name)), props, protect, refers or {})


def dumped(document: Any) -> str:
    """The document as YAML; by the library's C part, which is much faster."""
    return yaml.dump(document, Dumper=yaml.CSafeDumper)


def in_map(document: Any, name: str = "it", *, file: str, space: str = "observability", **more: str) -> Declared:
    text = document if isinstance(document, str) else dumped(document)
    return declared(
        kinds.CONFIG_MAP, {"metadata": {"name": name, "namespace": space}, "data": {file: text, **more}}, name
    )


def one(type_: str, props: Mapping[str, Any], name: str = "it", *, protect: bool = False) -> Case:
    return (declared(type_, props, name, protect=protect),)


def wrong(case: Case, *paths: str, never: tuple[str, ...] = ()) -> Wrong:
    return Wrong(case, frozenset(paths), never)


def simple(
    rule: str, type_: str, good: Mapping[str, Any], *broken: tuple[str, Any, str], unknown: tuple[str, str]
) -> Spec:
    """A spec of one resource: each change (`spec/x`, value) breaks the rule at the place named third."""
    return Spec(
        rule,
        passes=(one(type_, good),),
        fails=tuple(wrong(one(type_, but(good, (path, value))), found) for path, value, found in broken),
        unknown=(wrong(one(type_, but(good, (unknown[0], UNKNOWN))), unknown[1]),),
    )


def documented(
    rule: str, file: str, good: Mapping[str, Any], *broken: tuple[str, Any, str], type_: str = kinds.CONFIG_MAP
) -> Spec:
    """A spec of one document in a ConfigMap; the place named third is below the document."""

    def holding(document: Any) -> Case:
        return one(type_, {"data": {file: dumped(document)}})

    return Spec(
        rule,
        passes=(holding(good),),
        fails=tuple(
            wrong(holding(but(good, (path, value))), f'data["{file}"]{found}') for path, value, found in broken
        ),
        unknown=(wrong(one(type_, {"data": {file: UNKNOWN}}), f'data["{file}"]'),),
    )


def but(props: Mapping[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """The properties with changes (`spec/containers/0/image`, value); what is missing on the way is made."""
    changed: Any = dict(props)
    for path, value in changes:
        place: Any = changed
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in way:
            # Only what is on the way is copied: the rest is not changed.
            place[step] = copy.copy(place[step] if isinstance(step, int) else place.get(step, {}))
            place = place[step]
        if value is DROP:
            del place[last]
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return changed
