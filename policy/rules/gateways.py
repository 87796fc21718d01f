"""What a gateway is told: TLS for everyone, plain HTTP only to redirect, headers that keep browsers safe (SEC-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import GATEWAY, ROUTING, contents, of_resource
from .exposure import is_private
from .https import is_at_home, plain_hosts

LEAST_STS = 31_536_000
"""Seconds: a year."""
_INSIDE = frozenset({"metrics"})
"""Entry points that no Service publishes."""
_UNASKED = {
    "api": "shows every route to who asks",
    "certificatesResolvers": "asks for certificates beside cert-manager",
}
_VERSIONS = frozenset({"VersionTLS12", "VersionTLS13"})
_FRAMES = frozenset({"DENY", "SAMEORIGIN"})
_REFERRERS = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})


@resource_rule("gateway-tls", requirements=("SEC-1",), types=(kinds.CONFIG_MAP,))
def gateway_tls(resource: Resource) -> Iterator[Finding]:
    """Every entry point of a gateway serves TLS, or redirects to it for good."""
    for content in contents(resource, GATEWAY):
        points = content.at("entryPoints")
        if not points.names():
            yield points.wrong("is missing", "give the entry points")
        for name, point in points.entries():
            if name in _INSIDE or point.at("http", "tls").present:
                continue
            redirect = point.at("http", "redirections", "entryPoint")
            if redirect.at("scheme").text != "https" or redirect.at("permanent").flag is not True:
                yield point.wrong("serves plain HTTP", "give http.tls, or a permanent redirection to https")
        for name, plugin in content.at("experimental", "plugins").entries():
            yield plugin.wrong(f"downloads the plugin {name} at each start", "bring it as a local plugin")
        yield from _beside(content)
        yield from _apart(points)


def _beside(static: Value) -> Iterator[Finding]:
    for name, problem in _UNASKED.items():
        if static.at(name).present:
            yield static.at(name).wrong(problem, "remove it")
    for name, provider in static.at("providers").entries():
        if name not in {"file", "providersThrottleDuration"}:
            yield provider.wrong("takes routes from elsewhere, which nobody judges", "remove it")


def _apart(points: Value) -> Iterator[Finding]:
    addresses: set[str] = set()
    for _, point in points.entries():
        if point.at("address").text in addresses:
            yield point.at("address").wrong("is that of another entry point", "give its own port")
        addresses.add(point.at("address").text)
        to = point.at("http", "redirections", "entryPoint", "to")
        if to.text and to.text != ":443" and not points.at(to.text, "http", "tls").present:
            yield to.wrong(f"is {to.text}, which serves no TLS", "give :443")


@resource_rule("gateway-tls-options", requirements=("SEC-1",), types=(kinds.CONFIG_MAP,))
def gateway_tls_options(resource: Resource) -> Iterator[Finding]:
    """A gateway speaks TLS 1.2 at least, with ciphers that keep the past secret, and only for names that it has."""
    for document in of_resource(resource):
        if document.kind != ROUTING or not document.content.at("http", "routers").present:
            continue
        tls = document.content.at("tls")
        if not list(tls.at("certificates").items()):
            yield tls.at("certificates").wrong("is missing", "name the files of the certificates")
        for certificate in tls.at("certificates").items():
            for name in ("certFile", "keyFile"):
                if not certificate.at(name).text:
                    yield certificate.at(name).wrong("is missing", "name the file")
        options = tls.at("options")
        yield from _old(options, "give minVersion, sniStrict and cipherSuites")
        for _, each in options.entries():
            if each.at("maxVersion").text not in {"", *_VERSIONS}:
                yield each.at("maxVersion").wrong(f"is {each.at('maxVersion').text}", "remove it")
            if each.at("sniStrict").flag is not True:
                yield each.at("sniStrict").wrong("is not true", "set it")
            yield from _ciphers(each.at("cipherSuites"))
        yield from _chosen(document.content)


def _chosen(content: Value) -> Iterator[Finding]:
    tls = content.at("tls")
    if tls.at("stores").present:
        yield tls.at("stores").wrong("has another certificate for names that are not known", "remove it")
    for _, router in content.at("http", "routers").entries():
        named = router.at("tls", "options")
        if named.text and not tls.at("options", named.text).present:
            yield named.wrong(f"is {named.text}, which is not declared", "remove it")


def _old(options: Value, remedy: str) -> Iterator[Finding]:
    """Options of TLS that let something older than 1.2 in."""
    if not options.at("default").present:
        yield options.wrong("has no default", remedy)
    for _, each in options.entries():
        least = each.at("minVersion")
        if least.text not in _VERSIONS:
            yield least.wrong(f"is {least.text or 'missing'}", "give VersionTLS12")


def _ciphers(suites: Value) -> Iterator[Finding]:
    for cipher in suites.items():
        if not cipher.text.startswith(("TLS_ECDHE_", "TLS_AES_", "TLS_CHACHA20_")) or "_CBC_" in cipher.text:
            yield cipher.wrong(f"is {cipher.text}", "remove it")


@resource_rule("gateway-headers", requirements=("SEC-1",), types=(kinds.CONFIG_MAP,))
def gateway_headers(resource: Resource) -> Iterator[Finding]:
    """Every public route tells browsers to stay on HTTPS, and not to guess types, frame pages or tell where from."""
    for content in contents(resource, ROUTING):
        http = content.at("http")
        for name, each in http.at("middlewares").entries():
            for network in each.at("ipAllowList", "sourceRange").items():
                if network.text in {"0.0.0.0/0", "::/0", "0.0.0.0/1"}:
                    yield network.wrong(f"lets everybody through {name}", "name the networks")
        safe = {name for name, each in http.at("middlewares").entries() if _is_safe(each.at("headers"))}
        for _, router in http.at("routers").entries():
            points = router.at("entryPoints")
            if points.present and set(points.texts()) <= _INSIDE:
                continue
            if points.texts() != ["websecure"]:
                yield points.wrong("is not only websecure", "give websecure, or metrics for what nobody publishes")
            used = router.at("middlewares")
            if not safe.intersection(used.texts()):
                yield used.wrong("has none with the headers of a secure page", "name the middleware headers first")


def _is_safe(headers: Value) -> bool:
    given = {name.lower() for name in headers.at("customResponseHeaders").names()}
    return (
        headers.at("isDevelopment").flag is not True
        and not headers.at("accessControlAllowOriginListRegex").present
        and not given & {"strict-transport-security", "x-frame-options", "x-content-type-options", "referrer-policy"}
        and (headers.at("stsSeconds").number or 0) >= LEAST_STS
        and headers.at("stsIncludeSubdomains").flag is True
        and headers.at("contentTypeNosniff").flag is True
        and headers.at("customFrameOptionsValue").text in _FRAMES
        and headers.at("referrerPolicy").text in _REFERRERS
        and "*" not in headers.at("accessControlAllowOriginList").texts()
        and not re.search(r"frame-ancestors[^;]*\*", headers.at("contentSecurityPolicy").text)
    )


_BESIDE = re.compile(r"([a-z0-9-]+\.)*(?!xn--)[a-z]+(-[a-z0-9]+)+")
"""A container's name in its network: no top-level domain has a hyphen like that."""


