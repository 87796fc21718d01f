"""`releases/<stack>.yaml`, read and written: whole or not at all, comments kept, nobody's edit overwritten."""

import io
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from release.errors import ReleaseError
from settings.releases import Releases
from settings.source import read as read_yaml

_MODE = 0o644
"""Of a file that was not there before."""


@dataclass(frozen=True)
class Snapshot:
    """The file at one moment."""

    text: str
    releases: Releases


@dataclass(frozen=True)
class ReleaseFile:
    """The release file of one stack.

    Attributes:
        root: The checkout.
        stack: Name of the stack.
    """

    root: Path
    stack: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / "releases" / f"{self.stack}.yaml"

    def read(self) -> Snapshot:
        """The file as it is now.

        Raises:
            ReleaseError: When it is missing or not what it has to be.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ReleaseError(f"releases/{self.stack}.yaml cannot be read: {error}") from error
        return Snapshot(text, parse(text, f"releases/{self.stack}.yaml"))

    def write(self, before: Snapshot, new: Releases) -> Snapshot:
        """Put `new` in the place of what was read before.

        Args:
            before: What the change was made from.
            new: What is to be there; its revision is a later one.

        Raises:
            ReleaseError: When the file is not what it was, or cannot be written; it is then as it was.
        """
        if new.revision <= before.releases.revision:
            raise ReleaseError(f"revision {new.revision} does not come after revision {before.releases.revision}")
        text = rendered(before.text, new)
        if self.read().text != before.text:
            raise ReleaseError(
                f"releases/{self.stack}.yaml was changed by somebody else in the meantime; nothing was written. Check "
                "it, then run again"
            )
        try:
            _replace(self.path, text)
        except OSError as error:
            raise ReleaseError(f"releases/{self.stack}.yaml cannot be written: {error.strerror}") from error
        return Snapshot(text, new)


def parse(text: str, name: str) -> Releases:
    """The content of a release file, by the rules with which the settings read it.

    Raises:
        ReleaseError: When it is not one.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "releases.yaml"
        file.write_text(text, encoding="utf-8")
        document = read_yaml(file, lambda place: ("releases", *place))
    if document.problems:
        raise ReleaseError(f"{name}: {document.problems[0]}")
    try:
        return Releases.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReleaseError(f"{name}: {place}: {first['msg']}") from None


def rendered(before: str, new: Releases) -> str:
    """The text of a release file with other content; comments and the order of services stay."""
    yaml = _yaml()
    try:
        document: Any = yaml.load(before)  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    except YAMLError as error:
        raise ReleaseError(f"the release file is not YAML: {' '.join(str(error).split())}") from None
    document = _merged(document, plain(new))
    out = io.StringIO()
    yaml.dump(document, out)  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    text = out.getvalue()
    if parse(text, "the release file") != new:
        raise ReleaseError(
            "the release file would be read as something else after the change, because of how a comment stands in it; "
            "put each comment on a line of its own, then run again"
        )
    return text


def plain(releases: Releases) -> dict[str, Any]:
    """The file's content: both slots always, what is optional only where it is set."""
    services: dict[str, Any] = {}
    for name, release in releases.services.items():
        entry = release.model_dump(mode="json")
        services[name] = {key: value for key, value in entry.items() if key in ("live", "slots") or value}
    return {"revision": releases.revision, "services": services}


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.width = 10_000
    yaml.preserve_quotes = True
    yaml.representer.add_representer(type(None), _null)  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    return yaml


def _null(representer: Any, _value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _merged(old: Any, new: Any) -> Any:
    """`new`, in the old one's table where both are tables, so that the comments in it stay."""
    if not (isinstance(old, dict) and isinstance(new, Mapping) and new):
        return new  # pyright: ignore[reportUnknownVariableType] - YAML is anything
    table = cast("dict[str, Any]", old)
    wanted = cast("Mapping[str, Any]", new)
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if key not in table or table[key] != value:
            table[key] = _merged(table.get(key), value)
    return table


def _replace(path: Path, text: str) -> None:
    """Write another file first: whoever reads sees the old one or the new one, also after a crash."""
    mode = path.stat().st_mode & 0o7777 if path.exists() else _MODE
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
