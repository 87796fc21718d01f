"""Specs of those rules of policy/rules/pod_security.py that specs/workloads.py does not have."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Spec, but, one, wrong

_POD = "spec.template.spec"
_AT = "spec/template/spec"


def _deployment(path: str, value: Any) -> Any:
    return one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_AT}/{path}", value)))


SPECS = (
    Spec(
        "workload-volumes",
        passes=(one(kinds.DEPLOYMENT, good.DEPLOYMENT), _deployment("volumes", [{"name": "empty"}])),
        fails=(wrong(_deployment("volumes", [{"name": "x", "nfs": {"server": "a"}}]), f"{_POD}.volumes[0]"),),
        unknown=(wrong(_deployment("volumes", UNKNOWN), f"{_POD}.volumes"),),
    ),
    Spec(
        "workload-confinement",
        passes=(
            one(kinds.DEPLOYMENT, good.DEPLOYMENT),
            _deployment("securityContext/appArmorProfile", {"type": "RuntimeDefault"}),
        ),
        fails=(
            wrong(
                _deployment("securityContext/appArmorProfile", {"type": "Unconfined"}),
                f"{_POD}.securityContext.appArmorProfile.type",
            ),
            wrong(
                _deployment("securityContext/seLinuxOptions", {"type": "spc_t", "user": "u"}),
                f"{_POD}.securityContext.seLinuxOptions.type",
                f"{_POD}.securityContext.seLinuxOptions.user",
            ),
            wrong(
                _deployment("containers/0/securityContext/procMount", "Unmasked"),
                f"{_POD}.containers[0].securityContext.procMount",
            ),
            wrong(
                _deployment("securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
                f"{_POD}.securityContext.sysctls[0].name",
            ),
        ),
        unknown=(
            wrong(
                _deployment("securityContext/appArmorProfile", {"type": UNKNOWN}),
                f"{_POD}.securityContext.appArmorProfile.type",
            ),
        ),
    ),
    Spec(
        "workload-probe-hosts",
        passes=(one(kinds.DEPLOYMENT, good.DEPLOYMENT),),
        fails=(
            wrong(
                _deployment("containers/0/readinessProbe/httpGet/host", "10.0.0.1"),
                f"{_POD}.containers[0].readinessProbe.httpGet.host",
            ),
        ),
        unknown=(
            wrong(
                _deployment("containers/0/readinessProbe/httpGet/host", UNKNOWN),
                f"{_POD}.containers[0].readinessProbe.httpGet.host",
            ),
        ),
    ),
)
