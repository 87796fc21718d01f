"""What k3s' own hardening guide asks for, by which a cluster passes the CIS benchmark (SEC-2).

https://docs.k3s.io/security/hardening-guide; its network policies are this platform's own (SEC-6).
"""

from typing import Any, Final

from components.programs import API_AUDIT_LOG

SERVER: Final = "/var/lib/rancher/k3s/server"
ADMISSION_FILE: Final = f"{SERVER}/psa.yaml"
AUDIT_POLICY_FILE: Final = f"{SERVER}/audit.yaml"
SYSCTL_FILE: Final = "/etc/sysctl.d/90-kubelet.conf"
SYSCTLS: Final = """\
vm.panic_on_oom=0
vm.overcommit_memory=1
kernel.panic=10
kernel.panic_on_oops=1
kernel.keys.root_maxkeys=1000000
kernel.keys.root_maxbytes=25000000
"""
"""What a kubelet with `protect-kernel-defaults` refuses to start without."""

_CIPHERS: Final = (
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
)
API_SERVER: Final = (
    "anonymous-auth=false",
    "profiling=false",
    "enable-admission-plugins=NodeRestriction,EventRateLimit",
    f"admission-control-config-file={ADMISSION_FILE}",
    f"audit-policy-file={AUDIT_POLICY_FILE}",
    f"audit-log-path={API_AUDIT_LOG}",
    # The agent has read a line within seconds; what lies here is for a time without Loki.
    "audit-log-maxage=30",
    "audit-log-maxbackup=10",
    "audit-log-maxsize=100",
    "service-account-extend-token-expiration=false",
)
CONTROLLER_MANAGER: Final = ("terminated-pod-gc-threshold=100",)
KUBELET: Final = (
    # How often files from ConfigMaps and Secrets are looked at: a route or a certificate reaches the gateways within
    # seconds; by default it can be more than a minute.
    "sync-frequency=10s",
    "streaming-connection-idle-timeout=5m",
    "pod-max-pids=4096",
    f"tls-cipher-suites={','.join(_CIPHERS)}",
)
"""Arguments of the programs in k3s."""
_WATCHED: Final = (
    "secrets",
    "serviceaccounts/token",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
)
"""What is written down although nothing is changed: a secret that is read, a way into a pod."""


def admission() -> dict[str, Any]:
    """Pods of a namespace that says nothing are held to the strictest standard; nobody floods the API with events."""
    standard = dict.fromkeys(("enforce", "audit", "warn"), "restricted")
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": {**standard, **{f"{mode}-version": "latest" for mode in standard}},
                    # What k3s brings, and kube-vip, which has the node's network.
                    "exemptions": {"namespaces": ["kube-system"]},
                },
            },
            {
                "name": "EventRateLimit",
                "configuration": {
                    "apiVersion": "eventratelimit.admission.k8s.io/v1alpha1",
                    "kind": "Configuration",
                    "limits": [{"type": "Server", "qps": 5000, "burst": 20000}],
                },
            },
        ],
    }


def audit_policy() -> dict[str, Any]:
    """Who changed what, who read a secret, and who went into a pod; not what the cluster does by itself all the time.

    Names only, no contents: a secret's value is in no log (SEC-2).
    """
    machinery = ["system:nodes", "system:serviceaccounts:kube-system"]
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "userGroups": machinery},
            {
                "level": "None",
                "users": ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"],
            },
            {
                "level": "None",
                "resources": [
                    {"group": "coordination.k8s.io", "resources": ["leases"]},
                    {"group": "", "resources": ["events"]},
                    {"group": "events.k8s.io", "resources": ["events"]},
                    {"group": "authentication.k8s.io"},
                    {"group": "authorization.k8s.io"},
                ],
            },
            {"level": "Metadata", "resources": [{"group": "", "resources": list(_WATCHED)}]},
            {"level": "None", "verbs": ["get", "list", "watch"]},
            {"level": "Metadata"},
        ],
    }
