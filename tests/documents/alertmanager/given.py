"""The documents as files, and the program that reads them."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from components.observability.alertmanager import documents
from tests.recording import stack_settings
from tools import ensure


def written(stack: str, folder: Path) -> Path:
    """All documents, as files in `folder`."""
    for name, text in documents(stack_settings(stack)).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def amtool(*arguments: str | Path, fails: bool = False) -> str:
    """What amtool prints."""
    done = subprocess.run(
        [ensure("amtool")["amtool"], *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


def rendered(folder: Path, template: str, data: Mapping[str, object], *, html: bool = False) -> str:
    """A template of ours, rendered by amtool."""
    place = folder / "data.json"
    place.write_text(json.dumps(data))
    return amtool(
        "template",
        "render",
        f"--template.glob={folder}/templates/*.tmpl",
        f"--template.type={'html' if html else 'text'}",
        f"--template.data={place}",
        f'--template.text={{{{ template "{template}" . }}}}',
    )
