"""Go over to a stack's own network, with what of `/etc` leads there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.faults import SandboxError
from sandbox.machine import kernel


def enter(pid: int, folder: Path, names: Mapping[str, str], servers: Sequence[str]) -> None:
    """Have this process, and all that it starts from now on, see the stack's network and no other.

    Args:
        pid: A process in the network.
        folder: Where files are kept for it.
        names: Addresses by name, for what is asked for before the name server knows it.
        servers: Addresses of the name servers.

    Raises:
        SandboxError: When the system refuses.
    """
    files = {
        Path("/etc/hosts"): "".join(f"{address} {name}\n" for name, address in names.items()),
        Path("/etc/resolv.conf"): "".join(f"nameserver {server}\n" for server in servers),
    }
    try:
        kernel.join_network(pid)
        kernel.own_mounts()
        for path, content in files.items():
            own = folder / path.name
            own.write_text(content, encoding="ascii")
            if path.exists():
                kernel.bind(own, path.resolve())
    except OSError as error:
        raise SandboxError(f"the stack's own network cannot be entered: {error}") from error
