"""Rows on what runs in the cluster, and on who may reach it."""

from __future__ import annotations

from policy.rules import kinds

from .operators import ABSENT, CLEAR, NEGATE, REMOVE, RENAME, Operator, Row, entry, more, sub, to, wider

_W = kinds.WORKLOADS
_CONTAINER = "{pod}/containers/*"
_CONTEXT = f"{_CONTAINER}/securityContext"
_ROLES = ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role")
_BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
)
_HOST = {"httpGet": {"host": "10.0.0.1", "port": 80}}

POD_SECURITY = (
    Row(_W, f"{_CONTEXT}/allowPrivilegeEscalation", (REMOVE, NEGATE)),
    Row(_W, f"{_CONTEXT}/runAsNonRoot", (REMOVE, NEGATE)),
    Row(_W, f"{_CONTEXT}/readOnlyRootFilesystem", (REMOVE, NEGATE)),
    Row(_W, f"{_CONTEXT}/capabilities", (REMOVE, CLEAR)),
    Row(_W, f"{_CONTEXT}/capabilities/drop", (REMOVE, CLEAR, to(["NET_RAW"]))),
    Row(_W, f"{_CONTEXT}/capabilities/add", (more("SYS_ADMIN", "NET_ADMIN"),), also_absent=True),
    Row(
        _W,
        _CONTEXT,
        (
            REMOVE,
            entry("privileged", True),
            entry("procMount", "Unmasked"),
            entry("runAsUser", 0),
            entry("seccompProfile", {"type": "Unconfined"}, {}),
            entry("appArmorProfile", {"type": "Unconfined"}),
            entry("seLinuxOptions", {"type": "spc_t"}, {"user": "system_u"}, {"role": "system_r"}),
            entry("windowsOptions", {"hostProcess": True}),
        ),
    ),
    Row(_W, "{pod}/securityContext", (REMOVE,)),
    Row(_W, "{pod}/securityContext/runAsNonRoot", (REMOVE, NEGATE)),
    Row(_W, "{pod}/securityContext/runAsUser", (to(0),)),
    Row(_W, "{pod}/securityContext/seccompProfile", (REMOVE, CLEAR)),
    Row(_W, "{pod}/securityContext/seccompProfile/type", (to("Unconfined", ""), RENAME)),
    Row(_W, "{pod}/securityContext/sysctls", (more({"name": "kernel.msgmax", "value": "1"}),), also_absent=True),
    Row(
        _W,
        "{pod}",
        (
            entry("hostNetwork", True),
            entry("hostPID", True),
            entry("hostIPC", True),
            entry("automountServiceAccountToken", True),
            entry("shareProcessNamespace", True),
        ),
    ),
    Row(_W, "{pod}/automountServiceAccountToken", (REMOVE,)),
    Row(
        _W,
        "{pod}/volumes",
        (
            more(
                {"name": "x", "hostPath": {"path": "/var/lib"}},
                {"name": "x", "nfs": {"server": "10.0.0.1", "path": "/"}},
                {"name": "x", "gitRepo": {"repository": "https://example.com"}},
            ),
        ),
        also_absent=True,
    ),
    Row(_W, f"{_CONTAINER}/ports/*/hostPort", (to(8080),), also_absent=True),
    Row(_W, f"{_CONTAINER}/livenessProbe/httpGet/host", (to("10.0.0.1"),), also_absent=True),
    Row(_W, f"{_CONTAINER}/lifecycle/postStart", (to(_HOST),), also_absent=True),
    Row(
        _W,
        "{pod}/initContainers",
        (more({"name": "x", "image": "docker.io/library/busybox:1.37.0"}),),
        also_absent=True,
    ),
    Row((kinds.NAMESPACE,), "metadata/labels/pod-security.kubernetes.io~1enforce", (REMOVE, to("privileged", ""))),
    Row((kinds.NAMESPACE,), "metadata/labels/pod-security.kubernetes.io~1enforce", (to("baseline"),)),
    Row((kinds.NAMESPACE,), "metadata/labels/pod-security.kubernetes.io~1enforce-version", (to("v1.20"),)),
)

