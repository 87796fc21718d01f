"""A machine in QEMU, emulated, so that it needs no rights: its first boot, with any user-data."""

import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.compute.ssh import public_key
from sandbox.credentials import private_key
from tests import programs
from tests.waiting import wait_for
from tools import cache, ensure
from tools.running import Job, run

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a machine's disk")
RELEASE = "trixie"
_MAKES_IMAGE = Path(__file__).with_name("image.sh")
_AGENT = "org.qemu.guest_agent.0"
_SSH = (
    *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=20"),
    *("-o", "StrictHostKeyChecking=accept-new"),
)


def image(packages: Sequence[str]) -> Path:
    """A folder with a kernel, its `initrd` and a `disk` that was never booted, which has these packages to install.

    It is made once for all checkouts, as root.
    """
    made_of = _MAKES_IMAGE.read_bytes() + repr((RELEASE, packages)).encode()
    key = f"machine-image-{RELEASE}-{hashlib.sha256(made_of).hexdigest()[:8]}"
    with cache.filling(key) as (work, lock):
        if not cache.entry(key).exists():
            sources = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian")
            listed = subprocess.run(sources, capture_output=True, text=True, check=True).stdout.split()
            assert listed, "no package source in /etc/apt is Debian's main archive"
            inside = ("unshare", "--mount", str(ensure("qemu")["qemu"]), "sh", str(_MAKES_IMAGE))
            job = Job(work, cache.new_log(key), lock)
            cache.require_space(work, 2 * 2**30, "making the disk of a machine")
            command = (*inside, str(work / "made"), RELEASE, listed[0], *packages)
            run(command, job, what="making the disk of a machine", minutes=4, folder=work)
            cache.keep(work / "made", key)
    return cache.entry(key)


@dataclass(frozen=True)
class Guest:
    """A machine that runs."""

    user: str
    port: int
    """Of loopback, where its SSH is."""
    folder: Path
    """With its private key, what it said while booting, and its agent's socket."""
    qemu: subprocess.Popen[bytes]

    def ssh(self, command: str, *options: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Log in and run a command, with the platform's key unless the options say otherwise."""
        given = options or ("-i", str(self.folder / "key"))
        hosts = f"UserKnownHostsFile={self.folder / 'hosts'}"
        there = ("-o", hosts, "-p", str(self.port), f"{user or self.user}@127.0.0.1", command)
        return subprocess.run((*_SSH, *given, *there), capture_output=True, text=True, timeout=300, check=False)

    def run(self, command: str) -> str:
        """What a command says that succeeds."""
        done = self.ssh(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def answers(self) -> bool:
        """Whether it lets the platform in."""
        assert self.qemu.poll() is None, f"QEMU ended: {self.said}"
        return self.ssh("true").returncode == 0

    def ask_agent(self, command: str) -> Any:
        """What its agent answers the hypervisor."""
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(60)
            agent.connect(str(self.folder / "agent"))
            agent.sendall(json.dumps({"execute": command}).encode() + b"\n")
            return json.loads(agent.makefile().readline())["return"]

    @property
    def said(self) -> str:
        """The end of what it said on its console."""
        return (self.folder / "console").read_text(errors="replace")[-4000:]


def new_key(file: Path) -> str:
    """Write a private key, and give its public half as the program derives it."""
    file.touch(0o600)
    file.write_text(private_key())
    return public_key(file.read_text())


@contextmanager
def booted(image: Path, user: str, user_data: Callable[[str], str], folder: Path) -> Generator[Guest]:
    """The machine, from the moment that SSH lets the platform in; what it writes to its disk is gone with it.

    Args:
        image: What `image` made.
        user: Who logs in.
        user_data: The user-data with which this public key may log in.
        folder: An empty one.
    """
    authorized = new_key(folder / "key")
    (folder / "seed").mkdir()
    (folder / "seed" / "user-data").write_text(user_data(authorized))
    (folder / "seed" / "meta-data").write_text("instance-id: first\n")
    port = programs.free_port()
    command = [
        *(ensure("qemu")["qemu"], "qemu-system-x86_64", "-nodefaults", "-display", "none"),
        *("-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2", "-m", "2048"),
        *(
            "-kernel",
            image / "kernel",
            "-initrd",
            image / "initrd",
            "-append",
            "root=LABEL=root rw console=ttyS0 mitigations=off",
        ),
        *("-drive", f"file={image / 'disk'},format=raw,if=virtio,snapshot=on"),
        *("-blockdev", f"driver=vvfat,node-name=seed,dir={folder / 'seed'},label=cidata,read-only=on"),
        *("-device", "virtio-blk,drive=seed"),
        *(
            "-netdev",
            f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22",
            "-device",
            "virtio-net,netdev=net,romfile=",
        ),
        *("-chardev", f"socket,id=agent,path={folder / 'agent'},server=on,wait=off", "-device", "virtio-serial"),
        *("-device", f"virtserialport,chardev=agent,name={_AGENT}", "-device", "virtio-rng-pci"),
        *("-serial", f"file:{folder / 'console'}"),
    ]
    qemu = programs.start(command, folder / "qemu.log")
    guest = Guest(user, port, folder, qemu)
    try:
        wait_for(guest.answers, "SSH lets the platform in", 900)
        yield guest
    finally:
        programs.end(qemu)
