"""Specs of the rules on Docker hosts, databases, machines, and the steps on them."""

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Spec, but, declared, simple, wrong

_DC = kinds.DOCKER_CONTAINER
_COMMAND = kinds.COMMANDS[0]
_CONF = "ssl = 'on'\nssl_min_protocol_version = 'TLSv1.2'\npassword_encryption = 'scram-sha-256'\n"
_HBA = (
    "local all all peer\nhost all all samenet scram-sha-256\n"
    "hostssl all all 10.0.0.0/8 scram-sha-256\nhost all all all reject\n"
)


def _files(name: str, text: str) -> dict[str, object]:
    return {"image": "docker.io/supabase/postgres:17.6.1.140", "uploads": [{"file": f"/etc/{name}", "content": text}]}


def _user_data(text: str) -> dict[str, object]:
    return {"contentType": "snippets", "sourceRaw": {"data": f"#cloud-config\n{text}"}}


_DATABASE = {
    "image": "docker.io/supabase/postgres:17.6.1.140",
    "restart": "unless-stopped",
    "healthcheck": {"tests": ["CMD", "pg_isready"]},
    "mounts": [{"type": "volume", "target": "/var/lib/postgresql", "source": "data"}],
    "networksAdvanced": [{"name": "supabase"}],
}
_STRANGER = {"image": "docker.io/library/busybox:1.37.0", "networksAdvanced": [{"name": "other"}]}
_COOLIFY = (
    declared(_DC, {"image": "docker.io/library/postgres:15.18-alpine", "networksAdvanced": [{"name": "own"}]}, "db"),
    declared(_DC, {"image": "docker.io/valkey/valkey:8.1.10-alpine", "networksAdvanced": [{"name": "own"}]}, "redis"),
    declared(_DC, {"image": "docker.io/coollabsio/coolify:4.3.11", "networksAdvanced": [{"name": "own"}]}, "coolify"),
)
_ROUTES = "http:\n  services:\n    rest:\n      loadBalancer:\n        servers:\n          - url: http://rest:3000\n"
_TCP = "tcp:\n  services:\n    x:\n      loadBalancer:\n        servers:\n          - address: db:5432\n"
_STATIC = "entryPoints:\n  api:\n    address: :8443\n    http:\n      tls: {}\n"
_GATEWAY = {"name": "gateway", "image": "traefik", "ports": [{"internal": 8443, "external": 8443}]}
_GATEWAY_FILES = {"name": "files", "image": "traefik", "uploads": [{"file": "/run/traefik.yaml", "content": _STATIC}]}
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
_VERSION = "sudo bash -c 'VERSION=v1.36.5+k3s1'"


def _put(path: str, text: str) -> dict[str, object]:
    return {"create": f"put {path} 0600 <<END-OF-FILE\n{text}END-OF-FILE\n"}


_REGISTRIES = _put("/etc/rancher/k3s/registries.yaml", "mirrors:\n  x:\n    endpoint: ['https://x']\n")
_MANIFEST = "rules:\n- verbs: [get]\n  resources: [pods]\n  apiGroups: ['']\n"
_WHERE = "/var/lib/rancher/k3s/server/manifests/x.yaml"
_CONTENT = "uploads[0].content"

