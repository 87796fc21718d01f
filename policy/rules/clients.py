"""How programs speak with others, by their documents: verified TLS, and object storage that encrypts (SEC-1, SEC-5)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import (
    ALERTMANAGER,
    BLACKBOX,
    DATASOURCES,
    GRAFANA,
    LOG_AGENT,
    LOKI,
    PROMETHEUS,
    TEMPO,
    contents,
    of_resource,
    secret_texts,
)
from .https import is_at_home, plain_hosts

_HOLDERS = (kinds.CONFIG_MAP, kinds.SECRET, kinds.DOCKER_CONTAINER)
_UNVERIFIED = frozenset({"insecure_skip_verify", "tls_insecure_skip_verify", "insecureSkipVerify", "tlsSkipVerify"})
_HINTS = ("skipverify", "skip_verify", "insecure", "sslmode", "tlsauth", "verify_ssl", "require_tls")
_SPEAKING = frozenset({ALERTMANAGER, DATASOURCES, LOG_AGENT, LOKI, TEMPO, GRAFANA})
_OLD = frozenset({"TLS10", "TLS11"})
_SSE = frozenset({"SSE-S3", "SSE-KMS"})
_ON = {
    ("security", "cookie_secure"): "true",
    ("security", "strict_transport_security"): "true",
    ("security", "x_content_type_options"): "true",
    ("security", "content_security_policy"): "true",
}
_OFF = (
    ("auth.anonymous", "enabled"),
    ("auth.jwt", "enabled"),
    ("auth.proxy", "enabled"),
    ("auth", "disable_login_form"),
    ("users", "allow_sign_up"),
    ("users", "viewers_can_edit"),
    ("security", "disable_brute_force_login_protection"),
    ("security", "allow_embedding"),
    ("snapshots", "external_enabled"),
    ("public_dashboards", "enabled"),
    ("plugins", "plugin_admin_enabled"),
)
"""What lets somebody in, or something out, when it is true."""


@resource_rule("document-readable", requirements=("SEC-1", "MON-1"), types=(*_HOLDERS, kinds.FILE))
def document_readable(resource: Resource) -> Iterator[Finding]:
    """Every document in a ConfigMap, a Secret, a container's files or a machine's first start can be read."""
    for document in of_resource(resource):
        if document.readable:
            _ = document.content
    yield from ()


@resource_rule("client-verifies", requirements=("SEC-1",), types=_HOLDERS)
def client_verifies(resource: Resource) -> Iterator[Finding]:
    """No program is told not to check whom it talks to, or to talk an old TLS."""
    for document in of_resource(resource):
        text = document.text.casefold()
        if document.readable and document.ending != ".json" and any(hint in text for hint in _HINTS):
            yield from _unverified(document.content)
        if document.kind == BLACKBOX:
            yield from _probes(document.content)
        if document.kind == ALERTMANAGER and document.content.at("global", "smtp_require_tls").flag is False:
            yield document.content.at("global", "smtp_require_tls").wrong("is false", "set it to true")
        if document.kind == PROMETHEUS:
            for job in document.content.at("scrape_configs").items():
                version = job.at("tls_config", "min_version")
                if version.text in _OLD:
                    yield version.wrong(f"is {version.text}", "remove it")
    if resource.type == kinds.SECRET:
        for name, value, text in secret_texts(resource):
            if name.startswith("etcd-s3-") and name.endswith(("-insecure", "-skip-ssl-verify")) and text:
                yield value.wrong("switches TLS or its check off", "remove it")


def _unverified(place: Value) -> Iterator[Finding]:
    for name, below in _members(place):
        if name in _UNVERIFIED and below.text.lower() == "true":
            yield below.wrong("switches the check of the certificate off", "remove it")
        elif name in {"verify_ssl", "require_tls"} and below.text.lower() == "false":
            yield below.wrong("is false", "set it to true")
        elif name == "insecure" and below.text.lower() == "true":
            yield below.wrong("switches TLS off", "remove it")
        elif name == "sslmode" and below.text in {"disable", "allow", "prefer", "require"}:
            yield below.wrong(f"is {below.text}", "give verify-full")


def _members(place: Value) -> Iterator[tuple[str, Value]]:
    """All that stands under a name, at whatever depth."""
    for leaf in place.leaves():
        key = leaf.path.rpartition(".")[2]
        yield key, leaf


def _probes(document: Value) -> Iterator[Finding]:
    for name, module in document.at("modules").entries():
        version = next(
            (module.at(each, "tls_config", "min_version") for each in ("http", "tcp") if module.at(each).present), None
        )
        if version is not None and version.text in _OLD:
            yield version.wrong(f"is {version.text}", "give TLS12")
        http, tcp = module.at("http"), module.at("tcp")
        if http.present and http.at("fail_if_ssl").flag is not True and http.at("fail_if_not_ssl").flag is not True:
            yield http.at("fail_if_not_ssl").wrong("is not true", f"set it: {name} is to see HTTPS")
        if tcp.present and tcp.at("tls_config").present and tcp.at("tls").flag is not True:
            yield tcp.at("tls").wrong("is not true", "set it")


@resource_rule("document-plain-http", requirements=("SEC-1",), types=_HOLDERS)
def document_plain_http(resource: Resource) -> Iterator[Finding]:
    """No document tells a program to talk plain HTTP to a host outside the cluster."""
    for document in of_resource(resource):
        if document.kind in _SPEAKING:
            for host in plain_hosts(document.text):
                if not is_at_home(host):
                    yield document.place.wrong(f"speaks plain HTTP to {host}", "use https://")
        if document.kind == PROMETHEUS:
            yield from _scraped(document.content)
    if resource.type == kinds.SECRET:
        for name, value, text in secret_texts(resource):
            if name == "etcd-s3-endpoint" and text.startswith("http://"):
                yield value.wrong("is plain HTTP", "give host:port")


def _scraped(document: Value) -> Iterator[Finding]:
    """Whom Prometheus shows a secret, or a certificate of an authority, it asks over TLS; probes may try plain HTTP."""
    for name in ("remote_write", "remote_read"):
        for each in document.at(name).items():
            for host in plain_hosts(each.at("url").text):
                if not is_at_home(host):
                    yield each.at("url").wrong(f"speaks plain HTTP to {host}", "use https://")
    for job in document.at("scrape_configs").items():
        for host in plain_hosts(job.at("proxy_url").text):
            if not is_at_home(host):
                yield job.at("proxy_url").wrong(f"speaks plain HTTP to {host}", "use https://")
        shows = any(job.at(name).present for name in ("authorization", "basic_auth", "tls_config"))
        if shows and job.at("scheme").text != "https":
            yield job.at("scheme").wrong(f"is {job.at('scheme').text or 'missing, which is http'}", "give https")


@resource_rule(
    "storage-clients-encrypt", requirements=("SEC-5", "LOG-6"), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL
)
def storage_clients_encrypt(resource: Resource) -> Iterator[Finding]:
    """Loki and Tempo ask object storage to encrypt what they put there."""
    for document in of_resource(resource):
        if document.kind == LOKI:
            storage = document.content.at("common", "storage", "s3")
        elif document.kind == TEMPO:
            storage = document.content.at("storage", "trace", "s3")
        else:
            continue
        kind = storage.at("sse", "type")
        if storage.present and kind.text not in _SSE:
            yield kind.wrong(f"is {kind.text or 'missing'}", "give SSE-S3")


@resource_rule("grafana-closed", requirements=("SEC-1", "SEC-6", "MON-3"), types=(kinds.CONFIG_MAP,))
def grafana_closed(resource: Resource) -> Iterator[Finding]:
    """Grafana knows nobody without a login, and its cookies and pages stay on HTTPS."""
    for page in contents(resource, GRAFANA):
        for (section, name), wanted in _ON.items():
            if page.at(section, name).text != wanted:
                yield page.at(section, name).wrong(f"is not {wanted}", f"give {wanted}")
        for section, name in _OFF:
            if page.at(section, name).text == "true":
                yield page.at(section, name).wrong("is true", "give false")
        for name in ("admin_password", "secret_key"):
            value = page.at("security", name)
            if not value.text.startswith("$__file{"):
                yield value.wrong("is no file", "give $__file{<path>}")
        yield from _people(page)


def _people(page: Value) -> Iterator[Finding]:
    role, cookie = page.at("users", "auto_assign_org_role"), page.at("security", "cookie_samesite")
    if role.text not in {"", "Viewer"}:
        yield role.wrong(f"makes everybody {role.text}", "give Viewer")
    if cookie.text not in {"", "lax", "strict"}:
        yield cookie.wrong(f"is {cookie.text}: other pages act for who is logged in", "give lax")
    unsigned = page.at("plugins", "allow_loading_unsigned_plugins")
    if unsigned.text:
        yield unsigned.wrong(f"is {unsigned.text}", "remove it")
    if not page.at("server", "root_url").text.startswith("https://"):
        yield page.at("server", "root_url").wrong("is not https", "give the URL that people use")
