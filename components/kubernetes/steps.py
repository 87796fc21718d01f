"""The steps over SSH that make machines a cluster, keep them one and bring them to another version.

A step is a script (`scripts/`) with what it is about in front of it. It goes to a shell as its argument, so that
standard input is free for the join token: no command line and no plan shows that. An engine runs a step again when its
text changes; each script finds out by itself what there is to do.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from components.kubernetes.k3s import AUTHORITY_FILE, files, revision
from components.scripts import writing
from settings.compute import Compute
from settings.kubernetes import Kubernetes

NOTHING: Final = "true"
"""What a step that is for a machine's first day does later."""
_RELEASES: Final = "https://github.com/k3s-io/k3s/releases/download"
_SCRIPTS: Final = Path(__file__).parent / "scripts"
_WAIT: Final = {"ROOT": "", "WAIT": "600", "PAUSE": "5"}
"""Seconds that a step waits for one thing: k3s on a slow disk needs minutes, and a pod has up to five to end."""


def node(kubernetes: Kubernetes, compute: Compute, vm: str, registry: str | None) -> str:
    """Script that makes a machine the node that the settings say.

    From standard input it takes the join token and, on a second line, what `admission` printed. `registry` as in
    `files`.
    """
    servers = compute.by_role("k3s_server")
    server = vm in servers
    given = {
        "NAME": vm,
        "ROLE": "server" if server else "agent",
        "VERSION": kubernetes.version,
        "DOWNLOADED": f"{_RELEASES}/{quote(kubernetes.version, safe='')}",
        "REVISION": revision(kubernetes, compute, vm, registry),
        "API": kubernetes.api_address,
        "OTHERS": " ".join(other.address for name, other in servers.items() if server and name != vm),
        # One that outlives its node, where there is another node.
        "NAME_SERVERS": str(min(2, len(compute.workers))),
        # The pods of the only machine for pods have nowhere to go.
        "DRAIN": "no" if list(compute.workers) == [vm] else "yes",
    }
    return _script("node", given, writing(files(kubernetes, compute, vm, registry)))


def admit(new: str) -> str:
    """Script for any server that lets a machine that was made anew into the cluster."""
    # A node counts as dead after 50 s.
    return _script("admit", {"NAME": "a server", "NEW": new, "WAIT": "90"}) + authority()


def authority() -> str:
    """Script for any server that prints how its cluster is known."""
    return _script("authority", {"NAME": "a server"})


def admission(compute: Compute, new: str, *, lets_in: bool = True) -> str:
    """Script for a node of Proxmox that has a server let a machine that was made anew into the cluster.

    It prints how the cluster is known; with `lets_in` false it does no more.
    """
    servers = compute.by_role("k3s_server")
    given = {
        "NAME": new,
        "PEERS": " ".join(str(vm.id) for name, vm in servers.items() if name != new),
        "ASKED": admit(new) if lets_in else authority(),
        "FIRST": "yes" if new == next(iter(servers)) else "no",
    }
    return _script("admission", given)


def found(vm: str) -> str:
    """Script that lets a machine found the cluster."""
    return _script("found", {"NAME": vm})


def trust(vm: str) -> str:
    """Script that puts a certificate from standard input where containerd looks for the private CA's."""
    return _script("trust", {"NAME": vm, "AUTHORITY": AUTHORITY_FILE})


def kubeconfig(kubernetes: Kubernetes, vm: str) -> str:
    """Script for a server that waits until the API is ready, and prints the kubeconfig for its virtual address."""
    return _script("kubeconfig", {"NAME": vm, "API": kubernetes.api_address})


def _script(name: str, given: Mapping[str, str], more: str = "") -> str:
    assigned = "".join(f"{key}={shlex.quote(value)}\n" for key, value in {**_WAIT, **given}.items())
    parts = [(_SCRIPTS / f"{part}.sh").read_text(encoding="utf-8") for part in ("common", name)]
    return assigned + more + "\n".join(parts)
