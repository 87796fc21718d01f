"""The agent: from the cluster's objects to running pods and served addresses."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from sandbox import process
from sandbox.agent import addresses, pods, services, table
from sandbox.agent.feed import KINDS, Feed
from sandbox.agent.objects import Object, key, part, texts
from sandbox.agent.pod import Host, Pod, say
from sandbox.agent.services import Services
from sandbox.controllers.api import Api
from sandbox.faults import SandboxError


class Agent:
    """All pods with a slot, on whatever node they are."""

    def __init__(self, folder: Path, api: Api, pod_cidr: str, environment: dict[str, str]) -> None:
        """An agent that does nothing yet; needs a running event loop.

        Args:
            folder: Everything it keeps.
            api: The cluster.
            pod_cidr: Network of the pods' addresses.
            environment: What every process gets, besides what its pod says.
        """
        self._objects: dict[str, dict[tuple[str, str], Object]] = {kind: {} for kind in KINDS}
        self._listed: set[str] = set()
        self._pods: dict[str, Pod] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sync = asyncio.Event()
        self._begun = False
        self._services = Services(folder / "addresses.json")
        self._addresses = addresses.claim(pod_cidr)
        self._known_table = table.ImageTable({})
        self._table_file = folder / "images.json"
        self._host = Host(
            folder, environment, api, self._find, self._services.where, self._addresses, self._current_table
        )
        self._feed = Feed(api, self._on_list, self._on_change)

    async def run(self, stopped: asyncio.Event, announce: Callable[[], None]) -> None:
        """Work until told to stop; then end all processes."""
        clear(self._host.run)
        self._feed.begin()
        serving = asyncio.create_task(self._serve(announce))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        self._feed.end()
        for pod in self._pods.values():
            pod.abandon()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)
        self._services.close()
        self._addresses.close()
        waiting.cancel()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    def _find(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._objects[kind].get((namespace, name))

    def _current_table(self) -> table.ImageTable:
        """The image table, read again for each pod; a broken one is told of and the last good one used."""
        try:
            self._known_table = table.load(self._table_file)
        except SandboxError as error:
            say(str(error))
        return self._known_table

    def _on_list(self, kind: str, items: list[Object]) -> None:
        fresh = {key(item): item for item in items}
        for name, item in list(self._objects[kind].items()):
            if name not in fresh or fresh[name]["metadata"]["uid"] != item["metadata"]["uid"]:
                self._on_change(kind, "DELETED", item)
        self._listed.add(kind)
        for item in items:
            self._on_change(kind, "MODIFIED", item)
        self._sync.set()

    def _on_change(self, kind: str, event: str, item: Object) -> None:
        known = self._objects[kind]
        if event == "DELETED":
            known.pop(key(item), None)
        else:
            known[key(item)] = item
        if kind == "pods":
            self._on_pod(event, item)
        elif kind in {"services", "endpointslices"}:
            self._sync.set()
        else:
            changed = (kind, *key(item))
            for pod in self._pods.values():
                if changed in pod.references:
                    pod.refresh()

    def _on_pod(self, event: str, item: Object) -> None:
        uid: str = item["metadata"]["uid"]
        pod = self._pods.get(uid)
        if pod is not None:
            if event == "DELETED":
                pod.vanish()
            else:
                pod.update(item)
            return
        if event == "DELETED" or not self._begun or not pods.ours(item):
            return
        leaving = bool(item["metadata"].get("deletionTimestamp"))
        if part(item, "status").get("phase") in {"Succeeded", "Failed"} and not leaving:
            return
        try:
            pod = Pod(item, self._host)
        except SandboxError as error:
            say(str(error))
            return
        self._pods[uid] = pod
        task = asyncio.create_task(self._run(uid, pod))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._sync.set()

    async def _run(self, uid: str, pod: Pod) -> None:
        try:
            await pod.run()
        except Exception as error:  # noqa: BLE001 - one pod's fault must not end the others
            say(f"pod {uid}: {type(error).__name__}: {error}")
        finally:
            self._pods.pop(uid, None)
            self._sync.set()

    async def _serve(self, announce: Callable[[], None]) -> None:
        """Keep the proxies as the Services and EndpointSlices have them; begin with pods when all else is known."""
        while True:
            await self._sync.wait()
            self._sync.clear()
            if self._listed != set(KINDS):
                continue
            labels = [texts(pod.document["metadata"], "labels") for pod in self._pods.values()]
            known = self._objects
            desired = services.wanted(known["services"].values(), known["endpointslices"].values(), labels)
            places = {there: here for pod in self._pods.values() for there, here in pod.places().items()}
            await self._services.sync(desired, places, self._refresh_all)
            if not self._begun:
                self._begun = True
                for item in list(known["pods"].values()):
                    self._on_pod("MODIFIED", item)
                announce()
                say(f"pods are run at {self._addresses.network}.0/24")

    def _refresh_all(self) -> None:
        for pod in self._pods.values():
            pod.refresh()


def clear(folder: Path) -> None:
    """End what an agent that was killed has left."""
    left = [record for record in process.records(folder) if record.alive()]
    if left:
        say(f"{len(left)} processes of an agent that was killed are ended")
    process.stop(left, 5)
    for record in process.records(folder):
        process.forget(folder, record.name)
