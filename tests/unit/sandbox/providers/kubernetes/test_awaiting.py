from typing import Any

import pytest

from sandbox.providers.kubernetes.awaiting import State, state


def _object(api_version: str, kind: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status}


def _deployment(spec: dict[str, Any] | None = None, **status: Any) -> State:
    full = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, **status}
    return state(_object("apps/v1", "Deployment", {"replicas": 2, **(spec or {})}, full))


def test_a_rolled_out_deployment_is_ready() -> None:
    assert _deployment().ready
    assert _deployment({"replicas": 0}, replicas=0, updatedReplicas=0, availableReplicas=0).ready
    assert _deployment({"paused": True}, updatedReplicas=0).ready


@pytest.mark.parametrize(
    ("status", "waits_for"),
    [
        ({"observedGeneration": 1}, "the controller has not seen it"),
        ({"updatedReplicas": 1}, "1 of 2 updatedReplicas"),
        ({"availableReplicas": 0}, "0 of 2 availableReplicas"),
        ({"replicas": 3}, "old replicas are still there"),
    ],
)
def test_one_that_is_not_says_what_is_missing(status: dict[str, Any], waits_for: str) -> None:
    assert _deployment(None, **status) == State(ready=False, waits_for=waits_for)


def test_one_past_its_deadline_has_failed() -> None:
    condition = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    assert _deployment(None, conditions=[condition]) == State(ready=False, waits_for="timed out", failed=True)


_SET = {"observedGeneration": 2, "readyReplicas": 2, "currentRevision": "b", "updateRevision": "b"}
_JOB_FAILED = {"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "status", "ready"),
    [
        ("apps/v1", "StatefulSet", {"replicas": 2}, _SET, True),
        ("apps/v1", "StatefulSet", {"replicas": 2}, {**_SET, "currentRevision": "a"}, False),
        ("apps/v1", "StatefulSet", {"replicas": 2}, {**_SET, "readyReplicas": 1}, False),
        (
            "apps/v1",
            "StatefulSet",
            {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
            {**_SET, "currentRevision": "a"},
            True,
        ),
        (
            "apps/v1",
            "DaemonSet",
            {},
            {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3},
            True,
        ),
        ("apps/v1", "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 3}, False),
        ("batch/v1", "Job", {}, {"conditions": [{"type": "Complete", "status": "True"}]}, True),
        ("batch/v1", "Job", {"suspend": True}, {}, True),
        ("batch/v1", "Job", {}, {"active": 1}, False),
        ("v1", "Pod", {}, {"phase": "Succeeded"}, True),
        ("v1", "Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}, False),
        ("v1", "Service", {"type": "ClusterIP"}, {}, True),
        ("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {}}, False),
        ("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}, True),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}, False),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}, True),
        ("v1", "PersistentVolume", {}, {"phase": "Available"}, True),
        ("v1", "PersistentVolume", {}, {}, False),
        ("v1", "ResourceQuota", {"hard": {"pods": "1"}}, {"hard": {"pods": "1"}}, True),
        ("v1", "ResourceQuota", {"hard": {"pods": "1"}}, {}, False),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {}, False),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            {},
            {"conditions": [{"type": "Established", "status": "True"}]},
            True,
        ),
        ("v1", "ConfigMap", {}, {}, True),
        ("serving.knative.dev/v1", "Service", {"type": "LoadBalancer"}, {}, True),
    ],
)
def test_other_kinds(api_version: str, kind: str, spec: dict[str, Any], status: dict[str, Any], ready: bool) -> None:
    judged = state(_object(api_version, kind, spec, status))
    assert judged.ready is ready
    assert ready or judged.waits_for
    assert not judged.failed


def test_a_failed_job_is_not_waited_for() -> None:
    judged = state(_object("batch/v1", "Job", {}, {"conditions": [_JOB_FAILED]}))
    assert judged == State(ready=False, waits_for="it failed: BackoffLimitExceeded", failed=True)
