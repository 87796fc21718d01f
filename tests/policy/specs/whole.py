"""Specs of the rules on references, peers, machines' first steps, k3s, hosts, storage places, and what alerts mean."""

import json
from typing import Any

import yaml

from policy.rules import kinds

from ..good import DIGEST, USER_DATA
from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, documented, one, simple, wrong

_CM, _D, _P = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.NETWORK_POLICY
_DOCKER = kinds.DOCKER_CONTAINER
_SPACE = {"namespace": "commerce"}


def _named(type_: str, name: str, **props: Any) -> Declared:
    return declared(type_, {"metadata": {**_SPACE, "name": name}, **props}, name)


_POD = {
    "metadata": {**_SPACE, "name": "api"},
    "spec": {
        "template": {
            "spec": {
                "serviceAccountName": "api",
                "imagePullSecrets": [{"name": "pull"}],
                "containers": [
                    {
                        "image": f"registry.luxima.id/aceh/api@{DIGEST}",
                        "env": [
                            {"name": "T", "value": "http://tempo.commerce.svc:4318"},
                            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
                        ],
                    }
                ],
            }
        }
    },
}
_T = "spec/template/spec"
_C = "spec.template.spec.containers[0]"
_REFERRED = (
    _named(kinds.SERVICE_ACCOUNT_KUBERNETES, "api"),
    _named(kinds.SECRET, "key"),
    _named(kinds.SECRET, "pull", type="kubernetes.io/dockerconfigjson"),
    _named(kinds.SERVICE, "tempo", spec={"ports": [{"port": 4318.0}]}),
)


def _refers(*changes: tuple[str, Any]) -> Case:
    return (*_REFERRED, declared(_D, but(_POD, *changes), "api"))


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


def _placed(**change: Any) -> Case:
    return (declared(kinds.VM, {**_DOCKER_1.props, **change}, "docker-1"), *_PLACED[1:])


def _start(document: dict[str, Any]) -> dict[str, Any]:
    return {"sourceRaw": {"data": "#cloud-config\n" + yaml.safe_dump(document)}}


_USER = {"name": "luxima", "ssh_authorized_keys": ["ssh-ed25519 AAAA"], "groups": ["sudo"]}
_ENGINE = {"live-restore": True, "log-opts": {"max-size": "20m", "tag": "{{.Name}}"}}
_SSHD = {"path": "/etc/ssh/sshd_config.d/10-x.conf", "content": "PasswordAuthentication no\n"}
_DAEMON = {"path": "/etc/docker/daemon.json", "content": json.dumps(_ENGINE)}
_STARTS = {
    "users": [_USER],
    "write_files": [_SSHD, _DAEMON],
    "runcmd": [["systemctl", "restart", "docker"], ["mkdir", "/x"]],
}
_DATA = "sourceRaw.data"


def _first(rule: str, *broken: tuple[str, Any, str]) -> Spec:
    return Spec(
        rule,
        passes=(one(kinds.FILE, _start(_STARTS)),),
        fails=tuple(
            wrong(one(kinds.FILE, _start(but(_STARTS, (path, value)))), f"{_DATA}.{place}")
            for path, value, place in broken
        ),
        unknown=(wrong(one(kinds.FILE, {"sourceRaw": {"data": UNKNOWN}}), _DATA),),
    )


def _k3s(config: dict[str, Any], **files: str) -> dict[str, Any]:
    written = {"/etc/rancher/k3s/config.yaml": yaml.safe_dump(config)}
    written |= {f"/{name.replace('__', '/').replace('_DOT_', '.')}": text for name, text in files.items()}
    return {"create": "".join(f"put {path} 0600 <<'END'\n{text}END\n" for path, text in written.items())}


_K3S = {"node-name": "x", "kubelet-arg": ["pod-max-pids=4096"], "disable": ["traefik"]}
_UPDATES = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
_COMMAND = kinds.COMMANDS[0]
_PROVIDER = declared(kinds.MINIO_PROVIDER, {"minioServer": "objects.luxima.id:443"}, "minio")
_LIFE = declared(kinds.BUCKET_LIFECYCLE, {"bucket": "x-loki", "rules": [{"filter": "audit/"}]}, "loki")
_LOGS = {"kind": "logs", "source": "x-loki", "archive": "x-logs-archive", "tenants": ["audit"]}
_DATABASE = {"kind": "database", "spool": "/run/pg/spool"}
_LABEL = [{"label": "luxima.id/backup", "value": "database"}]
_BACKS_UP = declared(_DOCKER, {"labels": _LABEL, "mounts": [{"target": "/run/pg"}]}, "backup")


def _plan(job: dict[str, Any]) -> Declared:
    return declared(_DOCKER, {"start": False, "uploads": [{"file": "/plan.json", "content": json.dumps({"job": job})}]})


