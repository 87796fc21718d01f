"""The controllers' loop: list and watch what they care for, and put it right whenever anything changes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import urllib3

from sandbox.controllers import balancers, nodes, volumes
from sandbox.controllers.api import Api, ApiError
from sandbox.controllers.following import Objects, follow, say, short
from sandbox.controllers.nodes import NodeSpec

_RETRY_SECONDS = 0.5
_KINDS = {
    "nodes": "/api/v1/nodes",
    "claims": "/api/v1/persistentvolumeclaims",
    "volumes": "/api/v1/persistentvolumes",
    "services": "/api/v1/services",
}


class Controllers:
    """All controllers of one cluster."""

    def __init__(self, api: Api, wanted: Sequence[NodeSpec], announce: Callable[[], None], folder: Path | None) -> None:
        self._api = api
        self._wanted = {node.name: node for node in wanted}
        self._announce = announce
        self._folder = folder
        self._announced = False
        self._lock = Lock()
        self._seen: dict[str, Objects] = {kind: {} for kind in _KINDS}

    def run(self, stopped: Event) -> None:
        """Work until told to stop."""
        self._prepare(stopped)
        for kind, path in _KINDS.items():
            follow(self._api, path, partial(self._changed, kind), stopped)
        stopped.wait()

    def _prepare(self, stopped: Event) -> None:
        """The nodes and the StorageClass, as soon as the API server takes them."""
        while not stopped.is_set():
            try:
                live = {node["metadata"]["name"] for node in self._api.call("GET", _KINDS["nodes"])["items"]}
                for name in live - set(self._wanted):
                    self._tolerant("DELETE", f"{_KINDS['nodes']}/{name}")
                for name in set(self._wanted) - live:
                    self._tolerant("POST", _KINDS["nodes"], nodes.manifest(self._wanted[name]))
                self._tolerant("POST", "/apis/storage.k8s.io/v1/storageclasses", volumes.storage_class())
            except (ApiError, urllib3.exceptions.HTTPError) as error:
                say(f"preparing: {short(error)}")
                stopped.wait(_RETRY_SECONDS)
            else:
                return

    def _changed(self, kind: str, objects: Objects) -> None:
        with self._lock:
            self._seen[kind] = objects
            self._reconcile()

    def _reconcile(self) -> None:
        for claim in self._seen["claims"].values():
            volume = volumes.volume_for(claim)
            if volume is not None and self._folder is not None:
                volumes.make_folder(self._folder, volume)
            if volume is not None and self._tolerant("POST", _KINDS["volumes"], volume):
                say(f"volume {volume['metadata']['name']} for {_name(claim)}")
        for volume in self._seen["volumes"].values():
            if volumes.finished(volume):
                self._tolerant("DELETE", f"{_KINDS['volumes']}/{volume['metadata']['name']}")
                if self._folder is not None:
                    volumes.remove_folder(self._folder, volume)
        for service in self._seen["services"].values():
            if (given := balancers.wanted(service)) is not None:
                self._give(service, given)
        live = {node["metadata"]["name"]: node for node in self._seen["nodes"].values()}
        for name in set(self._wanted) - set(live):
            if live:
                self._tolerant("POST", _KINDS["nodes"], nodes.manifest(self._wanted[name]))
        if not self._announced and all(name in live and nodes.ready(live[name]) for name in self._wanted):
            self._announced = True
            self._announce()
            say(f"{len(self._wanted)} nodes are ready")

    def _give(self, service: dict[str, Any], addresses: list[str]) -> None:
        meta = service["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}/status"
        if self._tolerant("PATCH", path, balancers.status(addresses)):
            # Known at once, before the watch tells.
            service.update(balancers.status(addresses))
            say(f"address {', '.join(addresses)} for {_name(service)}")

    def _tolerant(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
        """A change that somebody else may have made already, or whose object may be gone; True when it was made."""
        try:
            self._api.call(method, path, body)
        except ApiError as error:
            if error.status not in {404, 409}:
                say(f"{method} {path}: {short(error)}")
            return False
        return True


def _name(item: dict[str, Any]) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"
