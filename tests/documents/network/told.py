"""Whom the programs are told to connect to, read out of their documents without the table of flows."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import urlsplit

import yaml

KEYS: Final = frozenset(
    {
        "address",
        "alertmanager",
        "alertmanager_url",
        "audit",
        "endpoint",
        "join_members",
        "loki",
        "prometheus",
        "record",
        "smarthost",
        "smtp_smarthost",
        "targets",
        "url",
        "urls",
    }
)
"""Keys whose values programs connect to; other keys hold links for people."""
_PEER: Final = "--cluster.peer="
_PORTS: Final = {"http": 80, "https": 443}

Endpoint = tuple[str, int, str]
"""Host, port and protocol."""


def endpoints(text: str, namespace: str) -> Iterator[Endpoint]:
    """Those that a document, an argument or a variable names; probes are another program's."""
    if text.startswith(_PEER):
        host, _, port = text.removeprefix(_PEER).partition(":")
        for protocol in ("TCP", "UDP"):
            yield f"{host}.{namespace}.svc", int(port), protocol
    elif re.fullmatch(r"https?://\S+", text):
        yield from _of(text)
    elif ":" in text:
        yield from _of_document(_parsed(text))


def probes(prometheus_yml: str) -> Iterator[Endpoint]:
    """What Prometheus has the blackbox exporter look at."""
    jobs = [
        job
        for job in yaml.load(prometheus_yml, yaml.CSafeLoader)["scrape_configs"]
        if job.get("metrics_path") == "/probe" and "params" not in job
    ]
    for job in jobs:
        for each in job["static_configs"]:
            # Name servers are asked by both.
            kinds = (
                ("TCP",)
                if each["labels"]["module"] in {"http_2xx", "http_redirect", "core", "object_storage"}
                else ("TCP", "UDP")
            )
            for target in each["targets"]:
                yield from ((host, port, kind) for host, port, _ in _of(target) for kind in kinds)


def _parsed(text: str) -> Any:
    try:
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return None


def _of_document(value: Any, key: str = "") -> Iterator[Endpoint]:
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _of_document(each, key)
    elif isinstance(value, str):
        if key in KEYS:
            yield from _of(value)
    elif isinstance(value, dict):
        content = cast("dict[str, Any]", value)
        if "panels" in content:
            # A dashboard, whose links are for people.
            return
        if "names" in content and "port" in content:
            # Where Prometheus asks a name for addresses.
            yield from ((host, content["port"], "TCP") for host in content["names"])
        if content.get("metrics_path") in ("/probe", "/pve"):
            yield from _exporters(content)
            return
        if "port" in content and "address" in content:
            # A name server.
            yield from ((content["address"], content["port"], protocol) for protocol in ("TCP", "UDP"))
            return
        for each, inner in content.items():
            yield from _of_document(inner, each)


def _exporters(job: dict[str, Any]) -> Iterator[Endpoint]:
    """Who is asked for a probe: the one in the cluster, or one on a machine, which a target names."""
    (rule,) = (rule for rule in job["relabel_configs"] if rule.get("target_label") == "__address__")
    named = [each.get("labels", {}).get("__exporter") for each in job["static_configs"]]
    for address in {rule.get("replacement"), *named} - {None}:
        yield from _of(address)


def _of(value: str) -> Iterator[Endpoint]:
    for each in value.split(","):
        if "://" in each:
            parts = urlsplit(each)
            yield parts.hostname or "", parts.port or _PORTS[parts.scheme], "TCP"
        elif found := re.fullmatch(r"(?:dns\+)?(?!0\.0\.0\.0)([a-z0-9][a-z0-9.-]*):(\d+)", each):
            yield found[1], int(found[2]), "TCP"
