"""Docker archives: `manifest.json`, a configuration and layers in one tar file, the same bytes from the same content.

Both the Docker engine's load and containerd's import take them. Nothing is compressed: it would take longer than to
copy it.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

RECIPE: Final = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
"""For the keys of what is kept: archives are made anew when this module writes others."""
_EPOCH: Final = "1970-01-01T00:00:00Z"
_CHUNK: Final = 2**20
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Entry:
    """A file or a folder of a layer."""

    path: str
    """Where it lies, without a slash at the start."""
    content: bytes | Path | None = None
    """What is in the file, or the file that it is a copy of; None for a folder."""
    mode: int = 0o644
    """Permissions."""
    owner: int = 0
    """User, and group unless that is another one."""
    group: int | None = None
    """Group."""
    link: str = ""
    """What it is a symbolic link to, instead of having content."""


Layer = Sequence[Entry] | Path
"""Entries, or a tar file that was made of them."""


@dataclass(frozen=True)
class Config:
    """How containers of the image are run unless they say otherwise."""

    entrypoint: Sequence[str]
    """Program and arguments that are always given."""
    command: Sequence[str] = ()
    """Arguments that those of a manifest replace."""
    user: str = ""
    """User, as `uid` or `uid:gid`; root when empty."""
    folder: str = "/"
    """Working directory."""
    env: Sequence[str] = ()
    """Environment, as `NAME=value`."""


def write(file: Path, tag: str, layers: Sequence[Layer], config: Config) -> None:
    """Write an archive.

    Args:
        file: The archive; it is overwritten.
        tag: Name and tag that it is loaded under.
        layers: What is in it, from the lowest layer on.
        config: How it is run.

    Raises:
        OSError: When it cannot be written, or what is to be in it cannot be read.
    """
    with file.open("wb") as archive:
        digests = [_add_layer(archive, layer) for layer in layers]
        described = _json(
            {
                "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
                "os": "linux",
                "created": _EPOCH,
                "config": {
                    "User": config.user,
                    "Env": list(config.env),
                    "Entrypoint": list(config.entrypoint),
                    "Cmd": list(config.command) or None,
                    "WorkingDir": config.folder,
                },
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
                "history": [{"created": _EPOCH, "created_by": "sandbox.images"} for _ in digests],
            }
        )
        name = f"{hashlib.sha256(described).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [tag], "Layers": [_layer_name(digest) for digest in digests]}]
        with tarfile.open(fileobj=archive, mode="w|") as rest:
            for path, text in ((name, described), ("manifest.json", _json(manifest))):
                rest.addfile(_header(Entry(path, text), len(text)), io.BytesIO(text))


def write_layer(out: IO[bytes], entries: Sequence[Entry]) -> None:
    """Write a layer as a tar file, sorted."""
    with tarfile.TarFile(fileobj=out, mode="w", copybufsize=_CHUNK) as layer:
        for entry in sorted(entries, key=lambda each: each.path):
            match entry.content:
                case None if entry.link:
                    header = _header(entry, 0)
                    header.type, header.linkname = tarfile.SYMTYPE, entry.link
                    layer.addfile(header)
                case None:
                    layer.addfile(_header(entry, 0))
                case bytes(text):
                    layer.addfile(_header(entry, len(text)), io.BytesIO(text))
                case Path() as source:
                    with source.open("rb") as opened:
                        layer.addfile(_header(entry, source.stat().st_size), opened)


def _add_layer(archive: BinaryIO, layer: Layer) -> str:
    """Append a layer and return its digest; its name is that, so its header is written when it is known."""
    start = archive.tell()
    archive.write(bytes(tarfile.BLOCKSIZE))
    out = _Hashing(archive)
    if isinstance(layer, Path):
        with layer.open("rb") as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
    else:
        write_layer(out, layer)
    size = archive.tell() - start - tarfile.BLOCKSIZE
    archive.write(bytes(-size % tarfile.BLOCKSIZE))
    end = archive.tell()
    digest = out.digest.hexdigest()
    archive.seek(start)
    archive.write(_header(Entry(_layer_name(digest), b""), size).tobuf())
    archive.seek(end)
    return digest


class _Hashing(io.BytesIO):
    """A file that is written, and the digest of what was."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out
        self.digest = hashlib.sha256()

    def write(self, data: Any, /) -> int:
        self.digest.update(data)
        return self._out.write(data)

    def tell(self) -> int:
        return self._out.tell()


def _layer_name(digest: str) -> str:
    return f"{digest}/layer.tar"


def _header(entry: Entry, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.size, header.mode, header.uid = size, entry.mode, entry.owner
    header.gid = entry.owner if entry.group is None else entry.group
    if entry.content is None:
        header.type = tarfile.DIRTYPE
    return header


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
