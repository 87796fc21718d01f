"""A control plane of its own in a temporary folder, with simulated nodes and the agent on."""

import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from sandbox import credentials, ports
from sandbox.agent import table
from sandbox.agent.addresses import loopback
from sandbox.agent.objects import part, parts
from sandbox.controllers.api import Api, ApiError
from sandbox.layout import Layout
from sandbox.servers import fleet
from sandbox.servers.base import Site
from sandbox.servers.table import AGENT, CONTROLLERS, KUBERNETES
from tests.e2e.running import left_of
from tests.recording import stack_settings
from tools import ensure

SERVICE = Path(__file__).with_name("service.py")
T = TypeVar("T")
_SERVERS = (KUBERNETES, CONTROLLERS, AGENT)


def program(**environment: str) -> dict[str, Any]:
    """The test service as an entry of the image table; behaviour by environment."""
    return {
        "command": [sys.executable, "-B", str(SERVICE), "{address}", "{port}"],
        "environment": {"IMAGE": "{image}", "POD": "{pod}", **environment},
    }


def wait_for(what: Callable[[], T | None], seconds: float = 60, why: str = "") -> T:
    """The first true value."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {why or what}"
        time.sleep(0.1)
    return found


@dataclass(frozen=True)
class Cluster:
    """A running one."""

    site: Site
    api: Api

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return self.site.layout

    @property
    def agent(self) -> Path:
        """The agent's folder."""
        return table.folder(self.layout)

    def images(self, entries: Mapping[str, Any]) -> None:
        """Replace the image table; pods that start from now on are run by it."""
        file = self.layout.base / "given.json"
        file.write_text(json.dumps(entries), encoding="utf-8")
        table.enable(self.layout, file)

    def make(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Create an object."""
        return self.api.call("POST", path, document)

    def get(self, path: str) -> dict[str, Any]:
        """An object, or an empty one."""
        try:
            return self.api.call("GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return {}

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """Pods of a namespace."""
        return self.get(f"/api/v1/namespaces/{namespace}/pods")["items"]

    def address(self, key: str, seconds: float = 60) -> tuple[str, int]:
        """Where an address of the cluster is on loopback, by `addresses.json`."""
        file = self.agent / "addresses.json"

        def given() -> str | None:
            return json.loads(file.read_text(encoding="utf-8")).get(key) if file.exists() else None

        host, _, port = wait_for(given, seconds, key).partition(":")
        return host, int(port)

    def log(self) -> str:
        """What the agent said."""
        return (self.layout.logs / "agent.log").read_text(encoding="utf-8")

    def start(self) -> None:
        """As `up`, with these servers only."""
        _start(self.site)

    def stop(self) -> None:
        """As `down`."""
        fleet.stop(self.layout)

    def processes(self) -> list[str]:
        """Command lines of what runs for it."""
        return [item.command for item in left_of(self.layout.root)]


def ready(pod: dict[str, Any]) -> bool:
    """Whether a pod says that it is ready, and does not leave."""
    conditions = parts(part(pod, "status"), "conditions")
    there = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return there and "deletionTimestamp" not in pod["metadata"]


def host_of(pod: dict[str, Any]) -> str:
    """Where a pod's process listens."""
    return loopback(pod["status"]["podIP"])


def _start(site: Site) -> None:
    with mock.patch.object(fleet, "SERVERS", _SERVERS):
        fleet.start(site, lambda _: None)


@contextlib.contextmanager
def cluster(images: Mapping[str, Any]) -> Generator[Cluster]:
    """A cluster that is gone in the end, with everything that ran for it."""
    root = Path(tempfile.mkdtemp(prefix="luxima-agent-"))
    layout = Layout("dev", root)
    layout.prepare()
    try:
        programs = ensure(*(name for server in _SERVERS for name in server.programs))
        wanted = [want for server in _SERVERS for want in server.ports()]
        given, _ = ports.assign(fleet.ports_file(layout), wanted, set(), [], pinned=False)
        site = Site(layout, stack_settings("dev"), credentials.make(), given, programs)
        file = root / "images.json"
        file.write_text(json.dumps(images), encoding="utf-8")
        table.enable(layout, file)
        _start(site)
        yield Cluster(site, Api(layout.kubeconfig))
    finally:
        fleet.stop(layout)
        left = left_of(root)
        for process in left:
            process.end()
        shutil.rmtree(root, ignore_errors=True)
    assert not left, f"these still ran: {left}"
