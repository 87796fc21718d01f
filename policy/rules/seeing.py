"""People see what is measured: dashboards are there; figures, lines and traces lead to each other (MON-3, MON-4)."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import cast

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .documents import (
    BLACKBOX,
    DATASOURCES,
    GRAFANA,
    LOKI,
    OVERRIDES,
    PROMETHEUS,
    TEMPO,
    contents,
    of_resource,
    of_stack,
)

_DASHBOARDS = frozenset(
    {
        *("System Overview", "Application Metrics", "Tenant Metrics", "Database Metrics", "Security Overview"),
        *("Request Traces", "Service Level Objectives"),
    }
)
"""MON-3, MON-4, MON-6."""
_KINDS = {PROMETHEUS: "prometheus", LOKI: "loki", TEMPO: "tempo"}
_LEADS = (
    ("prometheus", ("exemplarTraceIdDestinations",)),
    ("loki", ("derivedFields",)),
    ("tempo", ("tracesToLogsV2", "datasourceUid")),
    ("tempo", ("tracesToMetrics", "datasourceUid")),
)
"""How one leads to the other."""
_OPEN_LOGINS = frozenset({"auth.anonymous", "auth.basic"})
"""Judged elsewhere, or what the login form is."""
_SHORTEST_PROBE_SECONDS = 1


@stack_rule("data-linked", requirements=("MON-3", "MON-4"), types=(kinds.CONFIG_MAP,))
def data_linked(stack: Stack) -> Iterator[Finding]:
    """Grafana asks all that is kept, by itself, and each of it leads to the others."""
    kept = {_KINDS[document.kind] for document in of_stack(stack, *_KINDS)}
    for document in of_stack(stack, DATASOURCES):
        sources = document.content.at("datasources")
        names = {each.at("uid").text for each in sources.items()}
        there = {each.at("type").text for each in sources.items()}
        yield from _all(stack, sources, kept, there)
        for name in sorted(kept - there):
            yield sources.wrong(f"has none of {name}", "add it")
        for source in sources.items():
            if source.at("access").text not in {"", "proxy"}:
                yield source.at("access").wrong(f"is {source.at('access').text}", "give proxy")
            if not _INSIDE.match(source.at("url").text):
                yield source.at("url").wrong(f"is {source.at('url').text}, out of the cluster", "name a Service")
            for kind, path in _LEADS:
                place = source.at("jsonData", *path)
                if source.at("type").text == kind and "tempo" in there and not list(place.leaves()):
                    yield place.wrong("is missing: it leads nowhere", "name the other data source")
            for name, leaf in source.at("jsonData").named_leaves():
                if name == "datasourceUid" and leaf.text not in names:
                    yield leaf.wrong(f"is {leaf.text}, which is not declared", "name one that is")
        asked = [
            (each.at("url").text, tuple(leaf.text for leaf in each.at("secureJsonData").leaves()))
            for each in sources.items()
        ]
        for source, said in zip(sources.items(), asked, strict=True):
            if asked.count(said) > 1:
                yield source.wrong("asks the same as another one", "give it its own address or tenant")


_INSIDE = re.compile(r"http://[a-z0-9.-]+(?::\d+)?/?$")


def _all(stack: Stack, sources: Value, kept: set[str], there: set[str]) -> Iterator[Finding]:
    of_loki = sum(each.at("type").text == "loki" for each in sources.items())
    if list(of_stack(stack, OVERRIDES)) and kept == set(_KINDS.values()) and of_loki == 1:
        yield sources.wrong("shows one tenant's logs alone", "add the audit trail's")
    if kept == set(_KINDS.values()) and "alertmanager" not in there:
        yield sources.wrong("has no alertmanager", "add it")


def _dashboards(resource: Resource) -> Iterator[tuple[Value, dict[str, object]]]:
    for document in of_resource(resource):
        if document.ending == ".json":
            with contextlib.suppress(UnevaluableError, ValueError):
                content: object = json.loads(document.text)
                if isinstance(content, dict):
                    yield document.place, cast("dict[str, object]", content)


@resource_rule("dashboards-there", requirements=("MON-3", "MON-4", "MON-6"), types=(kinds.CONFIG_MAP,))
def dashboards_there(resource: Resource) -> Iterator[Finding]:
    """The requirement's dashboards are given to Grafana, with panels, from where it looks; people change none."""
    documents = list(of_resource(resource))
    if not any(document.kind == GRAFANA for document in documents):
        return
    shown: set[str] = set()
    for place, content in _dashboards(resource):
        if content.get("title") and content.get("panels"):
            shown.add(str(content["title"]))
        else:
            yield place.wrong("is no dashboard with panels", "give title and panels")
    for document in documents:
        if document.ending in {".yaml", ".yml"} and "providers" in document.content.names():
            for provider in document.content.at("providers").items():
                path = provider.at("options", "path")
                if path.text.rstrip("/") != "/etc/grafana/dashboards":
                    yield path.wrong(f"is {path.text}, where no dashboards are", "give /etc/grafana/dashboards")
                if provider.at("allowUiUpdates").flag:
                    yield provider.at("allowUiUpdates").wrong("is true: what people change is lost", "give false")
    for title in sorted(_DASHBOARDS - shown) if shown else ():
        yield resource.props.at("data").wrong(f"has no dashboard {title}", "add it (MON-3)")