AVAILABILITY = (
    Row((kinds.DEPLOYMENT, kinds.STATEFUL_SET), "spec/replicas", (REMOVE, to(1, 0))),
    Row((kinds.DEPLOYMENT,), "spec/strategy", (REMOVE,)),
    Row((kinds.DEPLOYMENT,), "spec/strategy/type", (to("Recreate"),)),
    Row((kinds.DEPLOYMENT,), "spec/strategy/rollingUpdate/maxUnavailable", (to(1, "100%"), REMOVE)),
    Row((kinds.DEPLOYMENT,), "spec/strategy/rollingUpdate/maxSurge", (to(0),)),
    Row((kinds.STATEFUL_SET, kinds.DAEMON_SET), "spec/updateStrategy/type", (to("OnDelete"),)),
    Row((kinds.DAEMON_SET,), "spec/updateStrategy/rollingUpdate/maxUnavailable", (to("100%"),)),
    Row(_W, "{pod}/topologySpreadConstraints", (REMOVE, CLEAR)),
    Row(_W, "{pod}/topologySpreadConstraints/0/maxSkew", (to(5),)),
    Row(_W, "{pod}/topologySpreadConstraints/0/topologyKey", (RENAME,)),
    Row(_W, "{pod}/topologySpreadConstraints/0/labelSelector", (REMOVE, CLEAR, to({"matchLabels": {"app": "x"}}))),
    Row(_W, "{pod}/priorityClassName", (REMOVE, RENAME, CLEAR)),
    Row(_W, f"{_CONTAINER}/readinessProbe", (REMOVE,)),
    Row(_W, f"{_CONTAINER}/livenessProbe", (REMOVE,)),
    Row(_W, f"{_CONTAINER}/lifecycle", (REMOVE,)),
    Row(_W, f"{_CONTAINER}/resources", (REMOVE,)),
    Row(_W, f"{_CONTAINER}/resources/limits/memory", (REMOVE,)),
    Row(_W, f"{_CONTAINER}/resources/requests/memory", (REMOVE, to("1Ti"))),
    Row(_W, f"{_CONTAINER}/resources/requests/cpu", (REMOVE, to("1000"))),
    Row(_W, "{pod}/terminationGracePeriodSeconds", (to(0, 1),)),
    Row((kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.DAEMON_SET), "spec/minReadySeconds", (REMOVE, to(0))),
    Row((kinds.DISRUPTION_BUDGET,), "", (REMOVE,)),
    Row((kinds.DISRUPTION_BUDGET,), "spec/maxUnavailable", (to(0, "100%", 5), REMOVE)),
    Row((kinds.DISRUPTION_BUDGET,), "spec/selector/matchLabels", (to({"app": "x"}), CLEAR)),
    Row((kinds.DISRUPTION_BUDGET,), "metadata/namespace", (RENAME,)),
    Row(_W, "{pod}/volumes/*/projected/sources/*/configMap/name", (RENAME,)),
    Row((kinds.CONFIG_MAP,), "", (REMOVE,)),
    Row((kinds.PRIORITY_CLASS,), "", (REMOVE,)),
    Row((kinds.PRIORITY_CLASS,), "globalDefault", (NEGATE,)),
)

