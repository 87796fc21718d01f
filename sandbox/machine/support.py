"""Whether a real node can be had on this machine, and why not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

from sandbox.layout import ROOT

NEEDED_MIB: Final = 3072

_TRIAL: Final = """
import os, pathlib, sys
from sandbox import vm
from sandbox.machine import kernel
folder = pathlib.Path(sys.argv[1])
kernel.unshare(kernel.NEW_NETWORK)
kernel.ip("link", "add", "bridge0", "type", "bridge")
kernel.ip("link", "add", "one", "type", "veth", "peer", "name", "two")
pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
kernel.require_filter("nftables", 10, 16)
kernel.require_filter("ipset", 6, 1)
kernel.own_mounts()
kernel.overlay(folder)
if not kernel.control_groups():
    raise OSError("there are no control groups below /sys/fs/cgroup")
group = f"luxima-trial-{os.getpid()}"
kernel.make_group(group)
kernel.remove_group(group)
kernel.unshare(vm.NEW_PROCESSES | vm.NEW_HOST_NAME)
"""
"""Does what a node needs, in namespaces that are gone with it."""


def missing(trial: Path) -> str | None:
    """Why there can be no real node here, in a few words; None when there can.

    Args:
        trial: An empty folder to try in.
    """
    if os.geteuid() != 0:
        return "only root may make one"
    if shutil.which("ip") is None:
        return "the command ip is missing (package iproute2)"
    available = psutil.virtual_memory().available // 2**20
    if available < NEEDED_MIB:
        return f"{available} MiB of memory are free and it needs {NEEDED_MIB} MiB"
    trial.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", _TRIAL, str(trial)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return f"the system refuses it ({(done.stderr.strip().splitlines() or ['no reason given'])[-1]})"
    return None