@resource_rule("gateway-backends", requirements=("SEC-1",), types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER))
def gateway_backends(resource: Resource) -> Iterator[Finding]:
    """A gateway leads to hosts outside the cluster, or outside its own network, only over TLS."""
    for content in contents(resource, ROUTING):
        for _, service in content.at("http", "services").entries():
            for server in service.at("loadBalancer", "servers").items():
                url = server.at("url")
                hosts = plain_hosts(url.text)
                if any(not is_at_home(host) and not _BESIDE.fullmatch(host) for host in hosts):
                    yield url.wrong("is plain HTTP to another host", "use https://")


@resource_rule("gateway-inside", requirements=("SEC-1", "SEC-6"), types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER))
def gateway_inside(resource: Resource) -> Iterator[Finding]:
    """No gateway leads to an address that is not private, whatever it speaks there."""
    for content in contents(resource, ROUTING):
        for _, service in content.at("http", "services").entries():
            for server in service.at("loadBalancer", "servers").items():
                address = re.match(r"[a-z]+://([\d.]+)(?::|/|$)", server.at("url").text)
                if address and not is_private(address[1]):
                    yield server.at("url").wrong(f"leads to {address[1]}, out of the platform", "name a part of it")


@stack_rule("docker-gateway", requirements=("SEC-1",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL)
def docker_gateway(stack: Stack) -> Iterator[Finding]:
    """A gateway on a Docker host publishes only what speaks TLS 1.2 at least."""
    plain: dict[str, set[str]] = {}
    for resource in stack.of(kinds.DOCKER_CONTAINER):
        for document in of_resource(resource):
            # A registry's configuration has a table `http` as well.
            if document.kind == ROUTING and document.content.at("tls").present:
                yield from _old(document.content.at("tls", "options"), "give default with minVersion VersionTLS12")
            if document.kind == GATEWAY:
                plain.setdefault(resource.props.at("image").text, set()).update(_plain(document.content))
    for resource in stack.of(kinds.DOCKER_CONTAINER) if plain else ():
        # The container that holds its files is of the same image.
        ports = plain.get(resource.props.at("image").text, set[str]())
        for port in resource.props.at("ports").items() if ports else ():
            if port.at("internal").text in ports:
                yield port.at("internal").wrong("speaks plain HTTP", "give its entry point http.tls")


def _plain(document: Value) -> Iterator[str]:
    """The ports at which a gateway speaks plain HTTP."""
    for _, point in document.at("entryPoints").entries():
        if not point.at("http", "tls").present:
            yield point.at("address").text.rpartition(":")[2]
