"""Specs of policy/rules/peers.py, guests.py and hosts_whole.py."""

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Declared, Spec, but, declared, simple, wrong

_CM, _D, _P = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.NETWORK_POLICY
_DOCKER = kinds.DOCKER_CONTAINER


def _policy(egress: Any = (), ingress: Any = (), **labels: str) -> dict[str, Any]:
    own = labels or {"app.kubernetes.io/name": "grafana"}
    return {
        "metadata": {"namespace": "observability"},
        "spec": {"podSelector": {"matchLabels": own}, "egress": list(egress), "ingress": list(ingress)},
    }


def _to(cidr: str, port: float = 9100.0) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": port}]}


def _machine(name: str, address: str, tag: str, **props: Any) -> Declared:
    told = {
        "name": name,
        "vmId": props.pop("number", 1.0),
        "tags": [tag],
        "initialization": {
            "ipConfigs": [{"ipv4": {"address": f"{address}/24", "gateway": "10.0.0.1"}}],
            "dns": {"servers": ["10.0.0.53"]},
        },
    }
    return declared(kinds.VM, {**told, **props}, name)


_DOCKER_1 = _machine("docker-1", "10.0.0.41", "docker-host")
_AGENT_1 = _machine("k3s-agent-1", "10.0.0.31", "k3s-agent", number=2.0)
_FW = kinds.FIREWALL_RULES[0]
_LOGS_IN = {"type": "in", "action": "ACCEPT", "dport": "22", "source": "10.9.0.0/24", "dest": "10.0.0.41"}
_ASKED = {"type": "in", "action": "ACCEPT", "dport": "9100", "source": "10.0.0.31", "dest": "10.0.0.41"}


def _walls(**change: Any) -> Case:
    rules = {"rules": [_LOGS_IN, {**_ASKED, **change}]}
    return (_DOCKER_1, _AGENT_1, declared(_FW, rules), declared(_FW, {"rules": [_LOGS_IN]}, "other"), _EXPORTS)


_EXPORTS = declared(_DOCKER, {"command": ["--web.listen-address=10.0.0.41:9100"]}, "exporter")
_PLACED = (
    _DOCKER_1,
    _AGENT_1,
    declared(kinds.IPSET, {"vmId": 1.0, "cidrs": [{"name": "10.0.0.41"}]}, "allowed"),
    declared(kinds.DNS_RECORD, {"name": "docker-1.luxima.id", "records": ["10.0.0.41"]}, "record"),
)


def _placed(more: Case = (), **change: Any) -> Case:
    return (declared(kinds.VM, {**_DOCKER_1.props, **change}, "docker-1"), *_PLACED[1 if not more else 2 :], *more)


def _told_by(file: str) -> dict[str, Any]:
    return but(_DOCKER_1.props, ("initialization/userDataFileId", file))


_HOSTED = [{"label": "luxima.id/host", "value": "docker-1"}]
_WATCHES = tuple(
    declared(_DOCKER, {"image": image, "labels": _HOSTED, "mounts": [{"target": path} for path in paths]}, image)
    for image, paths in (
        ("quay.io/prometheus/node-exporter:v1", ("/host",)),
        ("ghcr.io/google/cadvisor:v1", ()),
        ("docker.io/grafana/alloy:v1", ("/var/lib/docker/containers", "/var/log")),
    )
)
_SUPABASE = tuple(
    declared(_DOCKER, {"image": f"docker.io/{image}:1", **more}, image)
    for image, more in (
        *((f"supabase/{part}", {}) for part in ("postgres", "gotrue", "realtime", "storage-api", "edge-runtime")),
        *((f"supabase/{part}", {}) for part in ("studio", "postgres-meta", "imgproxy")),
        *(("postgrest/postgrest", {}), ("x/postgres-exporter", {})),
        ("library/traefik", {"ports": [{"internal": 8443.0}]}),
    )
)
_SIDES = tuple(declared(_DOCKER, {"image": "docker.io/library/registry:3"}, side) for side in ("pull", "push"))
_REGISTRY = declared(kinds.DNS_RECORD, {"name": "registry.luxima.id"}, "registry")
_MACHINE = declared(kinds.VM, {"tags": UNKNOWN}, "unknown")

