"""Which plugin serves a package: an official one where the engine finds it, else this checkout's local provider."""

import importlib.metadata
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.layout import ROOT, EngineFolder

_DRIVEN = ("kubernetes", "minio", "proxmoxve", "random")
"""Packages whose servers are here: an official plugin drives them as well as the local one."""

_ALWAYS_LOCAL = ("command", "docker")
"""Packages that talk to machines which are not here."""


@dataclass(frozen=True)
class Plugins:
    """What was decided."""

    official: Mapping[str, Path]
    """Official plugins in use, by package."""
    folder: Path | None
    """The user's plugin folder, when there is one."""


def write(engine: EngineFolder, search: str) -> Plugins:
    """Write the scripts that the engine finds first on its PATH.

    Args:
        engine: Its folder.
        search: The PATH on which official plugins are looked for.
    """
    folder = user_folder()
    official = {package: path for package in _DRIVEN if (path := find_official(package, search, folder)) is not None}
    scripts = {
        f"pulumi-resource-{package}": f'-m sandbox.providers.{package} "$@"'
        for package in (*_DRIVEN, *_ALWAYS_LOCAL)
        if package not in official
    }
    helpers = {
        "pulumi-resource-pulumi-python": '-m pulumi.dynamic "$@"',
        "pulumi-analyzer-policy-python": '-m pulumi.policy "$1" "$2"',
    }
    scripts |= {name: run for name, run in helpers.items() if shutil.which(name, path=search) is None}
    engine.bin.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in engine.bin.iterdir():
        if path.name not in scripts:
            path.unlink()
    for name, run in scripts.items():
        _write_script(engine.bin / name, run)
    _link(engine.home / "plugins", folder)
    return Plugins(official, folder)


def user_folder() -> Path | None:
    """The plugin folder of the user's own engine."""
    home = os.environ.get("PULUMI_HOME")
    folder = (Path(home) if home else Path.home() / ".pulumi") / "plugins"
    return folder.resolve() if folder.is_dir() else None


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