def _backs(job: dict[str, Any]) -> Case:
    return (_LIFE, _BACKS_UP, _plan(job))


_JOB = "uploads[0].content.job"
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
        *(("postgrest/postgrest", {}), ("x/postgres-exporter", {})),
        ("library/traefik", {"ports": [{"internal": 8443.0}]}),
    )
)
_SIDES = tuple(declared(_DOCKER, {"image": "docker.io/library/registry:3"}, side) for side in ("pull", "push"))
_REGISTRY = declared(kinds.DNS_RECORD, {"name": "registry.luxima.id"}, "registry")
_FIRES = {"keep_firing_for": "5m", "labels": {"severity": "critical", "kind": "service"}}
_RULES = {
    "groups": [
        {
            "name": "x",
            "rules": [
                {"alert": "ServiceDown", "expr": 'up{job="services"} == 0', "for": "2m", **_FIRES},
                {"alert": "HostBusy", "expr": "x > 1", "keep_firing_for": "5m", "labels": {"severity": "warning"}},
                {"alert": "Tried", "expr": "x > 2", **but(_FIRES, ("labels/kind", "security"))},
                {"record": "host:cpu:utilisation2m", "expr": "rate(node_cpu_seconds_total[2m])"},
            ],
        }
    ]
}
_RULE = ".groups[0].rules"
_ALERTMANAGER = {
    "route": {"receiver": "all", "group_by": ["alertname"]},
    "receivers": [
        {
            "name": "all",
            "slack_configs": [
                {"channel": "#alerts", "api_url_file": "/a", "text": '{{ template "x" . }}'},
                {"channel": "#security-alerts", "api_url_file": "/b"},
            ],
            "pagerduty_configs": [{"url": "https://events.pagerduty.com/v2/enqueue"}],
        }
    ],
    "inhibit_rules": [
        {"source_matchers": ['alertname="ServiceDown"'], "target_matchers": ['alertname=~"HostBusy"'], "equal": ["x"]}
    ],
}
_TMPL = '{{ define "x" }}Post-mortem{{ end }}'


def _am(document: Any, template: str = _TMPL) -> Declared:
    return declared(_CM, {"data": {"alertmanager.yml": yaml.safe_dump(document), "x.tmpl": template}}, "am")


_FIRING = declared(_CM, {"data": {"rules.yml": yaml.safe_dump(_RULES)}}, "rules")
_AT = 'data["alertmanager.yml"]'
_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")
_MACHINE = declared(kinds.VM, {"tags": UNKNOWN}, "unknown")

