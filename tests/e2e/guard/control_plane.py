"""A control plane of its own in a temporary folder, with simulated nodes."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from sandbox import credentials, ports
from sandbox.controllers.api import Api
from sandbox.layout import Layout
from sandbox.servers import fleet
from sandbox.servers.base import Site
from sandbox.servers.table import CONTROLLERS, KUBERNETES
from tests.e2e.running import left_of
from tests.recording import stack_settings
from tools import ensure

T = TypeVar("T")
_SERVERS = (KUBERNETES, CONTROLLERS)


@dataclass(frozen=True)
class Cluster:
    """A running one."""

    api: Api
    layout: Layout
    """Where it lies."""

    def make(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Create an object."""
        return self.api.call("POST", path, document)

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """Pods of a namespace."""
        return self.api.call("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]


@contextlib.contextmanager
def cluster() -> Generator[Cluster]:
    """A cluster that is gone in the end, with everything that ran for it."""
    root = Path(tempfile.mkdtemp(prefix="luxima-cluster-"))
    layout = Layout("dev", root)
    layout.prepare()
    try:
        programs = ensure(*(name for server in _SERVERS for name in server.programs))
        wanted = [want for server in _SERVERS for want in server.ports()]
        given, _ = ports.assign(fleet.ports_file(layout), wanted, set(), [], pinned=False)
        site = Site(layout, stack_settings("dev"), credentials.make(), given, programs)
        with mock.patch.object(fleet, "SERVERS", _SERVERS):
            fleet.start(site, lambda _: None)
        yield Cluster(Api(layout.kubeconfig), layout)
    finally:
        fleet.stop(layout)
        left = left_of(root)
        for process in left:
            process.end()
        shutil.rmtree(root, ignore_errors=True)
    assert not left, f"these still ran: {left}"
