"""The image table: which program of this machine stands for which image, and whether the agent is on at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sandbox.faults import SandboxError
from sandbox.layout import Layout


@dataclass(frozen=True)
class Program:
    """What is run instead of an image.

    In all texts `{address}`, `{port}` (the container's first port), `{port:NAME}`, `{folder}` (the pod's own),
    `{image}`, `{pod}` and `{namespace}` are filled in.
    """

    command: tuple[str, ...]
    """Program and arguments; the element `{args}` stands for the container's own arguments."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables besides the container's own."""
    rewrites: tuple[tuple[str, str], ...] = ()
    """Pairs of a regular expression and what replaces it in arguments and in files of ConfigMaps."""


@dataclass(frozen=True)
class ImageTable:
    """Programs by image: a whole reference, a digest, or a repository."""

    programs: Mapping[str, Program]

    def find(self, image: str) -> Program | None:
        """The program of an image, the most exact entry first; None for one that is only simulated."""
        name, _, digest = image.partition("@")
        head, _, last = name.rpartition("/")
        repository = f"{head}/{last.partition(':')[0]}".lstrip("/")
        for key in (image, digest, name, repository):
            if key and key in self.programs:
                return self.programs[key]
        return None


def folder(layout: Layout) -> Path:
    """Everything the agent keeps: its table, `addresses.json`, the pods' folders, process records and logs."""
    return layout.base / "agent"


def table_file(layout: Layout) -> Path:
    """The table in use."""
    return folder(layout) / "images.json"


def addresses_file(layout: Layout) -> Path:
    """Where `ADDRESS:PORT` and `SERVICE.NAMESPACE.svc:PORT` of the cluster are on loopback, as a JSON object."""
    return folder(layout) / "addresses.json"


def enabled(layout: Layout) -> bool:
    """Whether pods with a slot are to run as processes."""
    return table_file(layout).exists()


def enable(layout: Layout, source: Path) -> None:
    """Turn the agent on for this stack, until `disable` or `clean`; also how a table is replaced while it runs.

    Raises:
        SandboxError: When the table cannot be read or is none.
    """
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SandboxError(f"{source}: the image table cannot be read ({error})") from error
    parse(text, str(source))
    target = table_file(layout)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)


def disable(layout: Layout) -> None:
    """Have all pods simulated again, from the next `up` on."""
    table_file(layout).unlink(missing_ok=True)
    addresses_file(layout).unlink(missing_ok=True)


def load(path: Path) -> ImageTable:
    """The table of a file; an empty one when there is none.

    Raises:
        SandboxError: When it is not a table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ImageTable({})
    return parse(text, str(path))


def parse(text: str, origin: str) -> ImageTable:
    """A table from JSON: `{"IMAGE": {"command": […], "environment": {…}, "rewrites": [["PATTERN", "TEXT"], …]}}`.

    Raises:
        SandboxError: With what is wrong and where.
    """
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise SandboxError(f"{origin}: the image table is no JSON ({error})") from error
    if not isinstance(content, dict):
        raise SandboxError(f"{origin}: the image table has to be an object with one entry an image")
    entries = cast("dict[str, Any]", content)
    return ImageTable({image: _program(raw, f"{origin}: {image}") for image, raw in entries.items()})


def _program(raw: object, where: str) -> Program:
    if not isinstance(raw, dict):
        raise SandboxError(f"{where} has to be an object with `command`")
    entry = cast("dict[str, Any]", raw)
    unknown = sorted(set(entry) - {"command", "environment", "rewrites"})
    if unknown:
        raise SandboxError(f"{where} has the unknown key {unknown[0]!r}")
    command = entry.get("command")
    if not isinstance(command, list) or not command:
        raise SandboxError(f"{where}: `command` has to be a list of a program and its arguments")
    try:
        return Program(
            tuple(str(word) for word in cast("list[object]", command)),
            {str(key): str(value) for key, value in entry.get("environment", {}).items()},
            tuple((str(pattern), str(text)) for pattern, text in entry.get("rewrites", [])),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise SandboxError(
            f"{where}: `environment` has to be an object of texts, `rewrites` a list of pairs of texts"
        ) from error
