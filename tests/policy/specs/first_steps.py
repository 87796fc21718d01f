"""Specs of policy/rules/first_steps.py and cluster_told.py."""

import json
from typing import Any

from policy.rules import kinds

from ..good import USER_DATA
from ..spec import UNKNOWN, Declared, Spec, but, declared, dumped, one, simple, wrong


def _start(document: dict[str, Any]) -> dict[str, Any]:
    return {"sourceRaw": {"data": "#cloud-config\n" + dumped(document)}}


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
    written = {"/etc/rancher/k3s/config.yaml": dumped(config)}
    written |= {f"/{name.replace('__', '/').replace('_DOT_', '.')}": text for name, text in files.items()}
    return {"create": "".join(f"put {path} 0600 <<'END'\n{text}END\n" for path, text in written.items())}


_K3S = {"node-name": "x", "kubelet-arg": ["pod-max-pids=4096"], "disable": ["traefik"]}
_UNIT = "ExecStart=/usr/local/bin/k3s agent\nRestart=always\n"
_UPDATES = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
_COMMAND = kinds.COMMANDS[0]

_TAINT = "node-role.kubernetes.io/control-plane=true:NoSchedule"
_AGENT = {"tags": ["k3s-agent"], "initialization": {"ipConfigs": [{"ipv4": {"address": "10.0.0.31/24"}}]}}
_NODE = declared(kinds.VM, _AGENT, "node")
_ANOTHER = declared(kinds.LXC, but(_AGENT, ("initialization/ipConfigs/0/ipv4/address", "10.0.0.32/24")), "another")


def _started(told: str, name: str = "start", host: str = "10.0.0.31") -> Declared:
    config = f"put /etc/rancher/k3s/config.yaml 0600 <<'END'\n{told}END\n"
    return declared(_COMMAND, {"create": f"{told}{config}", "connection": {"host": host}}, name)


_STARTED = _started("", "other", "10.0.0.32")
_MIGRATES = declared(kinds.DOCKER_CONTAINER, {"name": "supabase-migrate", "start": False}, "migrate")

SPECS = (
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
        passes=(
            one(_COMMAND, _k3s(_K3S)),
            one(_COMMAND, {"create": "date"}),
            one(_COMMAND, _k3s(_K3S, x__k3s_DOT_service=_UNIT)),
        ),
        fails=(
            wrong(one(_COMMAND, _k3s({**_K3S, "docker": True})), "create.docker"),
            wrong(one(_COMMAND, {"create": _k3s(_K3S)["create"].replace("0600", "0666")}), "create"),
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
            *(
                wrong(one(_COMMAND, _k3s(_K3S, x__k3s_DOT_service=unit)), "create")
                for unit in (
                    "Restart=no\n",
                    "Restart=always\nExecStart=/usr/local/bin/k3s server --disable-network-policy\n",
                    "Restart=always\nEnvironmentFile=/etc/x\n",
                )
            ),
            wrong(one(_COMMAND, _k3s(_K3S, etc__rancher__k3s__config_DOT_yaml_DOT_d__x_DOT_yaml="a: b\n")), "create"),
        ),
        unknown=(wrong(one(_COMMAND, {"create": UNKNOWN}), "create"),),
    ),
    Spec(
        "steps-do",
        passes=(
            one(_COMMAND, {"create": "docker start x"}),
            (_NODE, declared(_COMMAND, {"create": UNKNOWN})),
            (_NODE, _ANOTHER, _STARTED, _started("DRAIN=yes\n")),
            (_NODE, _started(f"etcd-snapshot-retention: 3\n- {_TAINT}\n")),
            (_MIGRATES, declared(_COMMAND, {"create": "docker start --attach supabase-migrate"})),
            (_MIGRATES, declared(_COMMAND, {"create": UNKNOWN})),
        ),
        fails=(
            wrong(one(_COMMAND, {"create": "true"}), "create"),
            wrong(one(_COMMAND, {"create": "date", "delete": "rm -rf /x"}), "delete"),
            wrong((_NODE, declared(_COMMAND, {"create": "date"})), "tags"),
            wrong((_MIGRATES,), "name"),
            wrong((_MIGRATES, declared(_COMMAND, {"create": "docker start supabase-migrate"})), "name"),
            wrong((_NODE, _ANOTHER, _STARTED, _started("DRAIN=no\n")), "create"),
            wrong((_NODE, _started(""), _started("etcd-snapshot-retention: 3\n", "server")), "create"),
            wrong(one(_COMMAND, {"create": "RELEASES=https://github.com/grafana/alloy/x\nVERSION=1.0.0\n"}), "create"),
        ),
        unknown=(wrong(one(_COMMAND, {"create": "date", "delete": UNKNOWN}), "delete"),),
    ),
)