SPECS = (
    simple(
        "postgres-tls",
        _DC,
        _files("postgresql.conf", _CONF),
        ("uploads/0/content", _CONF.replace("'on'", "'off'"), _CONTENT),
        ("uploads/0/content", "listen_addresses = '*'\n", _CONTENT),
        ("uploads/0/content", _CONF.replace("1.2", "1"), _CONTENT),
        ("uploads/0/content", _CONF.replace("scram-sha-256", "md5"), _CONTENT),
        ("uploads/0/content", f"{_CONF}fsync = off\n", _CONTENT),
        ("command", ["postgres", "-c", "config_file=/x", "-c", "ssl=off"], "command[4]"),
        ("command", ["postgres", "-c", "config_file=/x", "-c", "archive_mode=off"], "command[4]"),
        ("command", ["postgres"], "command"),
        unknown=("uploads/0/content", _CONTENT),
    ),
    simple(
        "postgres-clients",
        _DC,
        _files("pg_hba.conf", _HBA),
        ("uploads/0/content", "local all all trust\n", _CONTENT),
        ("uploads/0/content", "host all all samenet md5\n", _CONTENT),
        ("uploads/0/content", "host all all 10.0.0.0/8 scram-sha-256\n", _CONTENT),
        ("uploads/0/content", "hostssl all all all scram-sha-256\n", _CONTENT),
        ("uploads/0/content", "host all all 10.0.0.0 255.0.0.0 trust\n", _CONTENT),
        unknown=("uploads/0/content", _CONTENT),
    ),
    Spec(
        "database-network",
        passes=(
            (declared(_DC, _DATABASE), declared(_DC, _STRANGER, "other")),
            _COOLIFY,
            (declared(_DC, _DATABASE), *_COOLIFY),
        ),
        fails=(
            wrong(
                (
                    declared(_DC, _DATABASE),
                    declared(_DC, but(_STRANGER, ("networksAdvanced/0/name", "supabase")), "other"),
                ),
                "networksAdvanced[0].name",
            ),
            wrong(
                (*_COOLIFY, declared(_DC, but(_STRANGER, ("networksAdvanced/0/name", "own")), "other")),
                "networksAdvanced[0].name",
            ),
            # Neither of the two is in the other's network.
            wrong(
                (declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", "own"))), _COOLIFY[0]),
                "networksAdvanced[0].name",
            ),
            wrong(
                (declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", "own"))), _COOLIFY[2]),
                "networksAdvanced[0].name",
            ),
        ),
        unknown=(
            wrong((declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", UNKNOWN))),), "networksAdvanced[0].name"),
        ),
    ),
    simple(
        "database-kept",
        _DC,
        _DATABASE,
        ("healthcheck/tests", ["NONE"], "healthcheck.tests"),
        ("healthcheck", DROP, "healthcheck.tests"),
        ("mounts", [], "mounts"),
        ("tmpfs", {"/var/lib/postgresql": ""}, "tmpfs"),
        unknown=("image", "image"),
    ),
    simple(
        "database-routes",
        kinds.CONFIG_MAP,
        {"data": {"routing.yaml": _ROUTES}},
        (
            "data/routing.yaml",
            _ROUTES.replace("rest:3000", "meta:8080"),
            'data["routing.yaml"].http.services.rest.loadBalancer.servers[0].url',
        ),
        ("data/routing.yaml", _TCP, 'data["routing.yaml"].tcp.services.x.loadBalancer.servers[0].address'),
        unknown=("data/routing.yaml", 'data["routing.yaml"]'),
    ),
    Spec(
        "docker-gateway",
        passes=((declared(_DC, _GATEWAY), declared(_DC, _GATEWAY_FILES, "files")),),
        fails=(
            wrong(
                (
                    declared(_DC, _GATEWAY),
                    declared(
                        _DC,
                        but(_GATEWAY_FILES, ("uploads/0/content", _STATIC.replace("    http:\n      tls: {}\n", ""))),
                        "files",
                    ),
                ),
                "ports[0].internal",
            ),
            wrong(
                (
                    declared(
                        _DC,
                        {
                            "uploads": [
                                {
                                    "file": "/run/routes.yaml",
                                    "content": "http: {}\ntls: {options: {default: {minVersion: VersionTLS10}}}\n",
                                }
                            ]
                        },
                    ),
                ),
                "uploads[0].content.tls.options.default.minVersion",
            ),
        ),
        unknown=(wrong((declared(_DC, but(_GATEWAY_FILES, ("uploads/0/content", UNKNOWN))),), _CONTENT),),
    ),
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
            (
                "sourceRaw/data",
                f"#cloud-config\n{_DAEMON % changed}",
                f"sourceRaw.data.write_files[0].content.{path}",
            )
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
        "command-verifies",
        _COMMAND,
        {"create": "curl https://x | cat"},
        ("create", "curl -k https://x", "create.curl"),
        ("create", "wget --no-check-certificate https://x", "create.wget"),
        ("create", "ssh -o StrictHostKeyChecking=no x", "create.ssh"),
        ("create", "curl http://mirror.example.com", "create"),
        unknown=("create", "create"),
    ),
    simple(
        "command-downloads",
        _COMMAND,
        {"create": "curl --output x https://github.com/k3s-io/k3s/releases/download/v1/k3s\nsha256sum --check x"},
        ("create", "curl https://github.com/k3s-io/x | sh", "create"),
        ("create", "wget https://x.example.com/releases/download/x", "create"),
        ("create", "curl --output x https://x", "create"),
        unknown=("create", "create"),
    ),
    simple(
        "k3s-supported",
        _COMMAND,
        {"create": _VERSION},
        ("create", _VERSION.replace("1.36", "1.20"), "create"),
        unknown=("create", "create"),
    ),
    simple(
        "node-registries",
        _COMMAND,
        _REGISTRIES,
        (
            "create",
            _put("/etc/rancher/k3s/registries.yaml", "mirrors:\n  x:\n    endpoint: ['http://x']\n")["create"],
            "create.mirrors.x.endpoint[0]",
        ),
        (
            "create",
            _put("/etc/rancher/k3s/registries.yaml", "configs:\n  x:\n    tls:\n      insecure_skip_verify: true\n")[
                "create"
            ],
            "create.configs.x.tls.insecure_skip_verify",
        ),
        unknown=("create", "create"),
    ),
    simple(
        "node-manifests",
        _COMMAND,
        _put(_WHERE, _MANIFEST),
        ("create", _put(_WHERE, _MANIFEST.replace("pods", "secrets"))["create"], "create.rules[0].resources[0]"),
        ("create", _put(_WHERE, _MANIFEST.replace("get", "'*'"))["create"], "create.rules[0].verbs[0]"),
        (
            "create",
            _put(_WHERE, "spec:\n  template:\n    spec:\n      containers:\n      - image: x.io/y:1\n")["create"],
            "create.spec.template.spec.containers[0].image",
        ),
        unknown=("create", "create"),
    ),
    simple(
        "command-quiet",
        _COMMAND,
        {"create": "cat", "stdin": "x", "logging": "none", "addPreviousOutputInEnv": False},
        ("logging", DROP, "logging"),
        ("addPreviousOutputInEnv", DROP, "addPreviousOutputInEnv"),
        unknown=("logging", "logging"),
    ),
    simple(
        "password-strength",
        kinds.RANDOM_PASSWORD,
        {"length": 32, "special": False},
        ("length", 8, "length"),
        ("lower", False, "lower"),
        unknown=("length", "length"),
    ),
    Spec(
        "text-secrets",
        passes=(
            (declared(kinds.POOL, {"comment": "Guests of the prod stack"}),),
            (declared(kinds.REMOTE_COMMANDS[0], {"triggers": [f"{'5d1e0c7a' * 8}"]}),),
        ),
        fails=(
            wrong((declared(kinds.POOL, {"comment": "password: hunter22"}),), "comment", never=("hunter22",)),
            wrong((declared(_DC, {"logOpts": {"splunk-token": "x1x1x1x1"}}),), "logOpts.splunk-token"),
        ),
        unknown=(),
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
            wrong(
                (declared(kinds.VM, but(_GUEST, ("networkDevices/1", {"bridge": "vmbr1"}))),),
                "networkDevices[1]",
            ),
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
