"""HTTPS everywhere (SEC-1): between this program and what it manages, and from the public to the platform."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ..judging import Resource, resource_rule
from ..values import Finding, Value
from . import kinds

REDIRECT = "http-redirect"
"""The name of a public Service's port that only redirects to HTTPS."""

_PLAIN_PORTS = frozenset({80, 3000, 8000, 8080, 8888})
_PLAIN_URL = re.compile(r"\bhttp://(?:[^\s/@'\"]*@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)")
_CLUSTER_DOMAINS = (".svc", ".svc.cluster.local")


@resource_rule("minio-provider-tls", requirements=("SEC-1",), types=(kinds.MINIO_PROVIDER,))
def minio_provider_tls(resource: Resource) -> Iterator[Finding]:
    """The object storage is talked to over verified TLS."""
    ssl = resource.props.at("minioSsl")
    if ssl.flag is not True:
        yield ssl.wrong("is not true", "set minio_ssl=True")
    server = resource.props.at("minioServer")
    if server.text.endswith(":80"):
        yield server.wrong("is the port of plain HTTP", "give that of HTTPS")
    insecure = resource.props.at("minioInsecure")
    if insecure.flag:
        yield insecure.wrong("switches the check of the certificate off", "remove it and trust the CA by SSL_CERT_FILE")


@resource_rule("proxmox-provider-tls", requirements=("SEC-1",), types=(kinds.PROXMOX_PROVIDER,))
def proxmox_provider_tls(resource: Resource) -> Iterator[Finding]:
    """The Proxmox API is talked to over verified TLS."""
    endpoint = resource.props.at("endpoint")
    if not endpoint.text.startswith("https://"):
        yield endpoint.wrong("is not an https:// URL", "give https://<host>:8006/")
    insecure = resource.props.at("insecure")
    if insecure.flag:
        yield insecure.wrong("switches the check of the certificate off", "remove it and trust the CA by SSL_CERT_FILE")
    least = resource.props.at("minTls")
    if least.text not in {"", "1.2", "1.3"}:
        yield least.wrong(f"is {least.text}", "give 1.2")


@resource_rule("docker-provider-tls", requirements=("SEC-1",), types=(kinds.DOCKER_PROVIDER,))
def docker_provider_tls(resource: Resource) -> Iterator[Finding]:
    """A Docker host is talked to over SSH with a known host key, or over TLS with certificates."""
    host = resource.props.at("host")
    address = host.text
    if address.startswith("tcp://"):
        certificates = resource.props.at("certPath"), resource.props.at("certMaterial")
        if not any(value.text for value in certificates):
            yield host.wrong("is tcp:// without client certificates", "use ssh://<user>@<host>, or give cert_path")
    elif not address.startswith(("ssh://", "unix://")):
        yield host.wrong("is neither ssh:// nor tcp:// with certificates", "give ssh://<user>@<host>")
    # A provider is told lists as one text in JSON.
    logins = resource.props.at("registryAuth")
    if any("http://" in leaf.text for leaf in logins.leaves()):
        yield logins.wrong("is sent over plain HTTP", "give addresses with https://")
    options = resource.props.at("sshOpts")
    said = " ".join(leaf.text for leaf in options.leaves())
    if re.search(r"StrictHostKeyChecking[=\s\"',]+(no|off)\b", said, re.IGNORECASE) or "/dev/null" in said:
        yield options.wrong(
            "accepts any host key", "use StrictHostKeyChecking=accept-new and a UserKnownHostsFile that is kept"
        )


@resource_rule("remote-command-host-key", requirements=("SEC-1",), types=kinds.REMOTE_COMMANDS)
def remote_command_host_key(resource: Resource) -> Iterator[Finding]:
    """A machine is spoken to over SSH only when it shows the key that is known of it."""
    connection = resource.props.at("connection")
    for place in (connection, connection.at("proxy")):
        key = place.at("hostKey")
        if place.present and not key.text:
            yield key.wrong("is missing, so any machine could answer", "give the machine's public SSH key")
        if place.at("password").present:
            yield place.at("password").wrong("logs in by a password", "give privateKey")


