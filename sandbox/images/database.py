"""PostgreSQL in the place of Supabase's image: Debian's, with the roles that Supabase's parts log in as."""

import os
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from sandbox.faults import SandboxError
from sandbox.images.archive import Config, Entry
from sandbox.images.linked import shared, unpacked

PROGRAMS: Final = ("postgres", "busybox-static")
"""Names in `tools.table` of what it is made of."""
USER: Final = 105
"""Number of the user postgres, as in Supabase's image."""
CONFIG: Final = Config(
    ("docker-entrypoint.sh",),
    ("postgres",),
    "postgres",
    env=("PATH=/usr/local/bin:/usr/lib/postgresql/bin:/bin", "PGDATA=/var/lib/postgresql/data", "LC_ALL=C"),
)
_ENTRY: Final = "docker-entrypoint.sh"
COMMANDS: Final = (
    "initdb",
    "pg_basebackup",
    "pg_controldata",
    "pg_ctl",
    "pg_dump",
    "pg_isready",
    "pg_restore",
    "pg_rewind",
    "psql",
)
"""Programs beside the server."""
_SHELL: Final = (
    *("cat", "cmp", "cp", "cut", "date", "diff", "grep", "head", "id", "ls", "mkdir", "mktemp", "mv", "od", "rm"),
    *("sed", "sh", "sleep", "sync", "tail", "touch", "tr", "wc"),
)
_KEPT: Final = ("etc/postgresql-custom", "var/lib/postgresql", "var/run/postgresql")
"""Folders that volumes take the owner from."""
_CONF: Final = b"shared_preload_libraries = 'pg_stat_statements'\n"
_COMPILER: Final = ("bitcode", "llvmjit")
"""What compiles queries: 100 MiB of libraries that no test needs."""


def layer(programs: Mapping[str, Path]) -> list[Entry]:
    """The layer with all of it.

    Args:
        programs: Where those of PROGRAMS are.

    Raises:
        SandboxError: When PostgreSQL is installed in another way than Debian's, or a library is missing.
    """
    root, server = unpacked(programs["postgres"])
    installed = server.parent.parent
    share = root / "usr/share/postgresql" / installed.name
    if not (share / "postgresql.conf.sample").is_file():
        raise SandboxError(f"{server} is not Debian's PostgreSQL, there is no {share}: take it from PATH")
    place = f"usr/lib/postgresql/{installed.name}"
    commands = [server, *(server.parent / name for name in COMMANDS)]
    loaded = [each for each in sorted((installed / "lib").glob("*.so")) if not each.name.startswith(_COMPILER)]
    found = [Entry(f"{place}/bin/{each.name}", each.resolve(), 0o755) for each in commands]
    found += [Entry(f"{place}/lib/{each.name}", each.resolve(), 0o755) for each in loaded]
    found += shared([*commands, *loaded], root)
    found += [Entry(f"usr/share/postgresql/{installed.name}/{path}", file) for path, file in _files(share)]
    found.append(Entry("usr/lib/postgresql/bin", link=f"/{place}/bin"))
    found.append(Entry("bin/busybox", unpacked(programs["busybox-static"])[1], 0o755))
    found += [Entry(f"bin/{name}", link="busybox") for name in _SHELL]
    found += [Entry(folder, mode=0o775, owner=USER, group=0) for folder in _KEPT]
    text = files(__package__ or "").joinpath(_ENTRY).read_bytes()
    return [*found, Entry(f"usr/local/bin/{_ENTRY}", text, 0o755), Entry("etc/postgresql/postgresql.conf", _CONF)]


def client(programs: Mapping[str, Path]) -> list[Entry]:
    """The client alone, psql, in /bin.

    Args:
        programs: Where those of PROGRAMS are.
    """
    root, server = unpacked(programs["postgres"])
    program = server.parent / "psql"
    return [Entry("bin/psql", program.resolve(), 0o755), *shared([program], root)]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, _, names in os.walk(folder):
        for name in names:
            if "/man" not in where:
                file = Path(where, name)
                yield str(file.relative_to(folder)), file.resolve()