@stack_rule("files-given", requirements=("MON-3", "ENV-4"), types=(kinds.CONFIG_MAP, *kinds.WORKLOADS))
def files_given(stack: Stack) -> Iterator[Finding]:
    """What a ConfigMap holds for a pod is mounted, all of it."""
    wanted: dict[tuple[str, str], set[str]] = {}
    every: set[tuple[str, str]] = set()
    places: dict[tuple[str, str], Value] = {}
    for workload in stack.of(*kinds.WORKLOADS):
        for volume in kinds.pod_spec(workload).at("volumes").items():
            for source in (volume.at("configMap"), *_projected(volume)):
                with contextlib.suppress(UnevaluableError):
                    key = kinds.namespace_of(workload), source.at("name").text
                    places[key] = source.at("items")
                    items = {item.at("key").text for item in source.at("items").items()}
                    wanted.setdefault(key, set()).update(items)
                    every |= set() if items else {key}
    for each in stack.of(kinds.CONFIG_MAP):
        with contextlib.suppress(UnevaluableError):
            key = kinds.namespace_of(each), each.props.at("metadata", "name").text
            for name in each.props.at("data").names() if key in wanted and key not in every else ():
                if name not in wanted[key]:
                    yield places[key].wrong(f"lacks {name} of {key[1]}", "mount it")


def _projected(volume: Value) -> Iterator[Value]:
    for source in volume.at("projected", "sources").items():
        yield source.at("configMap")


@resource_rule("grafana-told", requirements=("SEC-1", "SEC-4", "SEC-6", "MON-1"), types=(kinds.CONFIG_MAP,))
def grafana_told(resource: Resource) -> Iterator[Finding]:
    """Grafana takes nobody else's word for who comes, brings nothing along, and says on its output what happens."""
    for page in contents(resource, GRAFANA):
        for section in page.names():
            enabled = page.at(section, "enabled")
            if section.startswith("auth.") and section not in _OPEN_LOGINS and enabled.text == "true":
                yield enabled.wrong("lets another one say who comes", "give false")
        wanted = (
            ("smtp", "skip_verify", {"", "false"}),
            ("auth", "oauth_allow_insecure_email_lookup", {"", "false"}),
            ("users", "allow_org_create", {"", "false"}),
            ("plugins", "preinstall_disabled", {"", "true"}),
            ("plugins", "preinstall", {""}),
            ("plugins", "preinstall_sync", {""}),
            ("auth", "login_maximum_lifetime_duration", {"", "1d", "7d", "30d"}),
            ("log", "mode", {"", "console"}),
            ("log", "level", {"", "info", "debug", "warn"}),
            ("metrics", "enabled", {"", "true"}),
            ("paths", "data", {"", "/var/lib/grafana"}),
            ("paths", "provisioning", {"", "/etc/grafana/provisioning"}),
        )
        for section, name, allowed in wanted:
            if page.at(section, name).text not in allowed:
                right = " or ".join(sorted(allowed - {""})) or "nothing"
                yield page.at(section, name).wrong(f"is {page.at(section, name).text}", f"give {right}")


@resource_rule("probes-mean-it", requirements=("ENV-4", "SEC-1"), types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER))
def probes_mean_it(resource: Resource) -> Iterator[Finding]:
    """A probe takes no error for an answer, has the time to get one, and looks at what it is told."""
    for content in contents(resource, BLACKBOX):
        for _, module in content.at("modules").entries():
            timeout = module.at("timeout")
            if timeout.present and not _seconds(timeout.text) >= _SHORTEST_PROBE_SECONDS:
                yield timeout.wrong(f"is {timeout.text}", "give some seconds")
            http, names = module.at("http"), module.at("dns")
            for code in http.at("valid_status_codes").items():
                plain = http.at("fail_if_ssl").flag is True
                if not (300 <= (code.number or 0) < 400 if plain else 200 <= (code.number or 0) < 500):
                    yield code.wrong(f"is {code.text}, which is no answer", "remove it")
            if http.at("fail_if_ssl").flag is True and not list(http.at("fail_if_header_not_matches").items()):
                yield http.at("fail_if_header_not_matches").wrong("is missing", "look where a redirection leads to")
            for header in http.at("fail_if_header_not_matches").items():
                wanted = header.at("regexp")
                if header.at("header").text.lower() == "location" and not wanted.text.startswith("^https"):
                    yield wanted.wrong(f"is {wanted.text or 'missing'}: plain HTTP would do", "give ^https://")
            for code in names.at("valid_rcodes").items():
                if code.text != "NOERROR":
                    yield code.wrong(f"is {code.text}, which is no answer", "give NOERROR")
            if names.present and not names.at("validate_answer_rrs").present:
                yield names.at("validate_answer_rrs").wrong("is missing: any answer will do", "say what is expected")


def _seconds(text: str) -> float:
    number, unit = text.rstrip("ms"), text.lstrip("0123456789.")
    try:
        return float(number) * {"s": 1, "m": 60, "ms": 0.001}.get(unit, 0)
    except ValueError:
        return 0
