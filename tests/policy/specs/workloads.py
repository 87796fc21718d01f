"""Specs of policy/rules/workloads.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Case, Spec, Wrong, but, one, wrong

_POD = "spec/template/spec"
_CONTAINER = f"{_POD}/containers/0"
_POD_PATH = "spec.template.spec"
_PATH = f"{_POD_PATH}.containers[0]"
_SECURITY = f"{_CONTAINER}/securityContext"
_SECURITY_PATH = f"{_PATH}.securityContext"

_GOOD: tuple[Case, ...] = (
    one(kinds.DEPLOYMENT, good.DEPLOYMENT),
    one(kinds.CRON_JOB, good.CRON_JOB),
    one(kinds.POD, good.BARE_POD),
)
_FIRST: dict[str, Any] = {"name": "first"}


def _bad(place: str, value: Any, *paths: str, type_: str = kinds.DEPLOYMENT) -> Wrong:
    return wrong(one(type_, but(good.DEPLOYMENT, (place, value))), *paths)


SPECS = (
    Spec(
        "workload-probes",
        passes=(one(kinds.DEPLOYMENT, good.DEPLOYMENT), one(kinds.DAEMON_SET, good.DEPLOYMENT)),
        fails=(
            _bad(f"{_CONTAINER}/readinessProbe", DROP, f"{_PATH}.readinessProbe"),
            _bad(f"{_CONTAINER}/livenessProbe", DROP, f"{_PATH}.livenessProbe", type_=kinds.STATEFUL_SET),
            _bad(
                f"{_POD}/containers/1",
                _FIRST,
                f"{_POD_PATH}.containers[1].readinessProbe",
                f"{_POD_PATH}.containers[1].livenessProbe",
            ),
        ),
        unknown=(_bad(f"{_CONTAINER}/livenessProbe", UNKNOWN, f"{_PATH}.livenessProbe"),),
    ),
    Spec(
        "workload-resources",
        passes=_GOOD,
        fails=(
            _bad(f"{_CONTAINER}/resources/limits", DROP, f"{_PATH}.resources.limits.memory"),
            _bad(
                f"{_CONTAINER}/resources/requests",
                {},
                f"{_PATH}.resources.requests.cpu",
                f"{_PATH}.resources.requests.memory",
            ),
            _bad(
                f"{_POD}/initContainers",
                [{**good.CONTAINER, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
                f"{_POD_PATH}.initContainers[0].resources.limits.memory",
            ),
        ),
        unknown=(_bad(f"{_CONTAINER}/resources", UNKNOWN, f"{_PATH}.resources"),),
    ),
    Spec(
        "workload-priority",
        passes=_GOOD,
        fails=(
            _bad(f"{_POD}/priorityClassName", DROP, f"{_POD_PATH}.priorityClassName"),
            _bad(f"{_POD}/priorityClassName", "", f"{_POD_PATH}.priorityClassName", type_=kinds.DAEMON_SET),
        ),
        unknown=(_bad(f"{_POD}/priorityClassName", UNKNOWN, f"{_POD_PATH}.priorityClassName"),),
    ),
    Spec(
        "workload-non-root",
        passes=(
            *_GOOD,
            one(
                kinds.DEPLOYMENT,
                but(good.DEPLOYMENT, (f"{_POD}/securityContext", DROP), (f"{_SECURITY}/runAsNonRoot", True)),
            ),
        ),
        fails=(
            _bad(f"{_POD}/securityContext/runAsNonRoot", DROP, f"{_SECURITY_PATH}.runAsNonRoot"),
            _bad(f"{_SECURITY}/runAsNonRoot", False, f"{_SECURITY_PATH}.runAsNonRoot"),
            _bad(f"{_POD}/securityContext/runAsUser", 0.0, f"{_POD_PATH}.securityContext.runAsUser"),
        ),
        unknown=(_bad(f"{_POD}/securityContext/runAsNonRoot", UNKNOWN, f"{_POD_PATH}.securityContext.runAsNonRoot"),),
    ),
    Spec(
        "workload-read-only-root",
        passes=_GOOD,
        fails=(
            _bad(f"{_SECURITY}/readOnlyRootFilesystem", False, f"{_SECURITY_PATH}.readOnlyRootFilesystem"),
            _bad(f"{_SECURITY}", DROP, f"{_SECURITY_PATH}.readOnlyRootFilesystem"),
        ),
        unknown=(_bad(f"{_SECURITY}/readOnlyRootFilesystem", UNKNOWN, f"{_SECURITY_PATH}.readOnlyRootFilesystem"),),
    ),
    Spec(
        "workload-no-escalation",
        passes=_GOOD,
        fails=(
            _bad(f"{_SECURITY}/allowPrivilegeEscalation", DROP, f"{_SECURITY_PATH}.allowPrivilegeEscalation"),
            _bad(f"{_SECURITY}/privileged", True, f"{_SECURITY_PATH}.privileged"),
        ),
        unknown=(_bad(f"{_SECURITY}", UNKNOWN, _SECURITY_PATH),),
    ),
    Spec(
        "workload-capabilities",
        passes=(
            *_GOOD,
            one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_SECURITY}/capabilities/add", ["NET_BIND_SERVICE"]))),
        ),
        fails=(
            _bad(f"{_SECURITY}/capabilities/drop", ["NET_RAW"], f"{_SECURITY_PATH}.capabilities.drop"),
            _bad(f"{_SECURITY}/capabilities/add", ["SYS_ADMIN"], f"{_SECURITY_PATH}.capabilities.add[0]"),
        ),
        unknown=(_bad(f"{_SECURITY}/capabilities/add", [UNKNOWN], f"{_SECURITY_PATH}.capabilities.add[0]"),),
    ),
    Spec(
        "workload-seccomp",
        passes=(*_GOOD, one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_SECURITY}/seccompProfile/type", "Localhost")))),
        fails=(
            _bad(f"{_POD}/securityContext/seccompProfile", DROP, f"{_SECURITY_PATH}.seccompProfile.type"),
            _bad(f"{_SECURITY}/seccompProfile/type", "Unconfined", f"{_SECURITY_PATH}.seccompProfile.type"),
        ),
        unknown=(
            _bad(
                f"{_POD}/securityContext/seccompProfile/type",
                UNKNOWN,
                f"{_POD_PATH}.securityContext.seccompProfile.type",
            ),
        ),
    ),
    Spec(
        "workload-service-account-token",
        passes=_GOOD,
        fails=(
            _bad(f"{_POD}/automountServiceAccountToken", DROP, f"{_POD_PATH}.automountServiceAccountToken"),
            _bad(f"{_POD}/automountServiceAccountToken", True, f"{_POD_PATH}.automountServiceAccountToken"),
        ),
        unknown=(_bad(f"{_POD}/automountServiceAccountToken", UNKNOWN, f"{_POD_PATH}.automountServiceAccountToken"),),
    ),
    Spec(
        "workload-host-access",
        passes=_GOOD,
        fails=(
            _bad(f"{_POD}/hostNetwork", True, f"{_POD_PATH}.hostNetwork"),
            _bad(f"{_POD}/hostPID", True, f"{_POD_PATH}.hostPID", type_=kinds.DAEMON_SET),
            _bad(f"{_POD}/hostIPC", True, f"{_POD_PATH}.hostIPC"),
            _bad(f"{_POD}/volumes/1", {"hostPath": {"path": "/"}}, f"{_POD_PATH}.volumes[1].hostPath"),
            _bad(f"{_CONTAINER}/ports/0/hostPort", 9100.0, f"{_PATH}.ports[0].hostPort"),
        ),
        unknown=(_bad(f"{_POD}/volumes", UNKNOWN, f"{_POD_PATH}.volumes"),),
    ),
)
