"""How the images of services behave, where somebody wants to see more than that they work."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sandbox.faults import SandboxError

Behaviour = Mapping[str, Mapping[str, str]]
"""Environment of an image by its name; what the example service understands is in docs/how-to/rolling.md."""


def behaviour(file: Path) -> Behaviour:
    """What is kept; nothing when there is no file.

    Raises:
        SandboxError: When it is no such table.
    """
    return _parsed(file) if file.exists() else {}


def keep_behaviour(file: Path, given: Path) -> None:
    """Keep another table in place of the one before.

    Raises:
        SandboxError: When it cannot be read or is no such table.
    """
    file.write_text(json.dumps(_parsed(given), indent=1), encoding="utf-8")


def _parsed(file: Path) -> Behaviour:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError(f"{file}: the table of images cannot be read ({error})") from error
    right = isinstance(content, dict) and all(
        isinstance(environment, dict) and all(isinstance(value, str) for value in environment.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - JSON is anything
        for environment in content.values()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    )
    if not right:
        raise SandboxError(
            f'{file}: the table of images has to be like {{"IMAGE@sha256:…": {{"FAIL_PERCENT": "5"}}}}: '
            "environment variables, as texts, by image"
        )
    return cast("Behaviour", content)
