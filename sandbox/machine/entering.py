"""Go over to a stack's own network, with what of `/etc` leads there."""

from pathlib import Path

from sandbox.faults import SandboxError
from sandbox.machine import kernel, plan
from settings import Settings

_CACHE = Path("/run/nscd")
"""Asked for names before everything else, where it is there."""


def enter(pid: int, folder: Path, settings: Settings) -> None:
    """Have this process, and all that it starts from now on, see the stack's network and no other.

    Args:
        pid: A process in the network.
        folder: Where files are kept for it.
        settings: Those of the stack.

    Raises:
        SandboxError: When the system refuses.
    """
    network = settings.compute.network
    # The object storage is asked for before the name server knows its name.
    names = {"localhost": "127.0.0.1", plan.storage_name(settings): network.gateway}
    files = {
        Path("/etc/hosts"): "".join(f"{address} {name}\n" for name, address in names.items()),
        Path("/etc/resolv.conf"): "".join(f"nameserver {server}\n" for server in network.name_servers),
        # Services that ask for names on this computer are reached by sockets, which know no networks.
        Path("/etc/nsswitch.conf"): "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    try:
        kernel.join_network(pid)
        kernel.own_mounts()
        for path, content in files.items():
            own = folder / path.name
            own.write_text(content, encoding="ascii")
            if path.exists():
                kernel.bind(own, path.resolve())
        if _CACHE.is_dir():
            kernel.mount("tmpfs", _CACHE, "tmpfs")
    except OSError as error:
        raise SandboxError(f"the stack's own network cannot be entered: {error}") from error
