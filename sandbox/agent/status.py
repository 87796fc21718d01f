"""A pod's status as the kubelet writes it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.agent.objects import Object, parts


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ContainerState:
    """What is known of a container."""

    name: str
    image: str
    started: bool = False
    """Whether its startup probe, if any, is through."""
    ready: bool = False
    restarts: int = 0
    running_since: str | None = None
    waiting: tuple[str, str] | None = ("ContainerCreating", "")
    """Reason and message while it neither runs nor is over."""
    exit: tuple[int, str, str] | None = None
    """Exit code, reason and time of the last end."""
    over: bool = False
    """Whether it will not be started again."""

    def document(self) -> dict[str, Any]:
        """As `status.containerStatuses` has it."""
        last = self._terminated() if self.exit else None
        if self.running_since:
            state: dict[str, Any] = {"running": {"startedAt": self.running_since}}
        elif self.over and last:
            state, last = last, None
        else:
            reason, message = self.waiting or ("ContainerCreating", "")
            state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image,
            "started": self.started and bool(self.running_since),
            "ready": self.ready and bool(self.running_since),
            "restartCount": self.restarts,
            "state": state,
            "lastState": last or {},
        }

    def _terminated(self) -> dict[str, Any]:
        code, reason, when = self.exit or (0, "Completed", now())
        return {"terminated": {"exitCode": code, "reason": reason, "startedAt": when, "finishedAt": when}}


def document(pod: Object, states: Sequence[ContainerState], address: str, previous: list[Object]) -> dict[str, Any]:
    """The whole status.

    Args:
        pod: The pod as it is in the cluster.
        states: Its containers.
        address: Its address in the cluster.
        previous: The conditions as they are; times of those that do not change, and conditions of others, are kept.
    """
    ready = bool(states) and all(state.ready and state.running_since for state in states)
    began = any(state.running_since or state.exit for state in states)
    over = bool(states) and all(state.over for state in states)
    if over:
        phase = "Succeeded" if all(state.exit and state.exit[0] == 0 for state in states) else "Failed"
    else:
        phase = "Running" if began else "Pending"
    why = {} if ready else {"reason": "PodCompleted" if over else "ContainersNotReady"}
    wanted: list[dict[str, Any]] = [
        {"type": "PodReadyToStartContainers", "status": "False" if over else "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": str(ready), **why},
        {"type": "ContainersReady", "status": str(ready), **why},
    ]
    started = pod.get("status", {}).get("startTime") or pod["metadata"].get("creationTimestamp") or now()
    return {
        "phase": phase,
        "conditions": conditions(wanted, previous),
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "containerStatuses": [state.document() for state in states],
        "initContainerStatuses": [_done(item, started) for item in parts(pod["spec"], "initContainers")],
    }


def conditions(wanted: list[dict[str, Any]], previous: list[Object]) -> list[dict[str, Any]]:
    """Conditions with their times: a time changes with its status and not otherwise."""
    known = {item["type"]: item for item in previous}
    kept = [item for item in previous if item["type"] not in {want["type"] for want in wanted}]
    moment = now()

    def since(want: dict[str, Any]) -> str:
        before = known.get(want["type"], {})
        same = before.get("status") == want["status"]
        return str(before.get("lastTransitionTime") or moment) if same else moment

    return [*kept, *({**want, "lastTransitionTime": since(want)} for want in wanted)]


def _done(container: Object, when: str) -> dict[str, Any]:
    """Init containers are taken to have done their work."""
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": container["image"],
        "ready": True,
        "restartCount": 0,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": when, "finishedAt": when}},
    }
