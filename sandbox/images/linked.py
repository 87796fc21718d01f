"""Shared libraries of programs, which have to come along into an image."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.faults import SandboxError
from sandbox.images.archive import Entry


def unpacked(program: Path) -> tuple[Path, Path]:
    """Where a package was put, which is / for what is installed, and the program itself, which a script may run.

    Raises:
        SandboxError: When it is a script of another kind than that of `tools.debian`.
    """
    program = program.resolve()
    if is_program(program):
        return Path("/"), program
    found = re.search(r'exec "\$here/(.+)" "\$@"', program.read_text(encoding="utf-8"))
    if found is None:
        raise SandboxError(f"{program} is a script: put the program itself on PATH, or none, so that it is built")
    root = program.parent / "root"
    return root, root / found.group(1)


def shared(files: Sequence[Path], root: Path = Path("/")) -> Iterator[Entry]:
    """The shared libraries of these, where their loader finds them.

    Args:
        files: Programs and libraries.
        root: Where their package was put.

    Raises:
        SandboxError: When a library is missing.
    """
    folders = sorted({str(each.parent) for each in root.rglob("*.so*")}) if root != Path("/") else []
    for library in libraries(files, folders):
        place = library.relative_to(root) if library.is_relative_to(root) else library.relative_to("/")
        yield Entry(str(place), library.resolve(), 0o755)


def libraries(files: Sequence[Path], folders: Sequence[str] = ()) -> list[Path]:
    """What the loader would load for these programs and libraries, the loader too; nothing for static ones.

    Args:
        files: Programs and libraries.
        folders: Where the loader looks besides where it always does.

    Raises:
        SandboxError: When a library is missing.
    """
    found = ":".join([*folders, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
    environment = {**os.environ, "LD_LIBRARY_PATH": found} if found else None
    answer = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False, env=environment)
    lost = sorted(set(re.findall(r"^\s+(\S+) => not found", answer.stdout, re.MULTILINE)))
    if lost:
        raise SandboxError(f"{files[0]} lacks shared libraries: {', '.join(lost)}")
    return sorted({Path(path) for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", answer.stdout, re.MULTILINE)})


def is_program(file: Path) -> bool:
    """Whether it is machine code, not a script that needs more than its libraries."""
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"
