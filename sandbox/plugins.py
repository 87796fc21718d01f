"""Which plugin serves a package: a published one where the engine finds it, one that is built, or a local one."""

import importlib.metadata
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.faults import SandboxError
from sandbox.layout import ROOT, EngineFolder
from tools import ensure

_BUILT = ("kubernetes",)
"""Packages whose official plugin can be built: its code is a Go module."""

_DRIVEN = ("minio", "proxmoxve", "random")
"""Packages whose servers are here: an official plugin drives them as well as the local one."""

_ALWAYS_LOCAL = ("command", "docker")
"""Packages that talk to machines by SSH: these are not here, or are reached in another way."""


@dataclass(frozen=True)
class Plugins:
    """What was decided."""

    published: Mapping[str, Path]
    """Published plugins in use, by package."""
    built: tuple[str, ...]
    """Packages whose official plugin is built here."""
    folder: Path | None
    """The user's plugin folder, when there is one."""

    @property
    def programs(self) -> tuple[str, ...]:
        """What has to be built, as `tools` knows it."""
        return tuple(f"pulumi-resource-{package}" for package in self.built)

    @property
    def official(self) -> frozenset[str]:
        """Packages that an official plugin serves."""
        return frozenset({*self.published, *self.built})

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of plugin that serves each package."""
        return {package: "official" if package in self.official else "local" for package in (*_BUILT, *_DRIVEN)}


def choose(search: str) -> Plugins:
    """Decide which plugins are used.

    Args:
        search: The PATH on which published plugins are looked for.
    """
    folder = user_folder()
    found = {package: find_official(package, search, folder) for package in (*_BUILT, *_DRIVEN)}
    published = {package: path for package, path in found.items() if path is not None}
    return Plugins(published, tuple(package for package in _BUILT if package not in published), folder)


def require_same(stack: str, chosen: Plugins, before: Mapping[str, str]) -> None:
    """Refuse to go on with a state that another kind of plugin made: each keeps other things in it.

    Args:
        stack: The stack.
        chosen: The plugins that are here now.
        before: The kinds that made the state; a package that is missing was served by a local one.

    Raises:
        SandboxError: When one is of another kind.
    """
    for package, kind in chosen.kinds.items():
        made = before.get(package, "local")
        if made != kind:
            raise SandboxError(
                f"the state of stack {stack} was made with the {made} plugin for {package}, and the {kind} one is used "
                f"now, which would make its resources anew: run make clean STACK={stack}, then make up"
            )


def write(engine: EngineFolder, chosen: Plugins, search: str) -> None:
    """Put what the engine finds first on its PATH in place; builds what is missing.

    Args:
        engine: Its folder.
        chosen: The plugins.
        search: The PATH on which the rest is looked for.

    Raises:
        ToolError: When a plugin cannot be built.
    """
    scripts = {
        f"pulumi-resource-{package}": f'-m sandbox.providers.{package} "$@"'
        for package in (*_DRIVEN, *_ALWAYS_LOCAL)
        if package not in chosen.published
    }
    helpers = {
        "pulumi-resource-pulumi-python": '-m pulumi.dynamic "$@"',
        "pulumi-analyzer-policy-python": '-m pulumi.policy "$1" "$2"',
    }
    scripts |= {name: run for name, run in helpers.items() if shutil.which(name, path=search) is None}
    built = ensure(*chosen.programs)
    engine.bin.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in engine.bin.iterdir():
        if path.name not in scripts:
            path.unlink()
    for name, run in scripts.items():
        _write_script(engine.bin / name, run)
    for name, program in built.items():
        _link(engine.bin / name, program)
    _link(engine.home / "plugins", chosen.folder)


def user_folder() -> Path | None:
    """The plugin folder of the user's own engine."""
    home = os.environ.get("PULUMI_HOME")
    folder = (Path(home) if home else Path.home() / ".pulumi") / "plugins"
    # Path.is_dir raises where this user may not look.
    return folder.resolve() if os.path.isdir(folder) else None  # noqa: PTH112


def find_official(package: str, search: str, folder: Path | None) -> Path | None:
    """An official plugin for the installed SDK: on PATH, or in the folder in the SDK's version or a later one."""
    program = f"pulumi-resource-{package}"
    on_path = shutil.which(program, path=search)
    if on_path:
        return Path(on_path)
    if folder is None:
        return None
    needed = _version(importlib.metadata.version(f"pulumi-{package}"))
    for candidate in sorted(folder.glob(f"resource-{package}-v*"), reverse=True):
        version = _version(candidate.name.removeprefix(f"resource-{package}-v"))
        if needed and version and version[0] == needed[0] and version >= needed and (candidate / program).is_file():
            return candidate / program
    return None


def _version(text: str) -> tuple[int, int, int] | None:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _write_script(path: Path, run: str) -> None:
    root, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    content = f"#!/bin/sh\nPYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} exec {python} -u {run}\n"
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return
    path.unlink(missing_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(0o700)


def _link(link: Path, target: Path | None) -> None:
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if link.is_symlink() and (target is None or link.readlink() != target):
        link.unlink()
    if target is not None and not link.exists():
        link.symlink_to(target)
