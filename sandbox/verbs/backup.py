"""`backup`: the command line in the containers that make backups; on a real Docker host a person has it by SSH."""

import subprocess
from collections.abc import Sequence

from sandbox import credentials
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.servers import docker
from sandbox.verbs.session import check_settings
from settings import Settings
from settings.backup import KINDS, container
from tools import ensure


def run(layout: Layout, arguments: Sequence[str]) -> int:
    """Ask all containers, or the one that restores; gives the exit code, which is the worst.

    Args:
        layout: The stack.
        arguments: `status` or `run`; or `restore`, what (such as `object-storage/media/2026`) and more options.

    Raises:
        SandboxError: When there is no such kind, or the stack's containers are only recorded.
    """
    _, settings = check_settings(layout)
    verb, *rest = arguments
    kinds = {kind.replace("_", "-"): container(kind) for kind in KINDS}
    if verb != "restore":
        return max(_exec(layout, settings, name, [verb, *rest]) for name in kinds.values())
    what, *options = rest or [""]
    kind, _, part = what.partition("/")
    if kind not in kinds:
        raise SandboxError(
            f"WHAT is {what!r}: give one of {', '.join(kinds)}, and after a slash a part of it, such as "
            "WHAT=object-storage/media/2026"
        )
    # A person gives a key of their own; here it is the administrator's.
    secret = credentials.load_or_make(layout.secrets).stack["minioRootPassword"]
    key = f"{settings.storage.root_user}\n{secret}\n"
    return _exec(layout, settings, kinds[kind], ["restore", f"--what={part}", *options], key)


def _exec(layout: Layout, settings: Settings, name: str, words: Sequence[str], said: str = "") -> int:
    engine = docker.reachable(layout, settings).get(settings.compute.vms[settings.backup.host].address)
    if engine is None:
        raise SandboxError(
            f"no container of stack {layout.stack} runs: it is down, or they are only recorded; see make status"
        )
    command = [
        *(ensure("docker-engine")["docker-engine"], "docker", "--host", engine, "exec", "--interactive", name),
        *("python", "-m", "backup", *words),
    ]
    return subprocess.run(command, input=said, text=True, check=False).returncode