@resource_rule("kubernetes-provider-tls", requirements=("SEC-1",), types=(kinds.KUBERNETES_PROVIDER,))
def kubernetes_provider_tls(resource: Resource) -> Iterator[Finding]:
    """The Kubernetes API is talked to over verified TLS."""
    kubeconfig = resource.props.at("kubeconfig")
    text = kubeconfig.text
    if re.search(r"insecure-skip-tls-verify[\"']?\s*:\s*[\"']?true", text):
        yield kubeconfig.wrong(
            "switches the check of the certificate off (insecure-skip-tls-verify)", "give certificate-authority-data"
        )
    written = resource.props.at("renderYamlToDirectory")
    if written.text:
        yield written.wrong("writes every Secret into a folder", "remove it")
    if re.search(r"server[\"']?\s*:\s*[\"']?http://", text):
        yield kubeconfig.wrong("names an API server over plain HTTP", "give an https:// server")


@resource_rule("ingress-tls", requirements=("SEC-1",), types=(kinds.INGRESS,))
def ingress_tls(resource: Resource) -> Iterator[Finding]:
    """Every host of an Ingress has a certificate."""
    spec = resource.props.at("spec")
    covered: set[str] = set()
    for entry in spec.at("tls").items():
        covered.update(entry.at("hosts").texts())
    for rule in spec.at("rules").items():
        host = rule.at("host")
        name = host.text
        if name not in covered and f"*.{name.partition('.')[2]}" not in covered:
            yield host.wrong(
                f"{name or 'any host'} is in no entry of spec.tls", "name it in spec.tls[].hosts with a secretName"
            )
    if not spec.at("rules").present and not covered:
        yield spec.at("tls").wrong("is missing", "give the hosts and the secretName of their certificate")


@resource_rule("public-service-https", requirements=("SEC-1",), types=(kinds.SERVICE,))
def public_service_https(resource: Resource) -> Iterator[Finding]:
    """A Service that is reachable from outside serves HTTPS; plain HTTP only redirects."""
    spec = resource.props.at("spec")
    if not is_public(spec):
        return
    for port in spec.at("ports").items():
        name = port.at("name").text
        if name == REDIRECT:
            continue
        if (
            name == "http"
            or name.startswith("http-")
            or port.at("appProtocol").text == "http"
            or port.at("port").number in _PLAIN_PORTS
        ):
            yield port.wrong(
                "serves plain HTTP to the public", f"serve HTTPS; a port that only redirects is {REDIRECT}"
            )


def is_public(spec: Value) -> bool:
    """Whether a Service of this spec is reachable from outside the cluster."""
    return spec.at("type").text in {"LoadBalancer", "NodePort"} or bool(list(spec.at("externalIPs").items()))


@resource_rule("download-https", requirements=("SEC-1",), types=(*kinds.DOWNLOADS, kinds.FILE))
def download_https(resource: Resource) -> Iterator[Finding]:
    """What a hypervisor downloads comes over verified TLS."""
    if resource.type == kinds.FILE:
        path, insecure = resource.props.at("sourceFile", "path"), resource.props.at("sourceFile", "insecure")
        if path.text.startswith("http://"):
            yield path.wrong("is downloaded over plain HTTP", "give an https:// URL")
        if insecure.flag:
            yield insecure.wrong("switches the check of the certificate off", "remove it")
        return
    url, verify = resource.props.at("url"), resource.props.at("verify")
    if not url.text.startswith("https://"):
        yield url.wrong("is not an https:// URL", "give an https:// URL")
    if verify.flag is False:
        yield verify.wrong("switches the check of the certificate off", "remove it")


@resource_rule("container-plain-http", requirements=("SEC-1",), types=(*kinds.WORKLOADS, kinds.DOCKER_CONTAINER))
def container_plain_http(resource: Resource) -> Iterator[Finding]:
    """No container is told to talk plain HTTP to another host."""
    for place in _spoken_to_containers(resource):
        for host in plain_hosts(place.text):
            if not is_at_home(host):
                yield place.wrong(f"speaks plain HTTP to {host}", "use https://, or a name inside the cluster")


def _spoken_to_containers(resource: Resource) -> Iterator[Value]:
    if resource.type == kinds.DOCKER_CONTAINER:
        for name in ("envs", "command", "entrypoints"):
            yield from resource.props.at(name).items()
        return
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        yield from (entry.at("value") for entry in container.at("env").items())
        for name in ("command", "args"):
            yield from container.at(name).items()


def plain_hosts(text: str) -> list[str]:
    """The hosts that a text names in plain HTTP's URLs."""
    return _PLAIN_URL.findall(text) if "http://" in text else []


def is_at_home(host: str) -> bool:
    """Whether a host is this very one, or a name that only the cluster's (or Docker network's) own DNS answers."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith(_CLUSTER_DOMAINS)
