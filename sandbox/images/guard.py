"""The repository's own images without their base image: this machine's Python, the packages they import, and they."""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from sandbox.images.archive import RECIPE, Entry, write_layer
from sandbox.images.linked import libraries
from sandbox.layout import ROOT
from tools import cache

PACKAGES: Final = (
    *("annotated-types", "certifi", "charset-normalizer", "dnspython", "idna", "promql-parser", "pydantic"),
    *("pydantic-core", "PyYAML", "requests", "typing-extensions", "typing-inspection", "urllib3"),
)
"""Distributions that they import."""
APP: Final = ("components/__init__.py", "components/dns_update", "release", "settings")
"""What the Dockerfile copies from the repository."""
BACKUP_APP: Final = ("backup", "settings")
"""What backup.Dockerfile copies."""
_HOME: Final = "usr/local"
_LIBRARIES: Final = f"{_HOME}/lib/python-libraries"
_STDLIB: Final = f"{_HOME}/lib/python{sys.version_info.major}.{sys.version_info.minor}"
ENV: Final = (
    f"PATH=/{_HOME}/bin",
    f"PYTHONHOME=/{_HOME}",
    "PYTHONPATH=/packages",
    f"LD_LIBRARY_PATH=/{_LIBRARIES}",
)
"""Where it is found: the interpreter believes that it is where it was made."""
_UNUSED: Final = shutil.ignore_patterns(
    *("__pycache__", "site-packages", "dist-packages", "config-*", "test", "tests", "idlelib", "tkinter", "turtledemo"),
    *("lib2to3", "ensurepip", "pydoc_data", "_test*.so", "_tkinter*.so", "EXTERNALLY-MANAGED"),
)


def app(parts: Sequence[str] = APP) -> list[Entry]:
    """The repository's own code that an image is made of."""
    files: list[Path] = []
    for name in parts:
        path = ROOT / name
        files += [path] if path.is_file() else path.rglob("*.py")
    return [Entry(f"app/{file.relative_to(ROOT)}", file.read_bytes()) for file in files]


def python() -> Path:
    """A layer with the interpreter, its standard library, the packages and their shared libraries, as a tar file.

    Raises:
        SandboxError: When a shared library of this machine's Python is missing.
    """
    executable = Path(sys.executable).resolve()
    versions = [distribution(name).version for name in PACKAGES]
    made_of = (
        RECIPE,
        Path(__file__).read_bytes(),
        sys.version,
        str(executable),
        executable.stat().st_mtime_ns,
        PACKAGES,
        versions,
    )
    key = f"image-python-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]}"
    place = cache.entry(key) / "layer.tar"
    if place.is_file():
        return place
    with cache.filling(key) as (work, _):
        if not place.is_file():
            root, made = work / "root", work / "made"
            made.mkdir()
            _copy(executable, root)
            with (made / "layer.tar").open("wb") as file:
                write_layer(file, [Entry(f"{path.relative_to(root)}", path, _mode(path)) for path in _files(root)])
            cache.keep(made, key)
    return place


def _copy(executable: Path, root: Path) -> None:
    """Lay it out."""
    shutil.copytree(sysconfig.get_path("stdlib"), root / _STDLIB, ignore=_UNUSED)
    for name in PACKAGES:
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = root / "packages" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(str(file.locate())), target)
    # A container cannot write to its image, so that it is compiled here; the sources never change, so nobody asks.
    subprocess.run(
        [
            *(sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(root), "-p", "/", str(root)),
        ],
        check=False,
        capture_output=True,
    )
    program = root / _HOME / "bin" / "python"
    program.parent.mkdir(parents=True)
    shutil.copy(executable, program)
    for library in libraries([executable, *root.rglob("*.so")]):
        # Others are looked for by name, the loader is asked for by its path.
        folder = library.parent.relative_to("/") if library.name.startswith("ld-") else Path(_LIBRARIES)
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / folder / library.name)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
