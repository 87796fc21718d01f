"""The gateways' own Traefik plugin, as files: Traefik interprets the Go source, nothing is built."""

from pathlib import Path
from typing import Final

MODULE: Final = "github.com/luxima/correlation"
"""Name of the Go module; Traefik looks for it below `plugins-local/src`."""

FILES: Final = {
    name: (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("correlation.go", ".traefik.yml", "go.mod")
}
"""Text by file name."""
