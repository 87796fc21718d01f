"""Specs of policy/rules/https.py."""

from __future__ import annotations

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Spec, but, one, wrong

_MINIO = {"minioServer": "object-storage.luxima.id:443", "minioSsl": "true"}
_PROXMOX = {"endpoint": "https://pve.luxima.id:8006/", "insecure": "false"}
_DOCKER = {"host": "ssh://luxima@10.10.10.41:22", "sshOpts": '["-o","StrictHostKeyChecking=accept-new"]'}
_COMMAND = {"connection": {"host": "10.10.10.21", "hostKey": "ssh-ed25519 AAAA"}, "create": "true"}
_KUBECONFIG = "clusters: [{cluster: {server: 'https://10.10.10.20:6443', certificate-authority-data: LS0t}}]"
_DOWNLOAD = {"url": "https://cloud.debian.org/images/debian-12.qcow2", "checksum": "ab"}
_ENV = "spec/template/spec/containers/0/env"
_ENV_PATH = "spec.template.spec.containers[0].env"

SPECS = (
    Spec(
        "minio-provider-tls",
        passes=(one(kinds.MINIO_PROVIDER, _MINIO), one(kinds.MINIO_PROVIDER, but(_MINIO, ("minioSsl", True)))),
        fails=(
            wrong(one(kinds.MINIO_PROVIDER, {"minioServer": "x:9000"}), "minioSsl"),
            wrong(one(kinds.MINIO_PROVIDER, but(_MINIO, ("minioSsl", "false"))), "minioSsl"),
            wrong(one(kinds.MINIO_PROVIDER, but(_MINIO, ("minioInsecure", "true"))), "minioInsecure"),
        ),
        unknown=(wrong(one(kinds.MINIO_PROVIDER, but(_MINIO, ("minioSsl", UNKNOWN))), "minioSsl"),),
    ),
    Spec(
        "proxmox-provider-tls",
        passes=(one(kinds.PROXMOX_PROVIDER, _PROXMOX),),
        fails=(
            wrong(one(kinds.PROXMOX_PROVIDER, but(_PROXMOX, ("endpoint", "http://pve:8006/"))), "endpoint"),
            wrong(one(kinds.PROXMOX_PROVIDER, but(_PROXMOX, ("insecure", "true"))), "insecure"),
        ),
        unknown=(wrong(one(kinds.PROXMOX_PROVIDER, but(_PROXMOX, ("endpoint", UNKNOWN))), "endpoint"),),
    ),
    Spec(
        "docker-provider-tls",
        passes=(
            one(kinds.DOCKER_PROVIDER, _DOCKER),
            one(kinds.DOCKER_PROVIDER, {"host": "tcp://10.10.10.41:2376", "certPath": "/etc/docker/tls"}),
            one(kinds.DOCKER_PROVIDER, {"host": "unix:///var/run/docker.sock"}),
        ),
        fails=(
            wrong(one(kinds.DOCKER_PROVIDER, {"host": "tcp://10.10.10.41:2375"}), "host"),
            wrong(one(kinds.DOCKER_PROVIDER, {"host": "http://10.10.10.41"}), "host"),
            wrong(
                one(kinds.DOCKER_PROVIDER, but(_DOCKER, ("sshOpts", '["-o", "StrictHostKeyChecking=no"]'))), "sshOpts"
            ),
            wrong(
                one(kinds.DOCKER_PROVIDER, but(_DOCKER, ("sshOpts", ["-o", "UserKnownHostsFile=/dev/null"]))), "sshOpts"
            ),
            wrong(
                one(kinds.DOCKER_PROVIDER, but(_DOCKER, ("registryAuth", '[{"address":"http://r.luxima.id"}]'))),
                "registryAuth",
            ),
        ),
        unknown=(
            wrong(one(kinds.DOCKER_PROVIDER, but(_DOCKER, ("host", UNKNOWN))), "host"),
            wrong(one(kinds.DOCKER_PROVIDER, but(_DOCKER, ("sshOpts", UNKNOWN))), "sshOpts"),
        ),
    ),
    Spec(
        "remote-command-host-key",
        passes=(
            one(kinds.REMOTE_COMMANDS[0], _COMMAND),
            one(kinds.REMOTE_COMMANDS[1], but(_COMMAND, ("connection/proxy", {"host": "x", "hostKey": "ssh-x AAAA"}))),
        ),
        fails=(
            wrong(one(kinds.REMOTE_COMMANDS[0], but(_COMMAND, ("connection/hostKey", DROP))), "connection.hostKey"),
            wrong(one(kinds.REMOTE_COMMANDS[0], but(_COMMAND, ("connection/hostKey", ""))), "connection.hostKey"),
            wrong(one(kinds.REMOTE_COMMANDS[0], but(_COMMAND, ("connection/password", "x"))), "connection.password"),
            wrong(
                one(kinds.REMOTE_COMMANDS[2], but(_COMMAND, ("connection/proxy", {"host": "x"}))),
                "connection.proxy.hostKey",
            ),
        ),
        unknown=(
            wrong(
                one(kinds.REMOTE_COMMANDS[0], but(_COMMAND, ("connection/proxy", {"host": "x", "hostKey": UNKNOWN}))),
                "connection.proxy.hostKey",
            ),
        ),
    ),
    Spec(
        "kubernetes-provider-tls",
        passes=(one(kinds.KUBERNETES_PROVIDER, {"kubeconfig": _KUBECONFIG}), one(kinds.KUBERNETES_PROVIDER, {})),
        fails=(
            wrong(
                one(kinds.KUBERNETES_PROVIDER, {"kubeconfig": _KUBECONFIG.replace("https", "http")}, "kubernetes"),
                "kubeconfig",
            ),
            wrong(
                one(kinds.KUBERNETES_PROVIDER, {"kubeconfig": '{"insecure-skip-tls-verify": true}'}, "kubernetes"),
                "kubeconfig",
            ),
        ),
        # The pack's own exemption is for the provider called `kubernetes`.
        unknown=(wrong(one(kinds.KUBERNETES_PROVIDER, {"kubeconfig": UNKNOWN}, "other"), "kubeconfig"),),
    ),
    Spec(
        "ingress-tls",
        passes=(
            one(kinds.INGRESS, good.INGRESS),
            one(kinds.INGRESS, but(good.INGRESS, ("spec/rules/0/host", "acehcommerce.id"))),
            one(kinds.INGRESS, {"spec": {"tls": [{"hosts": ["acehcommerce.id"]}], "defaultBackend": {}}}),
        ),
        fails=(
            wrong(one(kinds.INGRESS, but(good.INGRESS, ("spec/rules/0/host", "api.luxima.id"))), "spec.rules[0].host"),
            wrong(one(kinds.INGRESS, but(good.INGRESS, ("spec/rules/0", {}))), "spec.rules[0].host"),
            wrong(one(kinds.INGRESS, {"spec": {"defaultBackend": {}}}), "spec.tls"),
        ),
        unknown=(wrong(one(kinds.INGRESS, but(good.INGRESS, ("spec/rules/0/host", UNKNOWN))), "spec.rules[0].host"),),
    ),
    Spec(
        "public-service-https",
        passes=(
            one(kinds.SERVICE, good.SERVICE),
            one(kinds.SERVICE, but(good.SERVICE, ("spec/type", "ClusterIP"), ("spec/ports/1/name", "http"))),
        ),
        fails=(
            *(
                wrong(one(kinds.SERVICE, {"spec": {"type": "LoadBalancer", "ports": [port]}}), "spec.ports[0]")
                for port in (
                    *({"port": float(number)} for number in (80, 3000, 8000, 8080, 8888)),
                    {"port": 9090.0, "name": "http"},
                    {"port": 9090.0, "name": "http-metrics"},
                )
            ),
            wrong(one(kinds.SERVICE, but(good.SERVICE, ("spec/ports/1/name", "web"))), "spec.ports[1]"),
            wrong(
                one(kinds.SERVICE, but(good.SERVICE, ("spec/type", "NodePort"), ("spec/ports/0/name", "http"))),
                "spec.ports[0]",
            ),
            wrong(
                one(
                    kinds.SERVICE,
                    {"spec": {"externalIPs": ["203.0.113.7"], "ports": [{"port": 9000.0, "appProtocol": "http"}]}},
                ),
                "spec.ports[0]",
            ),
        ),
        unknown=(
            wrong(one(kinds.SERVICE, but(good.SERVICE, ("spec/type", UNKNOWN))), "spec.type"),
            wrong(one(kinds.SERVICE, but(good.SERVICE, ("spec/ports/0/port", UNKNOWN))), "spec.ports[0].port"),
        ),
    ),
    Spec(
        "download-https",
        passes=(
            one(kinds.DOWNLOADS[0], _DOWNLOAD),
            one(kinds.FILE, {"sourceRaw": {"data": good.USER_DATA}}),
            one(kinds.FILE, {"sourceFile": {"path": "https://example.org/image.img"}}),
        ),
        fails=(
            wrong(one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("url", "http://cloud.debian.org/x"))), "url"),
            wrong(one(kinds.DOWNLOADS[1], but(_DOWNLOAD, ("verify", False))), "verify"),
            wrong(one(kinds.FILE, {"sourceFile": {"path": "http://example.org/image.img"}}), "sourceFile.path"),
            wrong(
                one(kinds.FILE, {"sourceFile": {"path": "https://example.org/i", "insecure": True}}),
                "sourceFile.insecure",
            ),
        ),
        unknown=(wrong(one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("url", UNKNOWN))), "url"),),
    ),
    Spec(
        "container-plain-http",
        passes=(
            one(kinds.DEPLOYMENT, good.DEPLOYMENT),
            one(
                kinds.DEPLOYMENT,
                but(
                    good.DEPLOYMENT,
                    (f"{_ENV}/0/value", "http://localhost:80 http://127.0.0.1 http://[::1] http://loki"),
                ),
            ),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/0", "API=http://kong:8000"))),
            one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_ENV}/0/value", "http://tempo.observability.svc:4318"))),
        ),
        fails=(
            wrong(
                one(
                    kinds.DEPLOYMENT,
                    but(good.DEPLOYMENT, ("spec/template/spec/containers/0/command", ["curl", "http://luxima.id"])),
                ),
                "spec.template.spec.containers[0].command[1]",
            ),
            *(
                wrong(
                    one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, (name, ["http://api.luxima.id"]))),
                    f"{name}[0]",
                )
                for name in ("command", "entrypoints")
            ),
            wrong(
                one(
                    kinds.DEPLOYMENT,
                    but(good.DEPLOYMENT, (f"{_ENV}/1/value", "http://user:hunter2@api.acehcommerce.id/v1")),
                ),
                f"{_ENV_PATH}[1].value",
                never=("hunter2",),
            ),
            wrong(
                one(
                    kinds.CRON_JOB,
                    but(good.CRON_JOB, ("spec/jobTemplate/spec/template/spec/containers/0/args/0", "http://10.0.0.5")),
                ),
                "spec.jobTemplate.spec.template.spec.containers[0].args[0]",
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/1", "API=http://api.luxima.id"))),
                "envs[1]",
            ),
        ),
        unknown=(
            wrong(one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_ENV}/1/value", UNKNOWN))), f"{_ENV_PATH}[1].value"),
            wrong(one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs", UNKNOWN))), "envs"),
        ),
    ),
)