SPECS = (
    Spec(
        "pod-references",
        passes=(_refers(),),
        fails=(
            wrong(_refers((f"{_T}/serviceAccountName", "x")), "spec.template.spec.serviceAccountName"),
            wrong(
                _refers((f"{_T}/containers/0/env/1/valueFrom/secretKeyRef/name", "x")),
                f"{_C}.env[1].valueFrom.secretKeyRef.name",
            ),
            wrong(_refers((f"{_T}/imagePullSecrets", DROP)), "spec.template.spec.imagePullSecrets"),
            wrong(_refers((f"{_T}/imagePullSecrets/0/name", "key")), "spec.template.spec.imagePullSecrets"),
        ),
        unknown=(wrong(_refers((f"{_T}/serviceAccountName", UNKNOWN)), "spec.template.spec.serviceAccountName"),),
    ),
    Spec(
        "services-named",
        passes=(_refers(),),
        fails=(
            wrong(_refers((f"{_T}/containers/0/env/0/value", "http://x.commerce.svc")), f"{_C}.env[0].value"),
            wrong(_refers((f"{_T}/containers/0/env/0/value", "http://tempo.commerce.svc:9")), f"{_C}.env[0].value"),
        ),
        unknown=(wrong((*_refers(), _UNKNOWN), 'data["x.yaml"]'),),
    ),
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
        passes=(_PLACED,),
        fails=(
            wrong(_placed(tags=["x"]), "tags"),
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
    _first(
        "first-start-known",
        ("phone_home", {"url": "https://x"}, "phone_home"),
        ("apt", {"primary": []}, "apt"),
        ("write_files/0/path", "/etc/sudoers.d/x", "write_files[0].path"),
        ("write_files/0/permissions", "0666", "write_files[0].permissions"),
        ("write_files/0/owner", "luxima", "write_files[0].owner"),
        ("write_files/0/content", "passwordauthentication yes\n", "write_files[0].content"),
        ("write_files/0/content", "X11Forwarding no\nx11forwarding no\n", "write_files[0].content"),
        ("runcmd/0", ["iptables", "-F"], "runcmd[0]"),
        ("runcmd/0", ["systemctl", "mask", "x"], "runcmd[0]"),
        ("runcmd/0", "ufw disable", "runcmd[0]"),
    ),
    _first(
        "docker-engine-known",
        ("write_files/1/content", json.dumps({**_ENGINE, "dns": ["8.8.8.8"]}), "write_files[1].content.dns"),
        (
            "write_files/1/content",
            json.dumps({**_ENGINE, "live-restore": False}),
            "write_files[1].content.live-restore",
        ),
        (
            "write_files/1/content",
            json.dumps({**_ENGINE, "log-opts": {"max-size": "1k", "tag": "{{.Name}}"}}),
            "write_files[1].content.log-opts.max-size",
        ),
        (
            "write_files/1/content",
            json.dumps({**_ENGINE, "log-opts": {"max-size": "1m"}}),
            "write_files[1].content.log-opts.tag",
        ),
    ),
    simple(
        "machine-updates-known",
        _COMMAND,
        {"create": _UPDATES},
        ("create", 'Unattended-Upgrade "1"; APT::Periodic::Update-Package-Lists "1"', "create"),
        ("create", f'{_UPDATES}Unattended-Upgrade::Automatic-Reboot "true"', "create"),
        unknown=("create", "create"),
    ),
    Spec(
        "machine-users",
        passes=(one(kinds.FILE, {"sourceRaw": {"data": USER_DATA}}), one(kinds.FILE, _start(_STARTS))),
        fails=(
            wrong(one(kinds.FILE, _start(but(_STARTS, ("users/0/groups", ["root"])))), f"{_DATA}.users[0].groups[0]"),
            wrong(
                (
                    declared(kinds.FILE, _start(_STARTS)),
                    declared(kinds.FILE, _start(but(_STARTS, ("users/1", {"name": "x"}))), "other"),
                ),
                f"{_DATA}.users[1]",
            ),
            wrong(
                (
                    declared(kinds.FILE, _start(_STARTS)),
                    declared(kinds.LXC, {"initialization": {"userAccount": {"keys": ["ssh-ed25519 BBBB"]}}}, "ns1"),
                ),
                "initialization.userAccount.keys[0]",
            ),
        ),
        unknown=(wrong(one(kinds.FILE, {"sourceRaw": {"data": UNKNOWN}}), _DATA),),
    ),
    Spec(
        "k3s-told",
        passes=(one(_COMMAND, _k3s(_K3S)), one(_COMMAND, {"create": "date"})),
        fails=(
            wrong(one(_COMMAND, _k3s({**_K3S, "docker": True})), "create.docker"),
            wrong(one(_COMMAND, _k3s({**_K3S, "kubelet-arg": ["address=0.0.0.0"]})), "create.kubelet-arg[0]"),
            wrong(one(_COMMAND, _k3s({**_K3S, "disable": ["coredns"]})), "create.disable[0]"),
            wrong(
                one(_COMMAND, _k3s(_K3S, registries_DOT_yaml="mirrors: {docker.io: {}}\n")),
                'create.mirrors["docker.io"]',
            ),
            wrong(one(_COMMAND, _k3s(_K3S, x__audit_DOT_yaml="omitStages: [Panic]\n")), "create.omitStages[0]"),
            wrong(
                one(_COMMAND, _k3s(_K3S, x__audit_DOT_yaml="rules: [{level: None, verbs: [delete]}]\n")),
                "create.rules[0].level",
            ),
            wrong(one(_COMMAND, _k3s(_K3S, etc__sysctl_DOT_d__x="net.ipv4.ip_forward=1\n")), "create"),
            wrong(one(_COMMAND, _k3s(_K3S, x__k3s_DOT_service="Restart=no\n")), "create"),
        ),
        unknown=(wrong(one(_COMMAND, {"create": UNKNOWN}), "create"),),
    ),
    Spec(
        "steps-do",
        passes=(one(_COMMAND, {"create": "docker start x"}), one(_COMMAND, {"create": UNKNOWN})),
        fails=(
            wrong(one(_COMMAND, {"create": "true"}), "create"),
            wrong(one(_COMMAND, {"create": "date", "delete": "rm -rf /x"}), "delete"),
            wrong(one(_COMMAND, {"create": "RELEASES=https://github.com/grafana/alloy/x\nVERSION=1.0.0\n"}), "create"),
        ),
        unknown=(wrong(one(_COMMAND, {"create": "date", "delete": UNKNOWN}), "delete"),),
    ),
    Spec(
        "storage-own",
        passes=(
            (_PROVIDER, declared(_DOCKER, {"envs": ["S3_ENDPOINT=https://objects.luxima.id", "S3_BUCKET=x-media"]})),
        ),
        fails=(
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["S3_ENDPOINT=https://s3.example.com"]})), "envs[0]"),
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["S3_BUCKET=x-backups"]})), "envs[0]"),
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["STORAGE_BACKEND=file"]})), "envs[0]"),
        ),
        unknown=(wrong((_PROVIDER, declared(_DOCKER, {"envs": [UNKNOWN]})), "envs[0]"),),
    ),
    simple(
        "docker-file-modes",
        _DOCKER,
        {"uploads": [{"file": "/x", "permissions": "0440"}]},
        ("uploads/0/permissions", "0444", "uploads[0].permissions"),
        ("uploads/0/permissions", "0660", "uploads[0].permissions"),
        unknown=("uploads/0/permissions", "uploads[0].permissions"),
    ),
    simple(
        "storage-server-told",
        _DOCKER,
        {"image": "docker.io/pgsty/silo:1", "envs": ["MINIO_BROWSER=off"], "command": ["server", "/data"]},
        ("envs/0", "MINIO_PROMETHEUS_AUTH_TYPE=public", "envs[0]"),
        ("command/2", "--ftp=address=:21", "command[2]"),
        unknown=("envs/0", "envs[0]"),
    ),
    Spec(
        "backups-of-what",
        passes=(_backs(_LOGS), _backs(_DATABASE)),
        fails=(
            wrong(_backs({**_LOGS, "tenants": []}), f"{_JOB}.tenants"),
            wrong(_backs({**_LOGS, "source": "x-tempo"}), f"{_JOB}.source"),
            wrong(_backs({**_LOGS, "archive": "x-media"}), f"{_JOB}.archive"),
            wrong(_backs({**_DATABASE, "spool": "/tmp/x"}), f"{_JOB}.spool"),  # noqa: S108 - what a rule is to find
            wrong(
                one(_DOCKER, {"uploads": [{"file": "/pgbackrest.conf", "content": "archive-check=n\n"}]}),
                "uploads[0].content",
            ),
        ),
        unknown=(wrong(one(_DOCKER, {"labels": UNKNOWN}), "labels"),),
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
    documented(
        "alert-says",
        "rules.yml",
        _RULES,
        ("groups/0/rules/0/expr", "up == 2", f"{_RULE}[0].expr"),
        ("groups/0/rules/0/for", "1h", f"{_RULE}[0].for"),
        ("groups/0/rules/0/keep_firing_for", DROP, f"{_RULE}[0].keep_firing_for"),
        ("groups/0/rules/0/labels/severity", "warning", f"{_RULE}[0].labels.severity"),
        ("groups/0/rules/1/labels/severity", "info", f"{_RULE}[1].labels.severity"),
        ("groups/0/rules/3/expr", "node_load1", f"{_RULE}[3].expr"),
    ),
    Spec(
        "alert-hidden-by-worse",
        passes=((_FIRING, _am(_ALERTMANAGER)),),
        fails=tuple(
            wrong((_FIRING, _am(but(_ALERTMANAGER, *changes))), f"{_AT}.inhibit_rules[0].{place}")
            for changes, place in (
                (
                    (
                        ("inhibit_rules/0/source_matchers/0", 'alertname="HostBusy"'),
                        ("inhibit_rules/0/target_matchers/0", 'alertname="ServiceDown"'),
                    ),
                    "target_matchers",
                ),
                ((("inhibit_rules/0/target_matchers/0", 'alertname="Tried"'),), "target_matchers"),
                ((("inhibit_rules/0/source_matchers/0", 'alertname=~".+"'),), "source_matchers"),
                ((("inhibit_rules/0/source_match", {"alertname": "x"}),), "source_match"),
            )
        ),
        unknown=(wrong((_FIRING, _am(_ALERTMANAGER), _UNKNOWN), 'data["x.yaml"]'),),
    ),
    Spec(
        "alert-messages",
        passes=((_am(_ALERTMANAGER),),),
        fails=(
            wrong((_am(_ALERTMANAGER, '{{ define "x" }}{{ end }}'),), "data"),
            wrong((_am(_ALERTMANAGER, 'Post-mortem {{ define "y" }}'),), f"{_AT}.receivers[0].slack_configs[0].text"),
            *(
                wrong((_am(but(_ALERTMANAGER, (path, value))),), f"{_AT}.{place}")
                for path, value, place in (
                    ("receivers/0/slack_configs/0/text", "x", "receivers[0].slack_configs[0].text"),
                    ("receivers/0/slack_configs/1/api_url_file", "/a", "receivers[0].slack_configs[1].api_url_file"),
                    ("receivers/0/pagerduty_configs/0/url", "https://x.id", "receivers[0].pagerduty_configs[0].url"),
                    ("route/group_by", ["environment"], "route.group_by"),
                )
            ),
        ),
        unknown=(wrong((_UNKNOWN,), 'data["x.yaml"]'),),
    ),
)
