"""The inputs of every resource of the three stacks, against the SDK and against the official schemas.

The schemas are no part of the project: PROVIDER_SCHEMAS names the folder that holds them (CONTRIBUTING.md says how to
get it). Without it the SDK's own classes are what is checked against; they know names, types and what is required.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers import sdk_inputs
from tests.documents import provider_schema
from tests.recording import STACKS, Declared, record_platform, stack_settings

_WITHOUT_SCHEMA = {"kubernetes", "command", "pulumi-python", "luxima", "pulumi"}
"""Kubernetes' types are judged by the API server in tests/e2e; the others are ours or have none."""


def _package(type_: str) -> str:
    return type_.removeprefix("pulumi:providers:").split(":", 1)[0]


@pytest.fixture(scope="module", params=STACKS)
def resources(request: pytest.FixtureRequest) -> list[Declared]:
    """Everything that a stack declares."""
    return record_platform(stack_settings(request.param)).resources


def test_inputs_are_what_the_sdk_knows(resources: list[Declared]) -> None:
    found = [
        f"{each.name}: {path} {reason}"
        for each in resources
        if _package(each.type) not in {"luxima", "pulumi", "pulumi-python"}
        for path, reason in sdk_inputs.problems(_package(each.type), each.type, each.inputs)
    ]
    assert not found


def test_inputs_are_what_the_official_schemas_allow(resources: list[Declared]) -> None:
    folder = os.environ.get("PROVIDER_SCHEMAS")
    found: list[str] = []
    for each in resources:
        package = _package(each.type)
        schema = provider_schema.load(Path(folder), package) if folder else None
        if schema is not None:
            found += [f"{each.name}: {problem}" for problem in provider_schema.problems(schema, each.type, each.inputs)]
        elif folder:
            assert package in _WITHOUT_SCHEMA, f"{folder} has no schema of {package}"
    assert not found


_SCHEMA = {
    "provider": {"inputProperties": {"ssl": {"type": "boolean"}}, "requiredInputs": ["ssl"]},
    "resources": {
        "x:index:Thing": {
            "inputProperties": {
                "size": {"type": "integer"},
                "mode": {"$ref": "#/types/x:index:Mode"},
                "parts": {"type": "array", "items": {"$ref": "#/types/x:index%2FPart:Part"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "requiredInputs": ["size"],
        }
    },
    "types": {
        "x:index:Mode": {"type": "string", "enum": [{"value": "slow"}, {"value": "fast"}]},
        "x:index/Part:Part": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
}


_WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "size is required"),
    ({"size": "1"}, "size has to be of type integer"),
    ({"size": 1.5}, "size has to be of type integer"),
    ({"size": True}, "size has to be of type integer"),
    ({"size": 1, "colour": "red"}, "colour is no property"),
    ({"size": 1, "mode": "quick"}, "mode has to be one of ['slow', 'fast']"),
    ({"size": 1, "parts": {}}, "parts has to be a list"),
    ({"size": 1, "parts": [{}]}, "parts[0].name is required"),
    ({"size": 1, "parts": [{"name": "a", "nome": "b"}]}, "parts[0].nome is no property"),
    ({"size": 1, "labels": {"a": 1}}, "labels.a has to be of type string"),
]


@pytest.mark.parametrize(("inputs", "problem"), _WRONG)
def test_the_check_finds_what_is_wrong(inputs: dict[str, Any], problem: str) -> None:
    assert list(provider_schema.problems(_SCHEMA, "x:index:Thing", inputs)) == [problem]


def test_the_check_takes_what_is_right() -> None:
    good = {"size": 1, "mode": "fast", "parts": [{"name": "a"}], "labels": {"a": "b"}}
    assert not list(provider_schema.problems(_SCHEMA, "x:index:Thing", good))
    assert list(provider_schema.problems(_SCHEMA, "pulumi:providers:x", {})) == ["ssl is required"]
    assert list(provider_schema.problems(_SCHEMA, "x:index:Other", {})) == [
        "x:index:Other is not a type of the package"
    ]