SPECS = (
    simple(
        "network-policy-peers",
        _P,
        _policy([_to("10.0.0.5/32")], [{"from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "x"}}}]}]),
        ("spec/podSelector/matchExpressions", [{"key": "x"}], "spec.podSelector.matchExpressions"),
        ("spec/egress/0", _to("0.0.0.0/0"), "spec.egress[0].to[0].ipBlock.cidr"),
        ("spec/ingress/0", {"from": [{"ipBlock": {"cidr": "10.0.0.5/32"}}]}, "spec.ingress[0].from[0].ipBlock.cidr"),
        (
            "spec/ingress/0/from/0/podSelector/matchLabels",
            {"app": "x"},
            "spec.ingress[0].from[0].podSelector.matchLabels",
        ),
        (
            "spec/ingress/0/from/0/namespaceSelector",
            {"matchExpressions": [{"key": "x"}]},
            "spec.ingress[0].from[0].namespaceSelector",
        ),
        (
            "spec/ingress/0/from/0/namespaceSelector",
            {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "spec.ingress[0].from[0].podSelector.matchLabels",
        ),
        unknown=("spec/egress/0", "spec.egress[0]"),
    ),
    Spec(
        "machine-asked-by-one",
        passes=((_DOCKER_1, declared(_P, _policy([_to("10.0.0.41/32")]))),),
        fails=(
            wrong(
                (
                    _DOCKER_1,
                    declared(_P, _policy([_to("10.0.0.41/32")])),
                    declared(_P, _policy([_to("10.0.0.41/32")], **{"app.kubernetes.io/name": "x"}), "other"),
                ),
                "spec.egress[0].ports[0].port",
            ),
        ),
        unknown=(wrong((_DOCKER_1, declared(_P, _policy([UNKNOWN]))), "spec.egress[0]"),),
    ),
    Spec(
        "firewall-senders",
        passes=(_walls(),),
        fails=(
            wrong(_walls(source="10.0.0.99"), "rules[1].source"),
            wrong(_walls(source="10.0.0.0/24"), "rules[1].source"),
            wrong(_walls(source="dc/x"), "rules[1].source"),
            wrong(_walls(dport="22", source="10.9.0.0/24,1.2.3.4"), "rules[1].source"),
            wrong(_walls(securityGroup="x"), "rules[1].securityGroup"),
        ),
        unknown=(wrong(_walls(source=UNKNOWN), "rules[1].source"),),
    ),
    Spec(
        "doors-used",
        passes=(_walls(),),
        fails=(wrong(_walls(dport="2375"), "rules[1].dport"), wrong(_walls(dest=None), "rules[1].dest")),
        unknown=(wrong(_walls(dport=UNKNOWN), "rules[1].dport"),),
    ),
    Spec(
        "machine-placed",
        passes=(
            _PLACED,
            _placed(disks=[{"importFrom": UNKNOWN}]),
            _placed(
                poolId="luxima-x",
                disks=[{"importFrom": "local:import/luxima-x-debian.qcow2"}],
                more=(declared(kinds.POOL, {"poolId": "luxima-x"}, "pool"),),
            ),
            (
                declared(kinds.VM, _told_by("local:snippets/docker-1.yaml")),
                declared(kinds.FILE, {"sourceRaw": {"fileName": "docker-1.yaml"}}, "file"),
            ),
            (declared(kinds.VM, _told_by(UNKNOWN)),),
        ),
        fails=(
            wrong(_placed(tags=["x"]), "tags"),
            wrong(_placed(poolId="luxima-x"), "poolId"),
            wrong(_placed(disks=[{"importFrom": "local:import/other.qcow2"}]), "disks[0].importFrom"),
            wrong(
                _placed(operatingSystem={"templateFileId": "local:vztmpl/other.tar.zst"}),
                "operatingSystem.templateFileId",
            ),
            wrong((declared(kinds.VM, _told_by("local:snippets/x.yaml")),), "initialization.userDataFileId"),
            wrong((*_PLACED, declared(kinds.POOL, {"poolId": "x"}, "pool")), "poolId"),
            wrong(
                _placed(
                    initialization=but(_DOCKER_1.props, ("initialization/dns/servers/0", "8.8.8.8"))["initialization"]
                ),
                "initialization.dns.servers[0]",
            ),
            wrong(
                (
                    *_PLACED,
                    declared(kinds.IPSET, {"vmId": 2.0, "cidrs": [{"name": "10.0.0.41"}, {"name": "10.0.0.31"}]}),
                ),
                "cidrs[0].name",
            ),
            wrong((*_PLACED, declared(kinds.IPSET, {"vmId": 2.0, "cidrs": []})), "cidrs"),
            wrong((*_PLACED, declared(kinds.DNS_RECORD, {"name": "docker-1.x", "records": ["1.2.3.4"]})), "records"),
        ),
        unknown=(wrong((*_PLACED, _MACHINE), "tags"),),
    ),
    Spec(
        "docker-hosts-watched",
        passes=((_DOCKER_1, *_WATCHES), (_DOCKER_1,)),
        fails=(
            wrong((_DOCKER_1, *_WATCHES[1:]), "tags"),
            wrong((_DOCKER_1, *_WATCHES[:2], declared(_DOCKER, {**_WATCHES[2].props, "mounts": []})), "mounts"),
        ),
        unknown=(wrong((*_WATCHES, _MACHINE), "tags"),),
    ),
    Spec(
        "supabase-whole",
        passes=(_SUPABASE, ()),
        fails=(
            wrong(_SUPABASE[:1] + _SUPABASE[2:], "image"),
            wrong((*_SUPABASE[:-1], declared(_DOCKER, {"image": "docker.io/library/traefik:1"})), "ports"),
        ),
        unknown=(wrong((*_SUPABASE, declared(_DOCKER, {"image": UNKNOWN})), "image"),),
    ),
    Spec(
        "registry-there",
        passes=((_REGISTRY, *_SIDES),),
        fails=(wrong((_REGISTRY, _SIDES[0]), "name"),),
        unknown=(wrong((_REGISTRY, *_SIDES, declared(_DOCKER, {"image": UNKNOWN})), "image"),),
    ),
    Spec(
        "engine-own",
        passes=((_DOCKER_1, declared(kinds.DOCKER_PROVIDER, {"host": "ssh://luxima@10.0.0.41:22"})),),
        fails=(wrong((_DOCKER_1, declared(kinds.DOCKER_PROVIDER, {"host": "ssh://luxima@10.9.9.9:22"})), "host"),),
        unknown=(wrong((_DOCKER_1, declared(kinds.DOCKER_PROVIDER, {"host": UNKNOWN})), "host"),),
    ),
)
