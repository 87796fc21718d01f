"""Make an image of each name: one archive, from the cache when nothing that goes into it has changed."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sandbox.faults import SandboxError
from sandbox.images import database, guard, program
from sandbox.images.archive import RECIPE, Config, Entry, Layer, write
from sandbox.images.linked import shared, unpacked
from sandbox.images.model import Image, ImageError, repository, tag
from sandbox.images.table import (
    BACKUP,
    GUARD,
    HOLDER,
    PROGRAM,
    REAL,
    SERVICE,
    STAND_INS,
    is_backup,
    is_guard,
    is_holder,
    is_service,
)
from tools import ToolError, cache
from tools.table import PROGRAMS
from tools.versions import ask, dotted

_KEPT_SECONDS: Final = 86_400
"""How long an archive is kept that was replaced by another; somebody may be loading it."""
_AUTHORITIES: Final = "etc/ssl/certs/ca-certificates.crt"
_KEPT: Final = ("/var/lib/backup", "/var/lib/node-exporter")
"""Folders of the image of backups that volumes take the owner from."""
_USERS: Final = {"root": 0, "postgres": database.USER, "luxima": 10001, "nobody": 65534, "pause": 65535}
_NOTHING: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


@dataclass(frozen=True)
class _Content:
    """What an image is made of."""

    program: str
    layers: Sequence[Layer]
    config: Config
    unseen: str = ""


def programs(references: Iterable[str]) -> list[str]:
    """Names in `tools.table` of what has to be had (`tools.ensure`) before these images are made."""
    needed: set[str] = set()
    for reference in references:
        if (real := REAL.get(repository(reference))) is not None:
            needed |= {real.program, *(["go"] if real.poses else [])}
            needed |= set(database.PROGRAMS) if real.program in database.PROGRAMS else set()
        elif is_backup(reference):
            needed |= {"pgbackrest", "rclone"}
        elif not is_guard(reference):
            stand_in = STAND_INS.get(repository(reference))
            needed |= {"go", *(database.PROGRAMS if stand_in is not None and stand_in.calls else ())}
    return sorted(needed)


def make(
    references: Iterable[str], programs: Mapping[str, Path], behaviour: Mapping[str, Mapping[str, str]] = _NOTHING
) -> list[Image]:
    """Have an archive of each image.

    Args:
        references: Names as the manifests have them; each is made once.
        programs: Where each program is that `programs()` names.
        behaviour: Environment that is put into an image besides its own, by reference.

    Raises:
        ImageError: When one cannot be made.
    """
    return [_make(reference, programs, behaviour.get(reference, {})) for reference in dict.fromkeys(references)]


def _make(reference: str, programs: Mapping[str, Path], behaviour: Mapping[str, str]) -> Image:
    try:
        content = _content(reference, programs)
        env = (*content.config.env, *(f"{name}={value}" for name, value in sorted(behaviour.items())))
        archive = _archive(reference, replace(content, config=replace(content.config, env=env)))
    except OSError as error:
        raise ImageError(reference, f"{error.filename or cache.root()}: {error.strerror}") from error
    except (ToolError, SandboxError) as error:
        raise ImageError(reference, str(error)) from error
    return Image(reference, content.program, not content.unseen, content.unseen, archive)


def _content(reference: str, programs: Mapping[str, Path]) -> _Content:
    """What is in the image of that name."""
    name, base = repository(reference), _base()
    if (real := REAL.get(name)) is not None:
        path = _given(programs, real.program)
        lacks = f" without {real.lacks}" if real.lacks else ""
        said = f"{real.program} {_version(real.program, path)}{lacks}"
        if real.program in database.PROGRAMS:
            return _Content(said, [base, database.layer(programs)], real.config)
        posing = [[_own(programs)], _posing(real.poses)] if real.poses else []
        layers = [base, [*_linked(real.config.entrypoint[0], path), *_folder(real.config)], *posing]
        return _Content(said, layers, real.config)
    if is_guard(reference):
        config = replace(GUARD, env=(*guard.ENV, *GUARD.env, f"SSL_CERT_FILE=/{_AUTHORITIES}"))
        return _Content("release.guard of this checkout", [base, guard.python(), guard.app()], config)
    if is_backup(reference):
        config = replace(BACKUP, env=(*guard.ENV, *BACKUP.env, f"SSL_CERT_FILE=/{_AUTHORITIES}"))
        kept = [Entry(folder.removeprefix("/"), mode=0o775, owner=_USERS["luxima"], group=0) for folder in _KEPT]
        copies = [_linked(f"/usr/local/bin/{name}", _given(programs, name)) for name in ("pgbackrest", "rclone")]
        layers = [base, guard.python(), *copies, kept, guard.app(guard.BACKUP_APP)]
        return _Content("backup of this checkout", layers, config)
    stand_in = STAND_INS.get(name)
    if stand_in is not None:
        said, config, unseen = "stand-in", stand_in.config, stand_in.unseen
    elif is_holder(reference):
        said, config, unseen = "pause of the sandbox", HOLDER, ""
    elif is_service(reference):
        said, config, unseen = "example service", replace(SERVICE, env=(*SERVICE.env, f"IMAGE={reference}")), ""
    else:
        raise SandboxError(f"nothing is known that could be in it: add {name} to sandbox/images/table.py")
    # In a layer of its own, which all of these images share once they are loaded.
    posing = _posing(stand_in.poses if stand_in else ())
    client = database.client(programs) if stand_in is not None and stand_in.calls else []
    return _Content(said, [base, [_own(programs)], *(layer for layer in (client, posing) if layer)], config, unseen)


def _own(programs: Mapping[str, Path]) -> Entry:
    return _executable(PROGRAM, program.built(_given(programs, "go")))


def _posing(commands: Iterable[str]) -> list[Entry]:
    return [Entry(f"bin/{each}", link=PROGRAM) for each in commands]


def _given(programs: Mapping[str, Path], name: str) -> Path:
    if name not in programs:
        raise SandboxError(f"the program {name} was not given")
    return programs[name]


def _base() -> list[Entry]:
    """What every image has: users, authorities, name lookup, and a place for temporary files."""
    authorities = Path("/", _AUTHORITIES)
    users = _USERS.items()
    return [
        Entry("etc/group", "".join(f"{name}:x:{number}:\n" for name, number in users).encode()),
        Entry("etc/nsswitch.conf", b"hosts: files dns\n"),
        Entry(
            "etc/passwd", "".join(f"{name}:x:{number}:{number}::/:/sbin/nologin\n" for name, number in users).encode()
        ),
        Entry(_AUTHORITIES, authorities.read_bytes() if authorities.is_file() else b""),
        Entry("tmp", mode=0o1777),
    ]


def _executable(place: str, source: Path) -> Entry:
    return Entry(place.removeprefix("/"), source.resolve(), 0o755)


def _linked(place: str, source: Path) -> list[Entry]:
    """A program that may come from PATH or of Debian's package, with its shared libraries, if it is not static."""
    root, program = unpacked(source)
    return [_executable(place, program), *shared([program], root)]


