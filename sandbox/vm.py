"""A virtual machine of the stack as far as its Docker engine can tell: namespaces, and a root file system of its own.

Runs as `python vm.py SPEC` and needs root. SPEC is a JSON file with the fields of `Machine`. What is started sees the
programs of this computer (`/usr`, read-only), but its own `/etc`, `/var`, `/run`, `/tmp`, `/proc` and network; it ends,
with all it started, when this process ends, however that happens. SIGTERM shuts it down as a machine is shut down.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

NEW_MOUNTS = 0x00020000
NEW_HOST_NAME = 0x04000000
NEW_MESSAGES = 0x08000000
NEW_PROCESSES = 0x20000000
NEW_NETWORK = 0x40000000
_PARENT_DEATH_SIGNAL = 1
_DROP_CAPABILITY = 24
CAPABILITIES_OF_THE_KERNEL = {
    "CAP_SYS_MODULE": 16,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_BOOT": 22,
    "CAP_SYS_TIME": 25,
    "CAP_MAC_OVERRIDE": 32,
    "CAP_MAC_ADMIN": 33,
    "CAP_SYSLOG": 34,
    "CAP_WAKE_ALARM": 35,
}
"""What root may do to the kernel that all machines share: nobody in a machine has it, no container that asks starts.

Source: `linux/capability.h`.
"""
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
INTERFACE = "eth0"
_GRACE_SECONDS = 5.0
"""How long processes have to end at a shutdown once their engine has ended."""


@dataclass(frozen=True)
class Machine:
    """What the machine consists of."""

    hostname: str
    root: str
    """Folder that becomes `/`; what is in it is kept."""
    folders: Sequence[str]
    """Absolute paths in the machine that are there when it has started."""
    files: dict[str, str]
    """Contents by absolute path in the machine."""
    mounts: dict[str, str]
    """Folders of this computer by absolute path in the machine."""
    bridge: str
    """Bridge of the network namespace in which this is started; the machine's interface is attached to it."""
    port: str
    """Name of the bridge's end of the interface, at most 15 characters."""
    address: str
    """Address with prefix length."""
    gateway: str
    command: Sequence[str] = ()
    """What it runs."""
    kernel: Sequence[str] = ()
    """Settings of the kernel, below `/proc/sys`, that the whole computer shares: what is written to them stays here."""


def main(spec: Path) -> int:
    """Run the machine until its command ends; gives the command's exit status."""
    machine = Machine(**json.loads(spec.read_text(encoding="utf-8")))
    return run(machine, lambda: _serve(machine.command))


