"""`backup`: the command line in the containers that make backups; on a real Docker host a person has it by SSH."""

import argparse
import re
import subprocess
from collections.abc import Sequence
from typing import Final

from sandbox import credentials
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.lock import exclusive
from sandbox.report.console import say
from sandbox.servers import docker
from sandbox.verbs.session import check_settings
from settings import Settings
from settings.backup import KINDS, container
from tools import ensure

_FOLDER: Final = "schema"
"""In the volume of the database's container: what all of it is restored to, for one schema."""
_CLEAR: Final = f"import os, shutil; shutil.rmtree('/var/lib/backup/{_FOLDER}', True)"
_LOAD: Final = '. /run/luxima/env; printf "%s\\n" "$PGPASSWORD" | sh /etc/luxima/restore-schema.sh "$@"'
"""What a container does that has PostgreSQL's volumes: nobody else is told the password."""
_SCHEMA: Final = re.compile("[a-z0-9_]+")


def run(layout: Layout, arguments: Sequence[str]) -> int:
    """Ask all containers, or the one that restores; gives the exit code, which is the worst.

    Args:
        layout: The stack.
        arguments: `status` or `run`; or `restore`, what (such as `object-storage/media/2026`) and more options, of
            which `--schema` brings one schema of the database back.

    Raises:
        SandboxError: When there is no such kind, or the stack's containers are only recorded.
    """
    verb, *rest = arguments
    kinds = {kind.replace("_", "-"): container(kind) for kind in KINDS}
    if verb != "restore":
        client = _client(layout, check_settings(layout)[1])
        return max(_exec(client, name, [verb, *rest]) for name in kinds.values())
    what, *options = rest or [""]
    kind, _, part = what.partition("/")
    if kind not in kinds:
        raise SandboxError(
            f"WHAT is {what!r}: give one of {', '.join(kinds)}, and after a slash a part of it, such as "
            "WHAT=object-storage/media/2026"
        )
    schema = _schema(what, options)
    _, settings = check_settings(layout)
    client = _client(layout, settings)
    if schema is not None:
        with exclusive(layout, "restore"):
            return _restore_schema(client, settings, schema)
    # A person gives a key of their own; here it is the administrator's.
    secret = credentials.load_or_make(layout.secrets).stack["minioRootPassword"]
    key = f"{settings.storage.root_user}\n{secret}\n"
    return _exec(client, kinds[kind], ["restore", f"--what={part}", *options], key)


def _schema(what: str, options: Sequence[str]) -> argparse.Namespace | None:
    """The options of a restore of one schema; None where no schema is named."""
    parser = argparse.ArgumentParser(prog="backup restore", add_help=False, allow_abbrev=False)
    for name in ("--schema", "--at", "--to"):
        parser.add_argument(name)
    for name in ("--over", "--dry-run"):
        parser.add_argument(name, action="store_true")
    told, _ = parser.parse_known_args(options)
    if told.schema is None:
        return None
    if what != "database":
        raise SandboxError(f"SCHEMA is {told.schema!r} and WHAT {what!r}: only WHAT=database has schemas")
    for name, value in (("SCHEMA", told.schema), ("TO", told.to)):
        if value is not None and not _SCHEMA.fullmatch(value):
            raise SandboxError(f"{name} is {value!r}, no name of a schema: give small letters, digits and _")
    return told


def _restore_schema(client: Sequence[str], settings: Settings, told: argparse.Namespace) -> int:
    """Restore all of the database beside, load one schema of it into the one that runs, and throw the rest away."""
    clear = [*client, "exec", container("database"), "python", "-c"]
    say("the whole database is restored into a folder that is thrown away afterwards; the one that runs is not touched")
    # A run that was killed has left it.
    begun = subprocess.run([*clear, f"{_CLEAR}; os.mkdir('/var/lib/backup/{_FOLDER}', 0o700)"], check=False)
    if begun.returncode:
        return begun.returncode
    try:
        at = [] if told.at is None else [f"--at={told.at}"]
        code = _exec(client, container("database"), ["restore", f"--to=/var/lib/backup/{_FOLDER}/data", *at])
        return code or subprocess.run(_loading(client, settings, told), check=False).returncode
    finally:
        subprocess.run([*clear, _CLEAR], check=False)


def _loading(client: Sequence[str], settings: Settings, told: argparse.Namespace) -> list[str]:
    """What runs the script that PostgreSQL's container has, beside it, with no network."""
    image = subprocess.run(
        [*client, "inspect", "--format={{.Image}}", "supabase-db"], capture_output=True, text=True, check=True
    ).stdout.strip()
    state = f"{container('database')}-state"
    return [
        *(*client, "run", "--rm", "--network=none", f"--user={settings.database.user_id}:0", "--tmpfs=/tmp"),
        *("--volumes-from=supabase-db:ro", f"--volume={state}:/restored", "--entrypoint=sh", image, "-euc", _LOAD),
        *("sh", f"/restored/{_FOLDER}/data", told.schema, *([] if told.to is None else [f"--to={told.to}"])),
        *(["--over"] * told.over + ["--dry-run"] * told.dry_run),
    ]


def _client(layout: Layout, settings: Settings) -> list[str]:
    """Docker's command line, which asks the host that makes backups."""
    engine = docker.reachable(layout, settings).get(settings.compute.vms[settings.backup.host].address)
    if engine is None:
        raise SandboxError(
            f"no container of stack {layout.stack} runs: it is down, or they are only recorded; see make status"
        )
    return [str(ensure("docker-engine")["docker-engine"]), "docker", "--host", engine]


def _exec(client: Sequence[str], name: str, words: Sequence[str], said: str = "") -> int:
    command = [*client, "exec", "--interactive", name, "python", "-m", "backup", *words]
    return subprocess.run(command, input=said, text=True, check=False).returncode
