"""Specs of policy/rules/network.py, mounts.py and cluster.py."""

from __future__ import annotations

from typing import Any

from policy.judging import Declared
from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_NAME, _NAMESPACE = "app.kubernetes.io/name", "kubernetes.io/metadata.name"
_INSIDE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"]


def _pods(name: str, namespace: str) -> dict[str, Any]:
    return {
        "podSelector": {"matchLabels": {_NAME: name}},
        "namespaceSelector": {"matchLabels": {_NAMESPACE: namespace}},
    }


def _policy(own: str, namespace: str, **rules: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": {"matchLabels": {_NAME: own}} if own else {}, **rules}
    return {"metadata": {"namespace": namespace, "name": own}, "spec": spec}


_PORTS = [{"protocol": "TCP", "port": 3000.0}]
_SHOP = _policy("storefront", "commerce", ingress=[{"from": [_pods("traefik", "edge")], "ports": _PORTS}])
_EDGE = _policy("traefik", "edge", egress=[{"to": [_pods("storefront", "commerce")], "ports": _PORTS}])
_GREEN = _policy("traefik", "edge", egress=[{"to": [_pods("x", "commerce")], "ports": _PORTS}])
_GREEN["spec"]["podSelector"]["matchLabels"]["luxima.id/slot"] = "green"
_CHART = declared(kinds.HELM_CHART, {"name": "cert-manager", "namespace": "cert-manager"}, "chart")
_OF_CHART = {
    "metadata": {"namespace": "cert-manager"},
    "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "cert-manager"}}},
}
_FROM = "spec.ingress[0]"
_WORLD = _policy(
    "traefik", "edge", egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": _INSIDE}}], "ports": _PORTS}]
)


def _net(props: dict[str, Any], name: str = "it") -> Declared:
    return declared(kinds.NETWORK_POLICY, props, name)


def _shop(path: str, value: Any) -> Case:
    return (_net(but(_SHOP, (path, value))),)


_DEPLOYMENT = declared(kinds.DEPLOYMENT, good.DEPLOYMENT, "shop")
_SERVICE = {
    "metadata": {"namespace": "commerce"},
    "spec": {"type": "ClusterIP", "selector": {_NAME: "storefront"}, "ports": [{"port": 80.0, "targetPort": "http"}]},
}
_PUBLIC = {"spec": {"type": "LoadBalancer", "selector": {_NAME: "traefik"}, "ports": [{"port": 443.0}]}}
_MOUNTING = but(
    good.DEPLOYMENT,
    (
        "spec/template/spec/volumes",
        [{"projected": {"sources": [{"configMap": {"name": "config", "items": [{"key": "a.yaml"}]}}]}}],
    ),
)
_SOURCE = "spec.template.spec.volumes[0].projected.sources[0].configMap"
_CONFIG = {"metadata": {"name": "config", "namespace": "commerce"}, "data": {"a.yaml": "a: 1"}}
_K3S = """\
put /etc/rancher/k3s/config.yaml 0600 <<'END-OF-FILE'
cluster-cidr: 10.42.0.0/16
etcd-s3: true
etcd-s3-config-secret: bucket
disable: [servicelb, traefik]
etcd-snapshot-retention: 28
etcd-snapshot-schedule-cron: 0 */6 * * *
kube-apiserver-arg:
- anonymous-auth=false
- enable-admission-plugins=NodeRestriction
- admission-control-config-file=/psa.yaml
- audit-policy-file=/audit.yaml
- audit-log-path=/audit.log
- audit-log-maxage=30
- audit-log-maxbackup=10
- audit-log-maxsize=100
kubelet-arg: [pod-max-pids=4096]
protect-kernel-defaults: true
secrets-encryption: true
write-kubeconfig-mode: '0600'
END-OF-FILE
put /var/lib/psa.yaml 0600 <<'END-OF-FILE'
plugins:
- {name: PodSecurity, configuration: {defaults: {enforce: restricted}}}
END-OF-FILE
"""


def _k3s(old: str = "", new: str = "") -> Case:
    return one(kinds.COMMANDS[0], {"create": _K3S.replace(old, new) if old else _K3S})


SPECS = (
    Spec(
        "network-policy-addresses",
        passes=(
            (_net(_SHOP),),
            (_net(_WORLD),),
            _shop("spec/ingress/0/from", [{"ipBlock": {"cidr": "10.10.30.0/24"}}]),
        ),
        fails=(
            wrong(_shop("spec/ingress/0/from", [{"ipBlock": {"cidr": "0.0.0.0/0"}}]), f"{_FROM}.from[0].ipBlock.cidr"),
            wrong(_shop("spec/ingress/0/from", [{"ipBlock": {"cidr": "10.0.0.0/8"}}]), f"{_FROM}.from[0].ipBlock.cidr"),
            wrong(_shop("spec/ingress/0/from/0/podSelector", {}), f"{_FROM}.from[0].podSelector"),
            wrong(_shop("spec/ingress/0/from/0/namespaceSelector", {}), f"{_FROM}.from[0].namespaceSelector"),
            wrong(_shop("spec/ingress/0/ports/0/endPort", 65535.0), f"{_FROM}.ports[0].endPort"),
            wrong(_shop("spec/ingress/0/ports/0/port", 22.0), f"{_FROM}.ports[0].port"),
            wrong(
                (_net(but(_WORLD, ("spec/egress/0/to/0/ipBlock/except", []))),), "spec.egress[0].to[0].ipBlock.except"
            ),
        ),
        unknown=(
            wrong(_shop("spec/ingress/0/from", [{"ipBlock": {"cidr": UNKNOWN}}]), f"{_FROM}.from[0].ipBlock.cidr"),
        ),
    ),
    Spec(
        "network-policy-pairs",
        passes=((_net(_SHOP, "shop"), _net(_EDGE, "edge")), (_net(_SHOP),)),
        fails=(
            # The other slot's gateway asks; this one's does not.
            wrong((_net(_SHOP, "shop"), _net(_EDGE, "edge"), _net(_GREEN, "green")), "spec.ingress[0].ports[0]"),
            wrong(
                (_net(but(_SHOP, ("spec/ingress/0/ports/0/port", 22.0)), "shop"), _net(_EDGE, "edge")),
                "spec.ingress[0].ports[0]",
                "spec.egress[0].ports[0]",
            ),
        ),
        unknown=(
            wrong(
                (_net(but(_SHOP, ("spec/ingress/0/ports/0/port", UNKNOWN)), "shop"), _net(_EDGE, "edge")),
                "spec.ingress[0].ports[0].port",
            ),
        ),
    ),
    Spec(
        "network-policy-pods",
        passes=((_net(_SHOP), _DEPLOYMENT), (_DEPLOYMENT,), (_net(_OF_CHART), _CHART)),
        fails=(
            wrong((_net(_SHOP), _DEPLOYMENT, _CHART), "name"),
            wrong((_net(but(_SHOP, ("spec/ingress/0/ports/0/port", 9.0))), _DEPLOYMENT), f"{_FROM}.ports[0].port"),
            wrong((_net(_EDGE), _DEPLOYMENT), "metadata.name"),
            wrong((_net(but(_SHOP, ("spec/podSelector", {}))), _net(_SHOP, "b"), _DEPLOYMENT), "spec.podSelector"),
        ),
        unknown=(wrong((_net(but(_SHOP, ("spec/podSelector", UNKNOWN))), _DEPLOYMENT), "spec.podSelector"),),
    ),
    Spec(
        "service-published",
        passes=(one(kinds.SERVICE, _SERVICE), one(kinds.SERVICE, _PUBLIC)),
        fails=(
            wrong(one(kinds.SERVICE, but(_SERVICE, ("spec/type", "NodePort"))), "spec.type"),
            wrong(one(kinds.SERVICE, but(_SERVICE, ("spec/type", "LoadBalancer"))), "spec.type"),
            wrong(one(kinds.SERVICE, but(_PUBLIC, ("spec/externalIPs", ["203.0.113.1"]))), "spec.externalIPs"),
        ),
        unknown=(wrong(one(kinds.SERVICE, but(_SERVICE, ("spec/type", UNKNOWN))), "spec.type"),),
    ),
    Spec(
        "service-target",
        passes=((declared(kinds.SERVICE, _SERVICE), _DEPLOYMENT), (declared(kinds.SERVICE, _SERVICE),)),
        fails=(
            wrong(
                (declared(kinds.SERVICE, but(_SERVICE, ("spec/selector", {_NAME: "x"}))), _DEPLOYMENT), "spec.selector"
            ),
            wrong(
                (declared(kinds.SERVICE, but(_SERVICE, ("spec/ports/0/targetPort", 5432.0))), _DEPLOYMENT),
                "spec.ports[0]",
            ),
        ),
        unknown=(
            wrong(
                (declared(kinds.SERVICE, but(_SERVICE, ("spec/ports/0/targetPort", UNKNOWN))), _DEPLOYMENT),
                "spec.ports[0].targetPort",
            ),
        ),
    ),
    Spec(
        "docker-published",
        passes=(one(kinds.DOCKER_CONTAINER, good.DOCKER_CONTAINER),),
        fails=(
            wrong(one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("ports/0/ip", "0.0.0.0"))), "ports[0].ip"),  # noqa: S104
            wrong(one(kinds.DOCKER_CONTAINER, {"publishAllPorts": True}), "publishAllPorts"),
        ),
        unknown=(
            wrong(one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("ports/0/ip", UNKNOWN))), "ports[0].ip"),
        ),
    ),
    Spec(
        "mounted-files",
        passes=((declared(kinds.DEPLOYMENT, _MOUNTING), declared(kinds.CONFIG_MAP, _CONFIG, "c")),),
        fails=(
            wrong(
                (
                    declared(kinds.DEPLOYMENT, _MOUNTING),
                    declared(kinds.CONFIG_MAP, but(_CONFIG, ("metadata/name", "b")), "c"),
                ),
                f"{_SOURCE}.name",
            ),
            wrong(
                (
                    declared(kinds.DEPLOYMENT, _MOUNTING),
                    declared(kinds.CONFIG_MAP, but(_CONFIG, ("data", {"b.yaml": "b: 1"})), "c"),
                ),
                f"{_SOURCE}.items[0].key",
            ),
        ),
        unknown=(
            wrong(
                (
                    declared(kinds.DEPLOYMENT, but(_MOUNTING, ("spec/template/spec/volumes", UNKNOWN))),
                    declared(kinds.CONFIG_MAP, _CONFIG, "c"),
                ),
                "spec.template.spec.volumes",
            ),
        ),
    ),
    Spec(
        "cluster-hardened",
        passes=(_k3s(), one(kinds.COMMANDS[0], {"create": "true"})),
        fails=(
            wrong(_k3s("secrets-encryption: true", ""), "create.secrets-encryption"),
            wrong(_k3s("protect-kernel-defaults: true", ""), "create.protect-kernel-defaults"),
            wrong(_k3s("pod-max-pids=4096", "pod-max-pids=-1"), "create.kubelet-arg"),
            wrong(_k3s("audit-log-maxsize=100", "audit-log-maxsize=1"), "create.kube-apiserver-arg"),
            wrong(
                _k3s("anonymous-auth=false", "anonymous-auth=true"),
                "create.kube-apiserver-arg",
                "create.kube-apiserver-arg[0]",
            ),
            wrong(_k3s("NodeRestriction", "AlwaysPullImages"), "create.kube-apiserver-arg"),
            wrong(_k3s("[servicelb, traefik]", "[traefik]"), "create.disable"),
            wrong(_k3s("etcd-s3: true", ""), "create.etcd-s3"),
            wrong(_k3s("etcd-s3-config-secret: bucket", ""), "create.etcd-s3-config-secret"),
            *(
                wrong(_k3s("etcd-s3: true", f"etcd-s3: true\n{name}: {value}"), f"create.{name}")
                for name, value in (
                    ("disable-network-policy", "true"),
                    ("flannel-backend", "none"),
                    ("datastore-endpoint", "x"),
                    ("system-default-registry", "x"),
                )
            ),
            wrong(_k3s("maxage=30", "maxage=1"), "create.kube-apiserver-arg"),
            wrong(_k3s("'0600'", "'0644'"), "create.write-kubeconfig-mode"),
            wrong(_k3s("retention: 28", "retention: 5"), "create.etcd-snapshot-retention"),
            wrong(_k3s("0 */6 * * *", "0 0 1 * *"), "create.etcd-snapshot-schedule-cron"),
            wrong(_k3s("etcd-s3: true", "etcd-s3: false"), "create.etcd-s3"),
            wrong(
                _k3s("enforce: restricted", "enforce: privileged"), "create.plugins[0].configuration.defaults.enforce"
            ),
        ),
        unknown=(wrong(one(kinds.COMMANDS[0], {"create": UNKNOWN}), "create"),),
    ),
)
