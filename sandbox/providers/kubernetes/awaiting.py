"""When an object is ready: the conditions that the official provider waits for, kind by kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

Object = dict[str, Any]


@dataclass(frozen=True)
class State:
    """How far an object is."""

    ready: bool
    waits_for: str = ""
    """What is missing, as the end of "… is not ready: "."""
    failed: bool = False
    """Waiting on is useless."""


_READY = State(ready=True)


def state(obj: Object) -> State:
    """Whether a live object is ready; kinds that nothing is waited for are ready at once."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    judge = _JUDGES.get((group, str(obj.get("kind", ""))))
    return judge(obj) if judge else _READY


def conditions(obj: Object) -> list[Object]:
    """`status.conditions`."""
    return cast("list[Object]", _status(obj).get("conditions") or [])


def _status(obj: Object) -> Object:
    return cast("Object", obj.get("status") or {})


def _spec(obj: Object) -> Object:
    return cast("Object", obj.get("spec") or {})


def _condition(obj: Object, kind: str) -> Object:
    found = [item for item in conditions(obj) if item.get("type") == kind]
    return found[0] if found else {}


def _seen(obj: Object) -> bool:
    """Whether the controller has looked at the object as it is now."""
    return _status(obj).get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)


def _counted(obj: Object, wanted: int, *fields: str) -> State:
    status = _status(obj)
    for field in fields:
        has = status.get(field, 0)
        if has < wanted:
            return State(ready=False, waits_for=f"{has} of {wanted} {field}")
    return _READY


def _deployment(obj: Object) -> State:
    spec, status = _spec(obj), _status(obj)
    if spec.get("paused"):
        return _READY
    if not _seen(obj):
        return State(ready=False, waits_for="the controller has not seen it")
    progressing = _condition(obj, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return State(ready=False, waits_for=str(progressing.get("message")), failed=True)
    wanted = spec.get("replicas", 1)
    if status.get("updatedReplicas", 0) >= wanted and status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return State(ready=False, waits_for="old replicas are still there")
    return _counted(obj, wanted, "updatedReplicas", "availableReplicas")


def _stateful_set(obj: Object) -> State:
    spec, status = _spec(obj), _status(obj)
    if not _seen(obj):
        return State(ready=False, waits_for="the controller has not seen it")
    wanted = spec.get("replicas", 1)
    strategy = cast("Object", spec.get("updateStrategy") or {})
    partition = cast("Object", strategy.get("rollingUpdate") or {}).get("partition", 0)
    rolls = strategy.get("type", "RollingUpdate") == "RollingUpdate" and not partition
    if rolls and status.get("updateRevision") != status.get("currentRevision"):
        return State(ready=False, waits_for=f"{status.get('updatedReplicas', 0)} of {wanted} updatedReplicas")
    return _counted(obj, wanted, "readyReplicas")


def _daemon_set(obj: Object) -> State:
    if not _seen(obj):
        return State(ready=False, waits_for="the controller has not seen it")
    return _counted(obj, _status(obj).get("desiredNumberScheduled", 0), "updatedNumberScheduled", "numberAvailable")


def _job(obj: Object) -> State:
    failed = _condition(obj, "Failed")
    if failed.get("status") == "True":
        return State(ready=False, waits_for=f"it failed: {failed.get('message', failed.get('reason'))}", failed=True)
    if _spec(obj).get("suspend") or _condition(obj, "Complete").get("status") == "True":
        return _READY
    return State(ready=False, waits_for="it has not completed")


def _pod(obj: Object) -> State:
    phase = _status(obj).get("phase")
    if phase == "Succeeded" or _condition(obj, "Ready").get("status") == "True":
        return _READY
    return State(ready=False, waits_for=f"its phase is {phase or 'not set'}", failed=phase == "Failed")


def _service(obj: Object) -> State:
    if _spec(obj).get("type") != "LoadBalancer":
        return _READY
    balancer = cast("Object", _status(obj).get("loadBalancer") or {})
    return _READY if balancer.get("ingress") else State(ready=False, waits_for="it has no load balancer address")


def _claim(obj: Object) -> State:
    phase = _status(obj).get("phase")
    return _READY if phase == "Bound" else State(ready=False, waits_for=f"no volume is bound to it ({phase})")


def _volume(obj: Object) -> State:
    phase = _status(obj).get("phase")
    return State(ready=phase in ("Available", "Bound"), waits_for=f"its phase is {phase or 'not set'}")


def _quota(obj: Object) -> State:
    same = _status(obj).get("hard") == _spec(obj).get("hard")
    return State(ready=same, waits_for="the controller has not taken it over")


def _definition(obj: Object) -> State:
    refused = _condition(obj, "NamesAccepted")
    if refused.get("status") == "False":
        return State(ready=False, waits_for=str(refused.get("message")), failed=True)
    established = _condition(obj, "Established").get("status") == "True"
    return State(ready=established, waits_for="it is not established")


_JUDGES: dict[tuple[str, str], Callable[[Object], State]] = {
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "ResourceQuota"): _quota,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}
