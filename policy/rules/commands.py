"""What commands and machines' first steps do: they verify whom they talk to, and run only what they checked (SEC-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import versions

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .https import is_at_home, plain_hosts
from .images import today

_UNVERIFIED = {
    "curl": re.compile(r"curl\b(?<=\bcurl)[^\n|;&]*\s(?:-[a-jl-zA-Z]*k[a-zA-Z]*|--insecure)\b"),
    "wget": re.compile(r"wget\b(?<=\bwget)[^\n|;&]*\s--no-check-certificate\b"),
    "ssh": re.compile(r"StrictHostKeyChecking[=\s\"']+(?:no|off)\b|UserKnownHostsFile[=\s]+/dev/null", re.IGNORECASE),
    "kubectl": re.compile(r"--insecure-skip-tls-verify\b(?!=false)"),
    "git": re.compile(r"\bGIT_SSL_NO_VERIFY\b|http\.sslVerify[=\s]+false", re.IGNORECASE),
    "pip": re.compile(r"--trusted-host\b"),
    "apt": re.compile(
        r"AllowUnauthenticated|AllowInsecureRepositories|--allow-unauthenticated|\[[^\]]*trusted=yes", re.I
    ),
    "document": re.compile(r"(?:insecure_?skip_?verify|tls_?skip_?verify)[\"']?\s*[:=]\s*[\"']?true", re.IGNORECASE),
}
"""By whom it is done, and how one sees that nobody is verified."""
_PIPED = re.compile(r"\b(?:curl|wget)\b[^\n|;&]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b")
_DOWNLOAD = re.compile(r"https://[^\s'\"<>|;)]+/(?:releases/)?download[^\s'\"<>|;)]*")
_SUM = re.compile(r"\bsha(?:256|512)sum\b[^\n]*(?:\s--check\b|\s-c\b)")
_FETCHES = re.compile(r"\bcurl\b[^\n]*\s(?:--output|-[a-zA-Z]*[oO])\b")
PUBLISHERS = ("https://github.com/k3s-io/", "https://github.com/grafana/", "https://github.com/prometheus/")
"""Where programs come from that a step on a machine installs."""
_K3S = re.compile(r"\bVERSION=(v(\d+\.\d+)\.\d+\+k3s\d+)")


def scripts(resource: Resource) -> Iterator[Value]:
    """What a step or a first start does on a machine, or a container when it starts."""
    if resource.type == kinds.DOCKER_CONTAINER:
        for name in ("command", "entrypoints"):
            yield from resource.props.at(name).items()
        return
    if resource.type == kinds.FILE:
        yield resource.props.at("sourceRaw", "data")
        return
    for name in ("create", "update", "delete"):
        yield resource.props.at(name)


@resource_rule(
    "command-verifies",
    requirements=("SEC-1",),
    types=(*kinds.COMMANDS, kinds.FILE, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def command_verifies(resource: Resource) -> Iterator[Finding]:
    """No step on a machine talks with somebody whom it does not verify, nor without TLS."""
    for place in scripts(resource):
        for program in _talks_to_anyone(place.text):
            found = place.holding({program: ""}).at(program)
            yield found.wrong("does not check whom it talks to", "verify with the authority's certificate")
        for host in plain_hosts(place.text):
            if not is_at_home(host):
                yield place.wrong(f"speaks plain HTTP to {host}", "use https://")


@lru_cache(maxsize=512)
def _talks_to_anyone(text: str) -> tuple[str, ...]:
    """The programs in a step that verify nobody; to update a machine is mostly the step that makes it."""
    return tuple(program for program, unverified in _UNVERIFIED.items() if unverified.search(text))


@resource_rule(
    "command-downloads",
    requirements=("INF-7", "REL-5"),
    types=(*kinds.COMMANDS, kinds.FILE, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def command_downloads(resource: Resource) -> Iterator[Finding]:
    """What a step on a machine downloads comes from its publisher, is compared with a sum, and is no shell's input."""
    for place in scripts(resource):
        text = place.text
        if _PIPED.search(text):
            yield place.wrong("gives a shell what it downloads", "download a version, and compare its sum")
        for url in _DOWNLOAD.findall(text):
            if not url.startswith(PUBLISHERS):
                yield place.wrong(f"downloads from {url}", f"take it from one of {', '.join(PUBLISHERS)}")
        if _FETCHES.search(text) and not _SUM.search(text):
            yield place.wrong("compares what it downloads with no sum", "use sha256sum --check")


@resource_rule("k3s-supported", requirements=("INF-7",), types=(kinds.CLUSTER_VERSION, *kinds.COMMANDS))
def k3s_supported(resource: Resource) -> Iterator[Finding]:
    """The cluster runs a Kubernetes that its publisher supports."""
    if resource.type == kinds.CLUSTER_VERSION:
        version = resource.props.at("version")
        found = re.match(r"v(\d+\.\d+)\.", version.text)
        yield from _judge(version, found[1] if found else version.text)
        return
    create = resource.props.at("create")
    for found in _K3S.finditer(create.text):
        yield from _judge(create, found[2])


def _judge(place: Value, minor: str) -> Iterator[Finding]:
    numbers = tuple(int(each) for each in minor.split(".") if each.isdigit())
    ends = versions.KUBERNETES_ENDS.get((numbers[0], numbers[1])) if len(numbers) == 2 else None
    if ends is None or ends < today():
        yield place.wrong(f"runs Kubernetes {minor}, which is not supported", "give one of versions.KUBERNETES_ENDS")
