"""JSON Schemas of a stack's files, for editors; `python -m settings.schema` writes them.

Every file names its schema in its first line, so that an editor completes and checks while one
types. What only rules between settings know is told by `python -m settings check`.
"""

import json
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from settings.loading import NAMESPACE
from settings.releases import Releases
from settings.secrets import SECRETS
from settings.stack import Services, Stack

FOLDER = Path(__file__).parent
DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors' YAML support knows fully."""


def stack_schema() -> dict[str, Any]:
    """Schema of a whole Pulumi.<stack>.yaml: this project's keys exactly, those of other namespaces as they come."""
    areas = _schema(Stack)
    definitions = areas.pop("$defs")
    secrets = {
        f"{NAMESPACE}{secret.key}": {
            "$ref": "#/$defs/Encrypted",
            "description": f"{secret.purpose}; {secret.form.right}",
        }
        for secret in SECRETS
    }
    return {
        "$schema": DRAFT,
        "title": "Settings of a stack",
        "type": "object",
        "additionalProperties": False,
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "additionalProperties": False,
                "patternProperties": {f"^(?!{NAMESPACE})": {}},
                "required": [f"{NAMESPACE}{area}" for area in areas["required"]],
                "properties": {
                    **{f"{NAMESPACE}{area}": content for area, content in areas["properties"].items()},
                    **secrets,
                },
            },
            "encryptionsalt": {"type": "string", "description": "Salt of the passphrase; written by the engine"},
            "encryptedkey": {"type": "string", "description": "Encrypted data key; written by the engine"},
            "secretsprovider": {"type": "string", "description": "What encrypts the secrets; written by the engine"},
        },
        "$defs": {
            **definitions,
            "Encrypted": {
                "type": "object",
                "description": "A secret; set with `pulumi config set --secret`",
                "additionalProperties": False,
                "required": ["secure"],
                "properties": {"secure": {"type": "string"}},
            },
        },
    }


def services_schema() -> dict[str, Any]:
    """Schema of services/<stack>.yaml."""
    return {"$schema": DRAFT, "title": "Services of a stack", **_schema(Services)}


def release_schema() -> dict[str, Any]:
    """Schema of releases/<stack>.yaml."""
    return {"$schema": DRAFT, "title": "Release state of a stack", **_schema(Releases)}


def files() -> dict[Path, str]:
    """Every generated file with its content."""
    schemas = {
        "stack.schema.json": stack_schema(),
        "services.schema.json": services_schema(),
        "release.schema.json": release_schema(),
    }
    return {FOLDER / name: f"{json.dumps(schema, indent=2)}\n" for name, schema in schemas.items()}


def stale() -> dict[Path, str]:
    """Those of `files` that are missing or have another content."""
    return {
        file: text for file, text in files().items() if not file.is_file() or file.read_text(encoding="utf-8") != text
    }


def _schema(model: Any) -> dict[str, Any]:
    return _tidy(TypeAdapter(model).json_schema())


def _tidy(schema: Any) -> Any:
    """Without titles that repeat every key, and with names refused that fit no pattern."""
    if isinstance(schema, list):
        return [_tidy(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    node = cast("dict[str, Any]", schema)
    tidied = {key: _tidy(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    return {**tidied, "additionalProperties": False} if "patternProperties" in tidied else tidied
