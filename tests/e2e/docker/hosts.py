"""Docker hosts of a stack, with real engines, in a network namespace that the test makes; needs root."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker import DockerClient

from sandbox import credentials, process
from sandbox.layout import Layout
from sandbox.servers import docker
from sandbox.servers.base import Site
from settings import Settings
from tests.recording import stack_settings
from tools import ensure

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="namespaces and control groups are root's; recorded mode is tested without"
)
BRIDGE = "br0"

_NETWORK = """\
ip link set lo up &&
ip link add br0 type bridge && ip address add "$1" dev br0 && ip link set br0 up &&
echo ready && exec sleep infinity
"""


@dataclass(frozen=True)
class Hosts:
    """Running engines."""

    site: Site
    server: docker.Docker
    inside: Sequence[str]
    """Prefix of a command that is to run in the stack's network."""

    @property
    def settings(self) -> Settings:
        """Of the stack."""
        return self.site.settings

    def engine(self, vm: str) -> DockerClient:
        """A client of one host's engine."""
        return DockerClient(base_url=f"unix://{docker.socket(self.site.layout, vm)}", timeout=120)

    def root(self, vm: str) -> Path:
        """The host's root file system as far as it lies on this computer's disk."""
        return self.site.layout.data / "docker" / vm / "root"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the stack's network, outside of the hosts."""
        return subprocess.run([*self.inside, *command], capture_output=True, text=True, timeout=30, check=False)

    def fetch(self, url: str) -> str:
        """What is answered there, asked from the stack's network."""
        script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"
        return self.run(sys.executable, "-I", "-c", script, url).stdout


@contextmanager
def network(settings: Settings) -> Generator[int]:
    """A network namespace with the stack's bridge; gives the id of the process that holds it."""
    gateway = f"{settings.compute.network.gateway}/{settings.compute.network.prefix_length}"
    command = ["unshare", "--net", "--mount", "sh", "-c", _NETWORK, "sh", gateway]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            yield holder.pid
        finally:
            holder.kill()


@contextmanager
def running(root: Path, stack: str = "dev") -> Generator[Hosts]:
    """The stack's hosts, ended with all they started when the block ends."""
    settings, layout = stack_settings(stack), Layout(stack, root)
    layout.prepare()
    with network(settings) as holder:
        inside = ("nsenter", f"--net=/proc/{holder}/ns/net", f"--mount=/proc/{holder}/ns/mnt")
        server = docker.Docker(BRIDGE, lambda _layout: inside)
        site = Site(layout, settings, credentials.make(), {}, ensure(*server.programs))
        try:
            server.start(site)
            yield Hosts(site, server, inside)
        finally:
            process.stop(server.records(layout))
            docker.clean(layout)
    shutil.rmtree(layout.base)