RBAC = (
    Row(_ROLES, "rules/*/verbs", (more("*", "escalate", "bind", "impersonate", "delete", "create"),)),
    Row(_ROLES, "rules/*/resources", (more("*", "secrets", "nodes/proxy", "pods/exec"),)),
    Row(_ROLES, "rules/*/apiGroups", (more("*"),)),
    Row(_ROLES, "rules/*/nonResourceURLs", (more("*", "/*"),)),
    Row(_ROLES, "rules", (more({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),)),
    Row(_BINDINGS, "roleRef/name", (to("cluster-admin", "admin", "edit"), RENAME)),
    Row(
        _BINDINGS,
        "subjects",
        (
            more(
                {"kind": "Group", "name": "system:authenticated"},
                {"kind": "Group", "name": "system:serviceaccounts"},
                {"kind": "User", "name": "system:anonymous"},
                {"kind": "ServiceAccount", "name": "default", "namespace": "commerce"},
            ),
        ),
    ),
    Row((kinds.SERVICE_ACCOUNT_KUBERNETES,), "automountServiceAccountToken", (REMOVE, NEGATE)),
)

_ANY = {"ipBlock": {"cidr": "0.0.0.0/0"}}
NETWORK = (
    Row((kinds.DOCKER_CONTAINER,), "networksAdvanced/*/name", (sub("^coolify-own$", "supabase"),)),
    Row((kinds.NETWORK_POLICY,), "", (REMOVE,)),
    Row((kinds.NETWORK_POLICY,), "spec/policyTypes", (to(["Ingress"], ["Egress"]), REMOVE)),
    Row((kinds.NETWORK_POLICY,), "spec/podSelector", (CLEAR, to({"matchLabels": {"app": "x"}}))),
    Row((kinds.NETWORK_POLICY,), "metadata/namespace", (RENAME,)),
    Row((kinds.NETWORK_POLICY,), "spec/ingress", (more({}, {"from": [_ANY]}),), also_absent=True),
    Row((kinds.NETWORK_POLICY,), "spec/egress", (more({}, {"to": [_ANY]}),), also_absent=True),
    Row(
        (kinds.NETWORK_POLICY,),
        "spec/egress",
        (more({"to": [_ANY], "ports": [{"protocol": "TCP", "port": 443}]}),),
        also_absent=True,
    ),
    Row(
        (kinds.NETWORK_POLICY,),
        "spec/ingress",
        (more({"from": [_ANY], "ports": [{"protocol": "TCP", "port": 9090}]}),),
        also_absent=True,
    ),
    *(
        row
        for rules, peers in (("ingress", "from"), ("egress", "to"))
        for row in (
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/{peers}", (REMOVE, CLEAR, more(_ANY))),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/ports", (REMOVE, CLEAR)),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/ports/*/port", (REMOVE, to(22, name="rename"))),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/ports/*/endPort", (wider(65535),), also_absent=True),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/{peers}/*/podSelector", (REMOVE, CLEAR)),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/{peers}/*/namespaceSelector", (CLEAR,)),
            Row(
                (kinds.NETWORK_POLICY,),
                f"spec/{rules}/*/{peers}/*/podSelector/matchLabels/app.kubernetes.io~1name",
                (RENAME,),
            ),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/{peers}/*/ipBlock/except", (REMOVE, CLEAR)),
            Row((kinds.NETWORK_POLICY,), f"spec/{rules}/*/{peers}/*/ipBlock/cidr", (wider("0.0.0.0/0", "10.0.0.0/8"),)),
        )
    ),
    Row((kinds.SERVICE,), "spec/type", (wider("NodePort", "LoadBalancer"),)),
    Row((kinds.SERVICE,), "spec/externalIPs", (more("203.0.113.1"),), also_absent=True),
    Row((kinds.SERVICE,), "spec/selector", (to({"app.kubernetes.io/name": "prometheus"}, name="rename"),)),
    Row((kinds.SERVICE,), "spec/ports", (more({"name": "x", "port": 5432, "targetPort": 5432}),)),
    Row((kinds.DOCKER_CONTAINER,), "ports/*/ip", (REMOVE, wider("0.0.0.0"))),  # noqa: S104 - what a rule is to find
    Row((kinds.DOCKER_CONTAINER,), "networkMode", (wider("host"),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "publishAllPorts", (wider(True),), also_absent=True),
    Row(
        (kinds.DOCKER_CONTAINER,),
        "ports",
        (more({"internal": 9999, "external": 9999, "ip": "203.0.113.4"}, {"internal": 9999, "external": 9999}),),
        also_absent=True,
    ),
    Row(kinds.FIREWALL_RULES, "", (REMOVE,)),
    Row(kinds.FIREWALL_RULES, "rules/*/source", (REMOVE, wider("0.0.0.0/0"))),
    Row(kinds.FIREWALL_RULES, "rules/*/dport", (REMOVE, wider("1:65535"))),
    Row(kinds.FIREWALL_RULES, "rules/*/proto", (REMOVE,)),
    Row(
        kinds.FIREWALL_RULES,
        "rules",
        (
            more(
                {"type": "in", "action": "ACCEPT"},
                {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22"},
                {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "1:65535", "source": "10.0.0.0/8"},
                {"type": "in", "action": "ACCEPT", "macro": "SSH"},
            ),
        ),
    ),
    Row((kinds.FIREWALL_OPTIONS,), "", (REMOVE,)),
    Row((kinds.FIREWALL_OPTIONS,), "enabled", (REMOVE, NEGATE)),
    Row((kinds.FIREWALL_OPTIONS,), "inputPolicy", (REMOVE, wider("ACCEPT"))),
    Row((kinds.FIREWALL_OPTIONS,), "ipfilter", (REMOVE, NEGATE)),
    Row((kinds.FIREWALL_OPTIONS,), "macfilter", (NEGATE,)),
    Row((kinds.FIREWALL_OPTIONS,), "radv", (NEGATE,)),
    Row((kinds.FIREWALL_OPTIONS,), "vmId", (to(1, name="rename"),)),
    Row((kinds.CLUSTER_FIREWALL,), "enabled", (REMOVE, NEGATE)),
    Row((kinds.CLUSTER_FIREWALL,), "ebtables", (REMOVE, NEGATE)),
    Row((kinds.IPSET,), "cidrs", (more({"name": "0.0.0.0/0"}, {"name": "10.0.0.0/8"}),)),
)

_DIGEST = r"@sha256:[0-9a-f]{64}"
_ELSEWHERE = Operator(
    "rename",
    lambda value: (
        [f"registry.example.com/{value.partition('/')[2]}"] if isinstance(value, str) and "/" in value else []
    ),
)
SUPPLY = (
    Row((kinds.COOLIFY_APPLICATION,), "environment", (to("production"),)),
    Row((kinds.COOLIFY_APPLICATION,), "postDeployment", (sub("--stack staging", "--stack prod"),)),
    *(
        Row(types, path, (sub(_DIGEST, "", ":latest", ":1.2.3"), sub(r":v?[0-9][^:@]*$", "", ":latest"), _ELSEWHERE))
        for types, path in (
            (_W, f"{_CONTAINER}/image"),
            ((kinds.DOCKER_CONTAINER,), "image"),
            ((kinds.DOCKER_IMAGE,), "name"),
        )
    ),
    Row(_W, f"{_CONTAINER}/image", (sub(r":v?\d+\.", ":0."), REMOVE)),
    Row((kinds.HELM_CHART,), "version", (REMOVE, to("latest", "^1.0.0", "v0.1.0"))),
    Row(
        (kinds.HELM_CHART,),
        "repositoryOpts/repo",
        (to("http://charts.jetstack.io", "https://charts.example.com"), REMOVE),
    ),
    Row((kinds.HELM_CHART,), "chart", (to("https://example.com/cert-manager.tgz"),), also_absent=True),
    Row(kinds.DOWNLOADS, "url", (sub("^https", "http"), sub("//[^/]+/", "//mirror.example.com/"))),
    Row(kinds.DOWNLOADS, "checksum", (REMOVE, CLEAR)),
    Row(kinds.DOWNLOADS, "checksumAlgorithm", (to("md5", "sha1"),)),
    Row(kinds.DOWNLOADS, "verify", (to(False),), also_absent=True),
)
_ = ABSENT
