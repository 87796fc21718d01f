"""The Proxmox API, as far as snapshots need it; what it refuses is a sentence for the operator."""

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from release.errors import ReleaseError
from release.snapshots.plan import Guest
from release.web import Answer, Web, WebError

_POLL_SECONDS: Final = 2.0
_DISK: Final = re.compile(r"(scsi|virtio|sata|ide)\d+")
_UNITS: Final = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_FREEZE: Final = "issuing guest agent 'guest-fsfreeze-freeze' command"
"""qemu-server 9.2.6, `BlockJob.pm`, `monitor`: said at the end of a clone of a running VM whose agent answers."""
_NOT_FROZEN: Final = re.compile(r"unable to freeze guest fs|after freezing guest fs failed")
"""The same, `Agent.pm`: the clone is made all the same, of a guest that went on writing."""


class TaskError(ReleaseError):
    """A task of Proxmox ended badly."""


class Slow(ReleaseError):  # noqa: N818 - not a fault
    """A task of Proxmox goes on and is not waited for any longer."""


@dataclass
class Hypervisor:
    """One Proxmox cluster."""

    web: Web
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def guests(self, numbers: Collection[int]) -> dict[int, Guest]:
        """The VMs with these numbers that there are, as their own nodes know them: the cluster's list lags behind."""
        rows = cast("list[dict[str, Any]]", self._get("list the guests", "/cluster/resources", {"type": "vm"}))
        return {
            int(row["vmid"]): self.guest(int(row["vmid"]), str(row["node"]))
            for row in rows
            if row.get("type") == "qemu" and int(row["vmid"]) in numbers
        }

    def guest(self, number: int, node: str) -> Guest:
        """A VM; one whose node does not answer is locked."""
        path = f"/nodes/{node}/qemu/{number}"
        try:
            config: dict[str, Any] = self._get(f"show {number}", f"{path}/config", {})
            status: dict[str, Any] = self._get(f"show {number}", f"{path}/status/current", {})
        except ReleaseError as error:
            return Guest(number, node, "", running=True, template=False, lock=str(error), tags=frozenset())
        return Guest(
            number,
            node,
            str(config.get("name", "")),
            running=status.get("status") == "running",
            template=bool(config.get("template")),
            lock=str(config.get("lock", "")),
            tags=frozenset(filter(None, re.split("[;, ]", str(config.get("tags", ""))))),
        )

    def quorate(self) -> bool:
        """Whether the cluster can be changed; True where the token may not ask, since a change is refused then."""
        answer = self._ask("ask for the quorum", "GET", "/cluster/status", {})
        rows: list[dict[str, Any]] = answer.json()["data"] if answer.good else []
        return all(row.get("quorate", 1) for row in rows if row.get("type") == "cluster")

    def is_free(self, number: int) -> bool:
        """Whether no guest of the cluster has a number, seen or not."""
        return self._ask("look for a free number", "GET", "/cluster/nextid", {"vmid": str(number)}).good

    def config(self, guest: Guest) -> dict[str, Any]:
        """The settings of a VM."""
        return self._get(f"show {guest.name}", f"{_path(guest)}/config", {})

    def room(self, node: str, storage: str) -> tuple[int, int]:
        """Bytes that are free on a storage, and all of them."""
        found = self._get(f"show storage {storage}", f"/nodes/{node}/storage/{storage}/status", {})
        return int(found.get("avail", 0)), int(found.get("total", 0))

    def agent_answers(self, guest: Guest) -> bool:
        """Whether the guest's agent is well."""
        return self._ask("ask the agent", "POST", f"{_path(guest)}/agent/ping", {}).good

    def change(self, guest: Guest, values: Mapping[str, str]) -> None:
        """Change settings of a VM."""
        self.wait(guest.node, self._do(f"change {guest.id}", f"{_path(guest)}/config", values))

    def clone(self, guest: Guest, number: int, name: str, pool: str, storage: str) -> str:
        """Begin a full clone; gives the task."""
        wanted = {"newid": str(number), "name": name, "pool": pool, "full": "1", "storage": storage}
        return self._do(f"clone {guest.name}", f"{_path(guest)}/clone", wanted) or ""

    def clones(self, guest: Guest) -> Iterator[tuple[int, str]]:
        """Numbers that a VM was cloned to and their tasks, the latest first."""
        query = {"vmid": str(guest.id), "typefilter": "qmclone", "source": "all"}
        rows = self._get("list the tasks", f"/nodes/{guest.node}/tasks", query)
        for row in cast("list[dict[str, Any]]", rows):
            if row["type"] != "qmclone":
                continue
            found = re.search(r"creating a clone of VM \d+ with ID (\d+)", self._log(guest.node, row["upid"]))
            if found is not None:
                yield int(found[1]), str(row["upid"])

    def freeze_was_asked(self, node: str, task: str) -> bool:
        """Whether the guest's file systems stood still while a clone of it was ended."""
        log = self._log(node, task)
        return _FREEZE in log and _NOT_FROZEN.search(log) is None

    def act(self, guest: Guest, what: str, minutes: float, **values: str) -> None:
        """Make one of a VM's own operations, such as `template`, and wait for its end."""
        task = self._do(f"{what} {guest.name or guest.id}", f"{_path(guest)}/{what}", values)
        self.wait(guest.node, task, minutes)

    def remove(self, guest: Guest) -> None:
        """Remove a VM that is stopped, with its disks."""
        try:
            answer = self.web.delete(f"/api2/json{_path(guest)}?purge=1")
        except WebError as error:
            raise ReleaseError(str(error)) from None
        self.wait(guest.node, _data(answer, f"remove {guest.name or guest.id}"))

    def wait(self, node: str, task: str | None, minutes: float = 5) -> None:
        """Wait for the end of a task; None is one that ended before it was answered.

        Raises:
            Slow: When it takes longer; Proxmox goes on with it.
            TaskError: When it ended badly.
        """
        if task is None:
            return
        found: dict[str, Any] = {}

        def stopped() -> bool:
            found.update(self._get("show a task", f"/nodes/{node}/tasks/{task}/status", {}))
            return found["status"] == "stopped"

        what = f"task {task.split(':')[5]} of {task.split(':')[6]}"
        self.until(stopped, 60 * minutes, f"{what} does not end")
        said = str(found.get("exitstatus", ""))
        if said != "OK" and not said.startswith("WARNINGS"):
            raise TaskError(f"Proxmox, {what}: {said}")

    def until(self, reached: Callable[[], bool], seconds: float, sentence: str) -> None:
        """Wait for something of which Proxmox has no task.

        Raises:
            Slow: When it takes longer, with the sentence.
        """
        ends = self.clock() + seconds
        while not reached():
            if self.clock() > ends:
                raise Slow(f"{sentence} within {seconds / 60:g} minutes")
            self.sleep(_POLL_SECONDS)

    def _log(self, node: str, task: str) -> str:
        lines = self._get("show a task's log", f"/nodes/{node}/tasks/{task}/log", {"limit": "5000"})
        return "\n".join(str(line["t"]) for line in lines)

    def _get(self, what: str, path: str, query: Mapping[str, str]) -> Any:
        return _data(self._ask(what, "GET", path, query), what)

    def _do(self, what: str, path: str, form: Mapping[str, str]) -> str | None:
        return _data(self._ask(what, "POST", path, form), what)

    def _ask(self, what: str, method: str, path: str, values: Mapping[str, str]) -> Answer:
        try:
            call = self.web.get if method == "GET" else self.web.send
            return call(f"/api2/json{path}", values)
        except WebError as error:
            raise ReleaseError(f"Proxmox was asked to {what}: {error}") from None


def disks(config: Mapping[str, Any]) -> dict[str, str]:
    """Disks of a VM by their place, without drives for media such as cloud-init's."""
    return {key: str(value) for key, value in config.items() if _DISK.fullmatch(key) and "media=" not in str(value)}


def size(disk: str) -> int:
    """Bytes of a disk, by its line in a VM's settings."""
    found = re.search(r"\bsize=(\d+)([KMGT]?)", disk)
    return int(found[1]) * _UNITS.get(found[2], 1) if found else 0


def storage(disk: str) -> str:
    """The storage that a disk is on."""
    return disk.partition(":")[0]


def _path(guest: Guest) -> str:
    return f"/nodes/{guest.node}/qemu/{guest.id}"


def _data(answer: Answer, what: str) -> Any:
    try:
        content: dict[str, Any] = answer.json()
    except WebError as error:
        content = {"message": str(error)}
    if answer.good and "data" in content:
        return content["data"]
    said = str(content.get("message") or answer.reason).strip()
    wrong = f" {json.dumps(content['errors'])}" if content.get("errors") else ""
    raise ReleaseError(f"Proxmox does not {what} (status {answer.status}): {said}{wrong}")
