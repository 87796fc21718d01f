"""One pod from the moment it has a node until its object is gone."""

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from sandbox import process
from sandbox.agent import pods, rewriting, status, volumes
from sandbox.agent.addresses import PodAddresses, loopback
from sandbox.agent.container import Container
from sandbox.agent.objects import Object, key, part, parts
from sandbox.agent.pods import Find, MissingError
from sandbox.agent.rewriting import Rewriter
from sandbox.agent.table import ImageTable, Program
from sandbox.controllers.api import Api, ApiError

_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Host:
    """What all pods of an agent share."""

    folder: Path
    """The agent's folder."""
    environment: dict[str, str]
    """What every process has, whatever its pod says."""
    api: Api
    find: Find
    """An object of the cluster as it is known."""
    service: Callable[[str, str, int], str | None]
    """Where a port of a Service is served."""
    addresses: PodAddresses
    table: Callable[[], ImageTable]
    """The image table as it is now."""

    @property
    def run(self) -> Path:
        """Records of the processes."""
        return self.folder / "run"


class Pod:
    """A pod that is run here."""

    def __init__(self, document: Object, host: Host) -> None:
        self.document = document
        self._host = host
        self._path = f"/api/v1/namespaces/{document['metadata']['namespace']}/pods/{document['metadata']['name']}"
        self.references = pods.references(document)
        """ConfigMaps and Secrets it needs, by kind, namespace and name."""
        self._uid: str = document["metadata"]["uid"]
        self._name = "_".join((*key(document), self._uid[:8]))
        self._folder = host.folder / "pods" / self._name
        self._address = host.addresses.take(list(pods.ports(document).values()))
        self._containers: list[Container] = []
        self._programs: list[Program] = []
        self._leave = asyncio.Event()
        self._news = asyncio.Event()
        self._dirty = asyncio.Event()
        self._made = False
        self._gone = False
        self._abandoned = False
        self._written: dict[str, Any] = {}

    def update(self, document: Object) -> None:
        """The object changed."""
        self.document = document
        if document["metadata"].get("deletionTimestamp"):
            self._leave.set()

    def places(self) -> dict[str, str]:
        """Its ports at its address in the cluster, and where they are on loopback."""
        here = loopback(self._address)
        return {f"{self._address}:{port}": f"{here}:{port}" for port in pods.ports(self.document).values()}

    def vanish(self) -> None:
        """The object is gone: nothing of it may go on."""
        self._gone = True
        self._leave.set()

    def abandon(self) -> None:
        """The agent ends: so does the pod's process, and its object is left as it is."""
        self._abandoned = True
        self._leave.set()

    def refresh(self) -> None:
        """ConfigMaps, Secrets or addresses of Services changed: renew the files; start what waited for them."""
        self._news.set()
        if self._made and not self._leave.is_set():
            with contextlib.suppress(MissingError):
                if self._make():
                    say(f"{self._name}: files renewed")

    async def run(self) -> None:
        """The pod's whole life."""
        reporting = asyncio.create_task(self._report())
        try:
            if not self.document["metadata"].get("deletionTimestamp"):
                await self._live()
            reporting.cancel()
            if not self._abandoned and not self._gone:
                await self._finish()
        finally:
            reporting.cancel()
            self._host.addresses.give_back(self._address)
            for container in self._containers:
                process.forget(self._host.run, self._process_name(container.spec))
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _live(self) -> None:
        spec = self.document["spec"]
        table, ports = self._host.table(), pods.ports(self.document)
        policy = spec.get("restartPolicy") or "Always"
        for container in spec["containers"]:
            program = table.find(container["image"])
            if program is not None:
                self._programs.append(program)
            launch = None if program is None else self._launcher(program)
            host = loopback(self._address)
            self._containers.append(Container(container, ports, host, launch, self._dirty.set))
        self._dirty.set()
        count = f"{len(self._programs)} of {len(self._containers)}"
        say(f"{self._name}: at {self._address}, {count} containers as processes")
        running = [asyncio.create_task(container.run(policy)) for container in self._containers]
        leaving = asyncio.create_task(self._leave.wait())
        everything = asyncio.gather(*running)
        await asyncio.wait({leaving, everything}, return_when=asyncio.FIRST_COMPLETED)
        # A pod that is over stays until somebody deletes it.
        await leaving
        grace, hook = self._grace(), not (self._gone or self._abandoned)
        say(f"{self._name}: leaves, at most {grace:g} s")
        self._news.set()
        await asyncio.gather(*(container.stop(grace, hook=hook) for container in self._containers))
        await everything

    def _grace(self) -> float:
        if self._gone or self._abandoned:
            return 3
        meta, spec = self.document["metadata"], self.document["spec"]
        declared = spec.get("terminationGracePeriodSeconds")
        return float(meta.get("deletionGracePeriodSeconds", 30 if declared is None else declared))

    def _launcher(self, program: Program) -> Callable[[Object], Any]:
        async def launch(container: Object) -> asyncio.subprocess.Process | None:
            while not self._leave.is_set():
                self._news.clear()
                try:
                    return await self._start(program, container)
                except (MissingError, OSError) as error:
                    state = next(item.state for item in self._containers if item.spec is container)
                    if state.waiting != ("CreateContainerConfigError", str(error)):
                        say(f"{self._name}: waits: {error}")
                        state.waiting = ("CreateContainerConfigError", str(error))
                        self._dirty.set()
                    await self._news.wait()
            return None

        return launch

    def _rewriter(self) -> Rewriter:
        values = pods.placeholders(self.document, self.document["spec"]["containers"][0], self._address, self._folder)
        return Rewriter(
            volumes.folders(self.document, self._folder), self._host.service, rewriting.rules(self._programs, values)
        )

    def _make(self) -> bool:
        return volumes.make(self.document, self._folder, self._host.find, self._address, self._rewriter())

    async def _start(self, program: Program, container: Object) -> asyncio.subprocess.Process:
        host, rewrite = self._host, self._rewriter()
        self._make()
        self._made = True
        variables = pods.environment(self.document, container, host.find, self._address)
        values = pods.placeholders(self.document, container, self._address, self._folder)
        name = self._process_name(container)
        command = pods.arguments(program, container, values, variables, rewrite)
        own = {key: rewriting.fill(value, values) for key, value in program.environment.items()}
        scratch = rewrite.folders.get("/tmp")  # noqa: S108 - in the container
        return await asyncio.create_subprocess_exec(
            *process.wrapped(host.run, name, host.folder / "logs" / f"{name}.log", command),
            env={
                "HOME": str(self._folder / "root"),
                **({"TMPDIR": scratch} if scratch else {}),
                **{key: rewrite(value) for key, value in variables.items()},
                **own,
                **host.environment,
            },
            cwd=self._folder / "root",
            stdin=asyncio.subprocess.DEVNULL,
        )

    def _process_name(self, container: Object) -> str:
        return f"{self._name}_{container['name']}"

    async def _report(self) -> None:
        """Write the status after each change, one at a time, the last one in any case."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            if not await self._write():
                self._dirty.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _write(self) -> bool:
        """Write the status if it is another one; False when that has to be tried again."""
        live = parts(part(self.document, "status"), "conditions")
        own = {item["type"]: item for item in self._written.get("conditions", [])}
        previous = [own.get(item["type"], item) for item in live]
        previous += [item for kind, item in own.items() if kind not in {entry["type"] for entry in live}]
        wanted = status.document(self.document, [item.state for item in self._containers], self._address, previous)
        if wanted == self._written:
            return True
        body = {"metadata": {"uid": self._uid}, "status": wanted}
        try:
            await asyncio.to_thread(self._host.api.call, "PATCH", f"{self._path}/status", body)
        except ApiError as error:
            # 404 and 409: another pod has the name by now, or none.
            if error.status not in {404, 409}:
                say(f"{self._name}: status refused: {error}")
            return error.status in {404, 409, 422}
        except urllib3.exceptions.HTTPError:
            return False
        self._written = wanted
        return True

    async def _finish(self) -> None:
        """The processes have ended: say so, and let the object go."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._uid}}
        while not self._gone and not self._abandoned:
            if not self._containers or await self._write():
                try:
                    await asyncio.to_thread(self._host.api.call, "DELETE", self._path, options)
                except ApiError as error:
                    if error.status in {404, 409}:
                        return
                    say(f"{self._name}: not deleted: {error}")
                except urllib3.exceptions.HTTPError:
                    pass
                else:
                    say(f"{self._name}: gone")
                    return
            await asyncio.sleep(_RETRY_SECONDS)


def say(text: str) -> None:
    """A line of the agent's log."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()
