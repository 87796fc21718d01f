"""Small programs that stand for what `tools` calls, so that it runs as it is: real processes, no network."""

import stat
from pathlib import Path

GO_SCRIPT = """\
case "$1" in
version) echo "go version go{version} linux/amd64" ;;
env) echo "$LUXIMA_CACHE/mod"; echo "$LUXIMA_CACHE/build" ;;
build)
    echo "$@" >>"{folder}/builds"
    while [ "$1" != -o ]; do shift; done
    mkdir -p "$2"
    {build}
    printf '#!/bin/sh\\necho built\\n' >"$2/server"
    chmod +x "$2/server"
    ;;
mod)
    echo "$@" >>"{folder}/builds"
    module="$LUXIMA_CACHE/mod/$3"
    mkdir -p "$module/deploy/crds" "$module/deploy/charts/cert-manager"
    {build}
    ;;
esac
"""


class Machine:
    """A PATH and a cache of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.cache = folder / "cache"
        self.folder = folder
        self.bin.mkdir()

    def program(self, name: str, script: str, folder: Path | None = None) -> Path:
        """Put a shell script on PATH."""
        path = (folder or self.bin) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def go(self, build: str = "", version: str = "1.27.3") -> None:
        """Put a Go on PATH whose builds take the shell commands `build` before they write the program of etcd."""
        self.program("go", GO_SCRIPT.format(version=version, build=build, folder=self.folder))

    def builds(self) -> int:
        """How many builds that Go was asked for."""
        asked = self.folder / "builds"
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    def entries(self) -> list[str]:
        """What lies finished in the cache."""
        return sorted(path.name for path in (self.cache / "tools").glob("*"))

    def unfinished(self) -> list[Path]:
        """What lies half-made in the cache."""
        return list((self.cache / "work").glob("*"))