def _folder(config: Config) -> list[Entry]:
    """The working directory, which belongs to the image's user."""
    if config.folder == "/":
        return []
    return [Entry(config.folder.removeprefix("/"), mode=0o755, owner=int(config.user or 0))]


def _version(name: str, path: Path) -> str:
    """The pinned version of what was built here, which does not say it; else what the program says."""
    known = PROGRAMS[name]
    said = None if path.is_relative_to(cache.root()) else ask(path, known.check)
    return dotted(said or known.source.numbers)


def _archive(reference: str, content: _Content) -> Path:
    """The archive from the cache, made first when it is not there."""
    name = repository(reference)
    family = f"image-{name.rpartition('/')[2]}-{hashlib.sha256(reference.encode()).hexdigest()[:8]}"
    made_of = (RECIPE, tag(reference), content.config, [_identity(layer) for layer in content.layers])
    key = f"{family}-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]}"
    place = cache.entry(key) / "image.tar"
    if not place.is_file():
        with cache.filling(key) as (work, _):
            if not place.is_file():
                cache.require_space(work, 2**20 + sum(map(_size, content.layers)), "its archive")
                (work / "made").mkdir()
                write(work / "made" / "image.tar", tag(reference), content.layers, content.config)
                cache.keep(work / "made", key)
    with suppress(FileNotFoundError):
        os.utime(place.parent)
    _forget(family, key)
    return place


def _identity(layer: Layer) -> object:
    """Changes when the layer does: contents that are at hand, of files name, size and time."""
    if isinstance(layer, Path):
        return _stamp(layer)
    return [
        (
            entry.path,
            entry.mode,
            entry.owner,
            entry.group,
            _stamp(entry.content) if isinstance(entry.content, Path) else entry.content,
            entry.link,
        )
        for entry in layer
    ]


def _stamp(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return str(file), status.st_size, status.st_mtime_ns


def _size(layer: Layer) -> int:
    if isinstance(layer, Path):
        return layer.stat().st_size
    contents = [entry.content for entry in layer]
    return sum(each.stat().st_size if isinstance(each, Path) else len(each or b"") for each in contents)


def _forget(family: str, key: str) -> None:
    """Remove what was made of the same name from what is no longer so."""
    for old in cache.entry(key).parent.glob(f"{family}-*"):
        with suppress(FileNotFoundError):
            if old.name != key and time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
