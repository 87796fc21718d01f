"""Specs of policy/rules/docker_hosts.py and guests.py."""

from policy.rules import kinds

from ..spec import UNKNOWN, Spec, but, declared, simple, wrong

_DC = kinds.DOCKER_CONTAINER


def _user_data(text: str) -> dict[str, object]:
    return {"contentType": "snippets", "sourceRaw": {"data": f"#cloud-config\n{text}"}}


_ENGINE = '{"icc": false, "no-new-privileges": true}'
_DAEMON = "write_files:\n- path: /etc/docker/daemon.json\n  content: '%s'\n"
_UPDATES = (
    "packages: [qemu-guest-agent, unattended-upgrades]\nwrite_files:\n- path: /x\n"
    "  content: 'APT::Periodic::Unattended-Upgrade \"1\";'\n"
)
_VM = {"name": "docker-1", "memory": {"dedicated": 1024}, "tags": ["k3s-agent"], "disks": [{"size": 100}]}
_INSIDE = {"memory": 512, "labels": [{"label": "luxima.id/host", "value": "docker-1"}]}
_GUEST = {"networkDevices": [{"bridge": "vmbr0", "vlanId": 30}], "cpu": {"cores": 2}, "disks": [{"cache": "none"}]}
_CLAIM = {"spec": {"replicas": 1, "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "50Gi"}}}}]}}

SPECS = (
    simple(
        "docker-volume-local",
        kinds.DOCKER_VOLUME,
        {"driver": "local"},
        ("driver", "vieux/sshfs", "driver"),
        ("driverOpts", {"type": "nfs"}, "driverOpts.type"),
        unknown=("driver", "driver"),
    ),
    simple(
        "docker-network-closed",
        kinds.DOCKER_NETWORK,
        {"driver": "bridge"},
        ("driver", "macvlan", "driver"),
        ("options", {"gateway_mode_ipv4": "nat-unprotected"}, "options.gateway_mode_ipv4"),
        ("options", {"host_binding_ipv4": "0.0.0.0"}, "options.host_binding_ipv4"),  # noqa: S104 - is to be found
        unknown=("driver", "driver"),
    ),
    simple(
        "docker-logs",
        _DC,
        {"logDriver": "json-file"},
        ("logDriver", "none", "logDriver"),
        unknown=("logDriver", "logDriver"),
    ),
    simple(
        "docker-engine",
        kinds.FILE,
        _user_data(_DAEMON % _ENGINE),
        *(
            ("sourceRaw/data", f"#cloud-config\n{_DAEMON % changed}", f"sourceRaw.data.write_files[0].content.{path}")
            for changed, path in (
                ('{"no-new-privileges": true}', "icc"),
                ('{"icc": false, "no-new-privileges": false}', "no-new-privileges"),
                ('{"icc": false, "no-new-privileges": true, "hosts": ["tcp://0.0.0.0:2375"]}', "hosts[0]"),
                ('{"icc": false, "no-new-privileges": true, "insecure-registries": ["x"]}', "insecure-registries"),
                ('{"icc": false, "no-new-privileges": true, "log-driver": "none"}', "log-driver"),
            )
        ),
        unknown=("sourceRaw/data", "sourceRaw.data"),
    ),
    simple(
        "machine-updates",
        kinds.FILE,
        _user_data(_UPDATES),
        ("sourceRaw/data", f"#cloud-config\n{_UPDATES.replace('qemu', 'x')}", "sourceRaw.data.packages"),
        ("sourceRaw/data", f"#cloud-config\n{_UPDATES.replace('1', '0')}", "sourceRaw.data.write_files"),
        ("sourceRaw/data", f"#cloud-config\n{_UPDATES}bootcmd: [x]\n", "sourceRaw.data.bootcmd"),
        ("sourceRaw/data", f"#cloud-config\n{_UPDATES}apt: {{sources: {{x: y}}}}\n", "sourceRaw.data.apt.sources"),
        unknown=("sourceRaw/data", "sourceRaw.data"),
    ),
    Spec(
        "docker-fits",
        passes=((declared(kinds.VM, _VM), declared(_DC, _INSIDE)),),
        fails=(wrong((declared(kinds.VM, _VM), declared(_DC, but(_INSIDE, ("memory", 2048)))), "memory.dedicated"),),
        unknown=(wrong((declared(kinds.VM, _VM), declared(_DC, but(_INSIDE, ("memory", UNKNOWN)))), "memory"),),
    ),
    simple(
        "machine-confined",
        kinds.VM,
        _GUEST,
        ("hostpcis", [{"device": "hostpci0"}], "hostpcis[0]"),
        ("kvmArguments", "-x", "kvmArguments"),
        ("mountPoints", [{"volume": "/etc"}], "mountPoints[0].volume"),
        ("features", {"keyctl": True}, "features.keyctl"),
        ("features", {"nesting": True}, "features.nesting"),
        ("features", {"mounts": ["nfs"]}, "features.mounts[0]"),
        unknown=("hookScriptFileId", "hookScriptFileId"),
    ),
    simple(
        "machine-runs",
        kinds.VM,
        _GUEST,
        ("started", False, "started"),
        ("template", True, "template"),
        ("cpu/limit", 0.1, "cpu.limit"),
        ("disks/0/cache", "unsafe", "disks[0].cache"),
        unknown=("started", "started"),
    ),
    Spec(
        "machine-network",
        passes=((declared(kinds.VM, _GUEST), declared(kinds.VM, _GUEST, "other")),),
        fails=(
            wrong(
                (declared(kinds.VM, _GUEST), declared(kinds.VM, but(_GUEST, ("networkDevices/0/vlanId", 9)), "other")),
                "networkDevices[0].vlanId",
            ),
            wrong((declared(kinds.VM, but(_GUEST, ("networkDevices/1", {"bridge": "vmbr1"}))),), "networkDevices[1]"),
        ),
        unknown=(
            wrong((declared(kinds.VM, but(_GUEST, ("networkDevices/0/bridge", UNKNOWN))),), "networkDevices[0].bridge"),
        ),
    ),
    Spec(
        "volumes-fit",
        passes=((declared(kinds.VM, _VM), declared(kinds.STATEFUL_SET, _CLAIM)),),
        fails=(
            wrong(
                (declared(kinds.VM, _VM), declared(kinds.STATEFUL_SET, but(_CLAIM, ("spec/replicas", 3)))),
                "disks[0].size",
            ),
        ),
        unknown=(
            wrong(
                (declared(kinds.VM, _VM), declared(kinds.STATEFUL_SET, but(_CLAIM, ("spec/replicas", UNKNOWN)))),
                "spec.replicas",
            ),
        ),
    ),
)
