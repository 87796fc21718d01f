"""Specs of policy/rules/pods_own.py."""

from __future__ import annotations

from policy.rules import kinds

from ..good import DEPLOYMENT, LOG_AGENT
from ..spec import DROP, but, simple

_POD = "spec/template/spec"
_IN = "spec.template.spec"
OWN = but(
    DEPLOYMENT, (f"{_POD}/serviceAccountName", "storefront"), (f"{_POD}/volumes/0/emptyDir", {"sizeLimit": "1Mi"})
)

SPECS = (
    simple(
        "pod-names",
        kinds.DEPLOYMENT,
        OWN,
        (f"{_POD}/hostAliases", [{"ip": "1.2.3.4"}], f"{_IN}.hostAliases"),
        (f"{_POD}/dnsPolicy", "Default", f"{_IN}.dnsPolicy"),
        (f"{_POD}/dnsConfig", {"nameservers": ["8.8.8.8"]}, f"{_IN}.dnsConfig.nameservers"),
        unknown=(f"{_POD}/dnsPolicy", f"{_IN}.dnsPolicy"),
    ),
    simple(
        "pod-alone",
        kinds.DEPLOYMENT,
        OWN,
        (f"{_POD}/shareProcessNamespace", True, f"{_IN}.shareProcessNamespace"),
        (f"{_POD}/securityContext/fsGroup", 0, f"{_IN}.securityContext.fsGroup"),
        (f"{_POD}/securityContext/supplementalGroups", [0], f"{_IN}.securityContext.supplementalGroups[0]"),
        (f"{_POD}/serviceAccountName", "default", f"{_IN}.serviceAccountName"),
        (f"{_POD}/runtimeClassName", "x", f"{_IN}.runtimeClassName"),
        (f"{_POD}/containers/0/tty", True, f"{_IN}.containers[0].tty"),
        (
            f"{_POD}/containers/0/volumeMounts",
            [{"name": "tmp", "mountPropagation": "Bidirectional"}],
            f"{_IN}.containers[0].volumeMounts[0].mountPropagation",
        ),
        (f"{_POD}/volumes/1", {"name": "x", "csi": {"driver": "x"}}, f"{_IN}.volumes[1].csi"),
        unknown=(f"{_POD}/serviceAccountName", f"{_IN}.serviceAccountName"),
    ),
    simple(
        "pod-scratch",
        kinds.DEPLOYMENT,
        OWN,
        (f"{_POD}/volumes/0/emptyDir/sizeLimit", DROP, f"{_IN}.volumes[0].emptyDir.sizeLimit"),
        (f"{_POD}/volumes/0/emptyDir/medium", "Memory", f"{_IN}.volumes[0].emptyDir.medium"),
        unknown=(f"{_POD}/volumes/0/emptyDir/sizeLimit", f"{_IN}.volumes[0].emptyDir.sizeLimit"),
    ),
    simple(
        "agent-folders",
        kinds.DAEMON_SET,
        LOG_AGENT,
        (f"{_POD}/volumes/0/hostPath/path", "/etc", f"{_IN}.volumes[0].hostPath.path"),
        (f"{_POD}/containers/0/volumeMounts/0/readOnly", False, f"{_IN}.containers[0].volumeMounts[0].readOnly"),
        unknown=(f"{_POD}/volumes/0/hostPath/path", f"{_IN}.volumes[0].hostPath.path"),
    ),
)