def run(machine: Machine, serve: Callable[[], int]) -> int:
    """Run the machine until `serve`, which is called in its first process, returns; gives what it gives.

    What `serve` needs of Python's modules has to be imported before: in the machine they are not to be found.
    """
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    unshare(NEW_PROCESSES)
    child = os.fork()
    if child == 0:
        libc("prctl", _PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != 0:  # the parent is in another namespace: 0 as long as it lives, and 1 is this process
            os._exit(1)
        os._exit(_inside(machine, outside, serve))
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.kill(child, signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1


def _inside(machine: Machine, outside: int, serve: Callable[[], int]) -> int:
    """The machine's first process: sets it up, runs the command, reaps what loses its parent."""
    try:
        unshare(NEW_MOUNTS | NEW_HOST_NAME | NEW_MESSAGES | NEW_NETWORK)
        command("mount", "--make-rprivate", "/")
        _connect(machine, outside)
        os.close(outside)
        _make_root(machine)
        os.chdir(machine.root)
        command("pivot_root", ".", ".")
        command("umount", "--lazy", ".")
        os.chdir("/")
        # As systemd does it: what is mounted later is seen by containers that have the root mounted.
        command("mount", "--make-rshared", "/")
        command("hostname", machine.hostname)
        for capability in CAPABILITIES_OF_THE_KERNEL.values():
            libc("prctl", _DROP_CAPABILITY, capability, 0, 0, 0, what="dropping a capability")
        return serve()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{machine.hostname} cannot be set up: {error}\n")
        return 1


def _serve(command: Sequence[str]) -> int:
    """Reap until the command has ended; then ask the rest to end, and end."""
    engine = subprocess.Popen(command, stdin=subprocess.DEVNULL).pid

    def ask(_number: int, _frame: FrameType | None) -> None:
        os.kill(engine, signal.SIGTERM)

    signal.signal(signal.SIGTERM, ask)
    status = 1
    while True:
        ended, code = os.waitpid(-1, 0)
        if ended == engine:
            status = os.waitstatus_to_exitcode(code) if os.WIFEXITED(code) else 1
            break
    _end_all()
    return status


def _end_all() -> None:
    """As a shutdown does: everybody is asked; who is left after a while ends with this process."""
    deadline = time.monotonic() + _GRACE_SECONDS
    try:
        os.kill(-1, signal.SIGTERM)
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
    except (ChildProcessError, ProcessLookupError):
        return


def _connect(machine: Machine, outside: int) -> None:
    """Plug the machine's interface into the bridge."""
    there = f"/proc/self/fd/{outside}"
    # That of a machine that was killed a moment ago may still be there.
    old = ["nsenter", f"--net={there}", "ip", "link", "delete", machine.port]
    subprocess.run(old, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(outside,))
    command("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", machine.port, "netns", there, keep=outside)
    for change in (("master", machine.bridge), ("up",)):
        command("nsenter", f"--net={there}", "ip", "link", "set", machine.port, *change, keep=outside)
    command("ip", "link", "set", "lo", "up")
    command("ip", "address", "add", machine.address, "dev", INTERFACE)
    command("ip", "link", "set", INTERFACE, "up")
    command("ip", "route", "add", "default", "via", machine.gateway)
    # Set before the engine does it: an engine that does it itself also drops what it has not published.
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")


def _make_root(machine: Machine) -> None:
    """The root file system, mounted at its folder."""
    root = Path(machine.root)
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    command("mount", "--bind", str(root), str(root))
    for name in _SYSTEM:
        source = Path("/") / name
        if source.is_symlink():
            _link(root / name, str(source.readlink()))
        elif source.is_dir():
            _bind(source, _within(root, name), read_only=True)
    for name, mode in (("etc", 0o755), ("var", 0o755), ("root", 0o700), ("tmp", 0o1777)):
        _folder(_within(root, name), mode)
    for name, kind, options in (
        ("proc", "proc", "nosuid,nodev,noexec"),
        ("sys", "sysfs", "nosuid,nodev,noexec"),
        ("dev", "tmpfs", "mode=755,nosuid"),
        ("run", "tmpfs", "mode=755,nosuid"),
        ("dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=620"),
        ("dev/shm", "tmpfs", "mode=1777,nosuid,nodev"),
    ):
        _folder(_within(root, name))
        command("mount", "-t", kind, "-o", options, kind, str(root / name))
    for name in _DEVICES:
        (root / "dev" / name).touch()
        command("mount", "--bind", f"/dev/{name}", str(root / "dev" / name))
    # Nothing is to be read of the computer's own log.
    links = {"dev/ptmx": "pts/ptmx", "dev/fd": "/proc/self/fd", "dev/kmsg": "null", "var/run": "/run"}
    for name, target in links.items():
        _link(root / name, target)
    for setting in machine.kernel:
        shared, own = root / "proc/sys" / setting, root / "run" / setting.replace("/", ".")
        own.write_bytes(shared.read_bytes())
        command("mount", "--bind", str(own), str(shared))
    command("mount", "--rbind", "/sys/fs/cgroup", str(root / "sys/fs/cgroup"))
    for path, source in machine.mounts.items():
        _bind(Path(source), _within(root, path), read_only=False)
    for path in machine.folders:
        _folder(_within(root, path))
    for path, content in machine.files.items():
        file = _within(root, path)
        _folder(file.parent)
        file.write_text(content, encoding="utf-8")


def _within(root: Path, path: str) -> Path:
    """Where a path of the machine is. A link that the machine left on the way could lead out of it: it is removed."""
    place = root
    for part in path.strip("/").split("/"):
        place /= part
        if place.is_symlink():
            place.unlink()
    return place


def _folder(path: Path, mode: int = 0o755) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _bind(source: Path, target: Path, *, read_only: bool) -> None:
    _folder(target)
    command("mount", "--bind", str(source), str(target))
    if read_only:
        command("mount", "-o", "remount,bind,ro", str(target))


def command(*words: str, keep: int | None = None) -> None:
    """Run a command that is quick; what it says when it fails is in the error's place in the log."""
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, pass_fds=() if keep is None else (keep,))


def unshare(kinds: int) -> None:
    """Give this thread namespaces of its own.

    Raises:
        OSError: When the system refuses.
    """
    libc("unshare", kinds)


def libc(name: str, *arguments: int | bytes | None, what: str = "") -> None:
    """Call a function of the C library that gives 0 when all is well.

    Args:
        name: The function.
        arguments: What it is given.
        what: What it is called in an error, if not by its name.

    Raises:
        OSError: When it gives anything else.
    """
    function: Callable[..., int] = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what or name}: {os.strerror(code)}")


def _end(status: int) -> NoReturn:
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _end(main(Path(sys.argv[1])))
