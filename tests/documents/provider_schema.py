"""Checks a resource's inputs against the official schema of its provider package.

The schemas come from `pulumi package get-schema NAME > FOLDER/NAME.json`; FOLDER is named by PROVIDER_SCHEMAS. The
format is https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/schema/.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

Schema = Mapping[str, Any]

_BASIC: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@cache
def load(folder: Path, package: str) -> Schema | None:
    """The schema of `package`, or None where the folder has none."""
    path = folder / f"{package}.json"
    return cast(Schema, json.loads(path.read_text())) if path.is_file() else None


def problems(schema: Schema, type_: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """What the official provider would refuse in `inputs` of a resource of `type_`, one sentence each."""
    if type_.startswith("pulumi:providers:"):
        found: Schema | None = cast(Schema, schema["provider"])
    else:
        found = cast("Schema | None", schema["resources"].get(type_))
    if found is None:
        yield f"{type_} is not a type of the package"
        return
    yield from _object(schema, found.get("inputProperties", {}), found.get("requiredInputs", ()), inputs, "")


def _object(
    schema: Schema, properties: Mapping[str, Any], required: Any, value: Mapping[str, Any], path: str
) -> Iterator[str]:
    for name in sorted(set(cast("list[str]", list(required))) - value.keys()):
        yield f"{path}{name} is required"
    for name, item in value.items():
        if name.startswith("__"):
            continue
        if name not in properties:
            yield f"{path}{name} is no property"
        else:
            yield from _value(schema, properties[name], item, f"{path}{name}")


def _value(schema: Schema, kind: Schema, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    if "const" in kind and value != kind["const"]:
        yield f"{path} has to be {kind['const']!r}"
    if "oneOf" in kind:
        found = [list(_value(schema, each, value, path)) for each in kind["oneOf"]]
        if all(found):
            yield from min(found, key=len)
    elif "$ref" in kind:
        yield from _reference(schema, str(kind["$ref"]), value, path)
    elif kind["type"] == "array":
        yield from _list(schema, kind["items"], value, path)
    elif kind["type"] == "object":
        yield from _map(schema, kind.get("additionalProperties", {"type": "string"}), value, path)
    elif not _is(str(kind["type"]), value):
        yield f"{path} has to be of type {kind['type']}"


def _list(schema: Schema, kind: Schema, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} has to be a list"
        return
    for index, item in enumerate(cast("list[Any]", value)):
        yield from _value(schema, kind, item, f"{path}[{index}]")


def _map(schema: Schema, kind: Schema, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} has to be a map"
        return
    for key, item in cast("dict[str, Any]", value).items():
        yield from _value(schema, kind, item, f"{path}.{key}")


def _is(type_: str, value: Any) -> bool:
    if isinstance(value, bool):
        return type_ == "boolean"
    if type_ == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _BASIC[type_])


def _reference(schema: Schema, reference: str, value: Any, path: str) -> Iterator[str]:
    if not reference.startswith("#/types/"):
        return  # pulumi.json#/Any and assets take everything
    kind = cast(Schema, schema["types"][unquote(reference.removeprefix("#/types/"))])
    if "enum" in kind:
        allowed = [each["value"] for each in kind["enum"]]
        if value not in allowed:
            yield f"{path} has to be one of {allowed}"
    elif not isinstance(value, dict):
        yield f"{path} has to be an object"
    else:
        yield from _object(
            schema, kind.get("properties", {}), kind.get("required", ()), cast("dict[str, Any]", value), f"{path}."
        )
