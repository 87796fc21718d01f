"""The sandbox's own program: compiled once from `go/`, into the cache."""

import hashlib
import os
from pathlib import Path
from typing import Final

from tools import cache
from tools.running import Job, run

_SOURCE: Final = Path(__file__).parent / "go"
_NAME: Final = "sandbox-program"
_FLAGS: Final = ("-trimpath", "-ldflags", "-s -w")


def built(go: Path) -> Path:
    """The program, static and without dependencies.

    Args:
        go: The Go command.

    Raises:
        ToolError: When it cannot be compiled; names the log.
    """
    digest = hashlib.sha256(repr(_FLAGS).encode())
    for file in sorted(_SOURCE.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    key = f"{_NAME}-{digest.hexdigest()[:12]}"
    place = cache.entry(key) / _NAME
    if place.is_file():
        return place
    with cache.filling(key) as (work, lock):
        if not place.is_file():
            (work / "made").mkdir()
            run(
                [str(go), "build", *_FLAGS, "-o", str(work / "made" / _NAME), "."],
                Job(work, cache.new_log(key), lock),
                what=f"building {_NAME} with Go",
                minutes=0.5,
                folder=_SOURCE,
                environment=_environment(),
            )
            cache.keep(work / "made", key)
    return place


def _environment() -> dict[str, str]:
    """What the other Go programs are built with, so that the compiled standard library is theirs."""
    settings = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    if not os.access(os.environ.get("HOME", ""), os.W_OK):
        settings["GOCACHE"] = str(cache.root() / "go-build")
    return os.environ | settings
