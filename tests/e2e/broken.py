"""Machines on which something is wrong, for commands that are to say so."""

import os
import stat
import subprocess
import sys
from pathlib import Path

_SANDBOX = (sys.executable, "-m", "sandbox")


def broken_tools(folder: Path) -> dict[str, str]:
    """An empty cache, and a Go that cannot build; no tool of the project is on this PATH."""
    programs = folder / "broken"
    programs.mkdir()
    go = programs / "go"
    go.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo "go version go1.99.0 linux/amd64" && exit 0\n'
        'echo "internal compiler error: out of registers" >&2\nexit 2\n'
    )
    go.chmod(go.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{programs}{os.pathsep}/usr/bin:/bin", "LUXIMA_CACHE": str(folder / "broken-cache")}


_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
_SMALL_DISK = """\
size=$(du -s -k "$1" | cut -f1) && cp -a "$1" "$2" && mount -t tmpfs -o size=$((size + 512))k tmpfs "$1" &&
cp -a "$2"/. "$1" && { cat /dev/zero > "$1/filler" 2>/dev/null; shift 2; exec "$@"; }
"""


def another_disk(folder: Path, spare: Path, *arguments: str) -> list[str]:
    """A command that runs `python -m sandbox ARGUMENT…` with a folder that is a disk of its own, with no room left.

    Only that command sees the disk, which is gone when it ends. Empty where this user may not mount one.
    """
    if subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        return []
    return [*_NAMESPACE, "sh", "-c", _SMALL_DISK, "sh", str(folder), str(spare), *_SANDBOX, *arguments]


def full_disk(*arguments: str) -> list[str]:
    """A command that runs `python -m sandbox ARGUMENT…` and tells it that 3 MiB are left on every disk."""
    usage = 'collections.namedtuple("usage", "total used free")(2**30, 2**30 - 3 * 2**20, 3 * 2**20)'
    program = f"""\
import collections, runpy, shutil
shutil.disk_usage = lambda folder: {usage}
runpy.run_module("sandbox", run_name="__main__", alter_sys=True)
"""
    return [sys.executable, "-c", program, *arguments]
