"""Reads the settings of a stack from Pulumi's configuration and the release file."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from settings.report import Problem, SettingsError
from settings.secrets import SECRETS, SecretsSet
from settings.stack import Settings, Stack


def load(config: Mapping[str, str], secret_keys: Collection[str], stack: str, root: Path) -> Settings:
    """Settings of `stack`: `config` is Pulumi's flat map, `secret_keys` those of its keys that are secret.

    The release file is read from `root`/releases. Raises SettingsError with every mistake that was found.
    """
    areas: dict[str, Any] = {
        area: json.loads(config[f"luxima:{area}"]) for area in Stack.model_fields if f"luxima:{area}" in config
    }
    file = root / "releases" / f"{stack}.yaml"
    areas["releases"] = cast(object, yaml.safe_load(file.read_text())) if file.exists() else {}
    known = frozenset(secret.key for secret in SECRETS if f"luxima:{secret.key}" in config)
    try:
        settings = Settings.model_validate_json(json.dumps(areas))
    except ValidationError as error:
        raise SettingsError(
            f"Pulumi.{stack}.yaml", [Problem(detail["loc"], detail["msg"]) for detail in error.errors()]
        ) from None
    return settings.model_copy(update={"secrets": SecretsSet(keys=known)})
