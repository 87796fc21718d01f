"""The folder `functions/`: each edge function is one file there, `functions/<name>/index.ts` (INF-4)."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from settings.services import EnvName
from settings.values import Area, Form

FOLDER: Final = Path(__file__).parents[1] / "functions"
"""Beside the program, whose code it is a part of."""
ROUTER: Final = "main"
FUNCTION_NAME: Final = Form(
    "^[a-z][a-z0-9_-]{0,49}$",
    "a lower-case letter first, then letters, digits, hyphens and underscores, at most 50 characters",
)
_FILE: Final = "index.ts"
_MOST_KIB: Final = 256
_TAKEN: Final = ("healthz", "metrics")
"""Paths that the router answers itself."""
_IMPORT: Final = re.compile(r"""\b(?:from|import)\s*\(?\s*["']([^"']+)["']""")


class EdgeFunction(Area):
    """What one edge function is given."""

    environment: Mapping[EnvName, str] = Field(
        default_factory=dict[str, str],
        description="Plain environment variables that this function alone is given; secrets are not for here",
    )


EdgeFunctions = Mapping[Annotated[str, FUNCTION_NAME], EdgeFunction]


def sources() -> Mapping[str, str]:
    """Texts of the functions and of their router, by name."""
    return {path.parent.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob(f"*/{_FILE}"))}


def version(texts: Mapping[str, str]) -> str:
    """Twelve hexadecimal digits that follow from the texts; the router computes the same."""
    content = "".join(f"{name}\0{texts[name]}\0" for name in sorted(texts))
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def mistakes() -> Iterator[str]:
    """What in the folder cannot be deployed, as sentences."""
    for folder in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
        name = folder.name
        if name in _TAKEN or not FUNCTION_NAME.matches(name):
            right = f"a name other than {' and '.join(_TAKEN)}: {FUNCTION_NAME.right}"
            yield f"functions/{name}/ cannot be called so; give {right}"
        if strangers := sorted({path.name for path in folder.iterdir()} - {_FILE}):
            yield f"functions/{name}/{strangers[0]} would not be deployed; a function is its {_FILE} alone"
        file = folder / _FILE
        if not file.is_file():
            yield f"functions/{name}/ has no {_FILE}; write one, or remove the folder"
            continue
        if file.stat().st_size > _MOST_KIB * 1024:
            yield f"functions/{name}/{_FILE} has more than {_MOST_KIB} KiB; make it smaller"
        for module in _IMPORT.findall(file.read_text(encoding="utf-8")):
            if not module.startswith("node:"):
                text = f"functions/{name}/{_FILE} imports {module}, which the first start would have to fetch"
                yield f"{text}; a function is one file: write out what it needs"
