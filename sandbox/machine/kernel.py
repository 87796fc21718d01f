"""What the system offers for a machine within the machine: namespaces, mounts and control groups."""

import errno
import os
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Final

from sandbox.vm import NEW_MOUNTS, NEW_NETWORK, libc, unshare

BIND: Final = 0x1000
RECURSIVE: Final = 0x4000
SLAVE: Final = 0x80000

_NETFILTER: Final = 12
_REQUEST, _ACKNOWLEDGE, _ERROR = 1, 4, 2
"""Of `linux/netlink.h`."""
_GROUPS: Final = Path("/sys/fs/cgroup")


def join_network(pid: int) -> None:
    """Go over to the network namespace of a process; threads and processes that are started from now on are there too.

    Raises:
        OSError: When the process is gone or the system refuses.
    """
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc("setns", descriptor, NEW_NETWORK)
    finally:
        os.close(descriptor)


def network_of(pid: int | str) -> int | None:
    """Which network namespace a process is in; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None


def mount(source: str | Path, target: Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, or show one folder in the place of another; as the system call of that name.

    Raises:
        OSError: When the system refuses.
    """
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() or None, flags, data.encode() or None)
    libc("mount", *arguments, what=f"mount on {target}")


def bind(source: Path, target: Path) -> None:
    """Have `target` show what `source` is, with everything that is mounted below it."""
    mount(source, target, flags=BIND | RECURSIVE)


def overlay(folder: Path) -> None:
    """Mount an overlay of folders that are made in `folder`, as a container's file system is.

    Raises:
        OSError: When the system, or the disk, cannot do it.
    """
    for part in ("lower", "upper", "work", "merged"):
        (folder / part).mkdir(exist_ok=True)
    data = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    mount("overlay", folder / "merged", "overlay", data=data)


def own_mounts() -> None:
    """A mount namespace whose mounts nobody else sees; what the system unmounts is unmounted in it too."""
    unshare(NEW_MOUNTS)
    mount("none", Path("/"), flags=RECURSIVE | SLAVE)


def ip(*arguments: str, tolerate: str = "") -> None:
    """Run iproute2's `ip`.

    Args:
        arguments: What it is to do.
        tolerate: Part of a refusal that is no error.

    Raises:
        OSError: When it fails; with what it said.
    """
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0 and not (tolerate and tolerate in done.stderr):
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def require_filter(name: str, subsystem: int, question: int) -> None:
    """Ask a part of the kernel's packet filter for anything (`linux/netfilter/nfnetlink.h`).

    Args:
        name: The part.
        subsystem: Its number.
        question: Number of a message that it answers.

    Raises:
        OSError: When the kernel does not have it.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as asked:
        asked.send(struct.pack("=IHHIIBBH", 20, subsystem << 8 | question, _REQUEST | _ACKNOWLEDGE, 1, 0, 0, 0, 0))
        _, kind, _, _, _, error = struct.unpack_from("=IHHIIi", asked.recv(4096))
    if kind == _ERROR and -error == errno.EINVAL:
        raise OSError(f"the kernel has no {name}")


def control_groups() -> list[Path]:
    """The hierarchies of control groups: one in version 2, one for each controller in version 1."""
    if (_GROUPS / "cgroup.controllers").exists():
        return [_GROUPS]
    if not _GROUPS.is_dir():
        return []
    return sorted({path.resolve() for path in _GROUPS.iterdir() if (path / "cgroup.procs").exists()})


def make_group(name: str) -> None:
    """Make a control group in each hierarchy."""
    for hierarchy in control_groups():
        group = hierarchy
        for part in name.split("/"):
            above, group = group, group / part
            group.mkdir(exist_ok=True)
            if hierarchy == _GROUPS:
                found = (above / "cgroup.controllers").read_text(encoding="ascii").split()
                for controller in found:
                    _write(above / "cgroup.subtree_control", f"+{controller}")
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if hierarchy != _GROUPS and (group / setting).exists():
                    _write(group / setting, (above / setting).read_text(encoding="ascii"))


def has_group(name: str) -> bool:
    """Whether there is a control group in any hierarchy."""
    return any((hierarchy / name).exists() for hierarchy in control_groups())


def clear_group(name: str, seconds: float = 10.0) -> None:
    """Remove a control group whose processes may be about to end."""
    deadline = time.monotonic() + seconds
    remove_group(name)
    while has_group(name) and time.monotonic() < deadline:
        time.sleep(0.2)
        remove_group(name)


def remove_group(name: str) -> None:
    """Remove a control group, and those in it, from each hierarchy; what still has processes stays."""
    for hierarchy in control_groups():
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="ascii")
    except OSError:
        # A controller that the system keeps for itself is done without.
        return
