"""Bounds in documents that would lose what the requirement keeps: figures, lines and traces (MON-1, MON-4, LOG-2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import LOKI, OVERRIDES, PROMETHEUS, TEMPO, contents, of_resource, of_stack
from .documents import RULES as RULE_FILES
from .loki import TENANT_HOURS, hours_of

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?)i?B?", re.IGNORECASE)
_SCALE = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def _bytes(text: str) -> float:
    found = _BYTES.fullmatch(text)
    return float(found[1]) * _SCALE[found[2].upper()] if found else 0


def _hours(text: str) -> float:
    return hours_of(text) or 0


_Bound = tuple[Callable[[str], float], float, float, str]
"""How a text is read; the least and the most; and what would be right."""
_INFINITE = float("inf")
_LOKI: Mapping[str, _Bound] = {
    "compactor/retention_delete_delay": (_hours, 0, 24, "2h"),
    "compactor/compaction_interval": (_hours, 0, 2, "10m"),
    "ingester/flush_check_period": (_hours, 0, 0.1, "15s"),
    "limits_config/max_line_size": (_bytes, 16 * 2**10, _INFINITE, "256KB"),
    "limits_config/max_global_streams_per_user": (float, 1000, _INFINITE, "5000"),
    "limits_config/ingestion_burst_size_mb": (float, 1, _INFINITE, "8"),
    "limits_config/per_stream_rate_limit": (_bytes, 2**20, _INFINITE, "4MB"),
    "limits_config/max_query_length": (_hours, 30 * 24, _INFINITE, "2184h"),
    "limits_config/max_label_names_per_series": (float, 6, _INFINITE, "8"),
    "limits_config/max_label_value_length": (float, 64, _INFINITE, "128"),
    "limits_config/per_stream_rate_limit_burst": (_bytes, 2**20, _INFINITE, "16MB"),
    "limits_config/max_entries_limit_per_query": (float, 1000, _INFINITE, "5000"),
    "limits_config/max_query_series": (float, 500, _INFINITE, "2000"),
    "limits_config/query_timeout": (_hours, 10 / 3600, _INFINITE, "2m"),
    "limits_config/max_streams_per_user": (float, 1000, _INFINITE, "0, which is no bound"),
    "limits_config/creation_grace_period": (_hours, 1 / 60, _INFINITE, "10m"),
    "compactor/apply_retention_interval": (_hours, 0, 2, "10m"),
    "ruler/evaluation_interval": (_hours, 0, 5 / 60, "1m"),
}
_LEVELS = frozenset({"", "info", "warn", "error"})
"""Below, a program writes down what it is asked and sent."""
_LOKI_IS: Mapping[str, frozenset[str]] = {
    "limits_config/max_line_size_truncate": frozenset({"", "true"}),
    "limits_config/allow_structured_metadata": frozenset({"", "true"}),
    "limits_config/unordered_writes": frozenset({"", "true"}),
    "limits_config/block_ingestion_until": frozenset({""}),
    "limits_config/deletion_mode": frozenset({"", "disabled"}),
    "ruler/enable_alertmanager_v2": frozenset({"", "true"}),
    "server/http_listen_port": frozenset({"", "3100"}),
    "server/log_level": _LEVELS,
}
"""What else would refuse lines, or tell nobody; "" where it is left to Loki."""
_LISTS = ("limits_config/enforced_labels", "limits_config/blocked_queries")
_TEMPO_IS: Mapping[str, frozenset[str]] = {
    "multitenancy_enabled": frozenset({"", "false"}),
    "server/http_listen_port": frozenset({"", "3200"}),
    "server/log_level": _LEVELS,
    "distributor/receivers/otlp/protocols/grpc/endpoint": frozenset({"", "0.0.0.0:4317"}),
    "distributor/receivers/otlp/protocols/http/endpoint": frozenset({"", "0.0.0.0:4318"}),
}
_TEMPO: Mapping[str, _Bound] = {
    "overrides/defaults/compaction/block_retention": (_hours, 7 * 24, _INFINITE, "168h"),
    "overrides/defaults/ingestion/rate_limit_bytes": (float, 10**6, _INFINITE, "4800000"),
    "overrides/defaults/ingestion/burst_size_bytes": (float, 10**6, _INFINITE, "9600000"),
    "overrides/defaults/ingestion/max_traces_per_user": (float, 1000, _INFINITE, "100000"),
    "overrides/defaults/global/max_bytes_per_trace": (float, 10**5, _INFINITE, "5000000"),
    "ingester/max_block_duration": (_hours, 0, 1, "30m"),
}
_PAGES = re.compile(rf".*(?:{kinds.FIGURES.pattern}).*|/probe|/pve")
_LIMITS = ("label_limit", "label_name_length_limit", "label_value_length_limit", "target_limit", "keep_dropped_targets")
_METRIC = re.compile(r"\b[a-z_][a-z0-9_]*\b")
_WHOSE = frozenset({"environment", "job", "service_name", "slot", "tenant_id"})
_LEAST_SECONDS, _MOST_SECONDS = 5, 15


def _as_known(document: Value, known: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    for path, allowed in known.items():
        value = document.at(*path.split("/"))
        if value.text not in allowed:
            right = " or ".join(sorted(allowed - {""})) or "nothing"
            yield value.wrong(f"is {value.text or 'missing'}", f"give {right}")


def _bounded(document: Value, bounds: Mapping[str, _Bound]) -> Iterator[Finding]:
    for path, (read, least, most, right) in bounds.items():
        value = document.at(*path.split("/"))
        if value.present and not least <= read(value.text) <= most:
            yield value.wrong(f"is {value.text}", f"give {right}")


@resource_rule("loki-limits", requirements=("LOG-1", "LOG-2", "BAK-4", "SEC-2"), types=(kinds.CONFIG_MAP,))
def loki_limits(resource: Resource) -> Iterator[Finding]:
    """Loki refuses no line that a program writes, deletes soon and by what object storage has, and lets all be read."""
    for document in of_resource(resource):
        if document.kind == OVERRIDES:
            for tenant, limits in document.content.at("overrides").entries():
                yield from _of_tenant(tenant, limits)
        if document.kind != LOKI:
            continue
        content = document.content
        yield from _bounded(content, _LOKI)
        yield from _as_known(content, _LOKI_IS)
        yield from _stored(content)
        for path in _LISTS:
            if list(content.at(*path.split("/")).items()):
                yield content.at(*path.split("/")).wrong("refuses lines or questions", "remove it")
        store = content.at("compactor", "delete_request_store")
        if content.at("compactor", "retention_enabled").flag and store.text != "s3":
            yield store.wrong(f"is {store.text or 'missing'}", "give s3")
        prefix, journal = content.at("common", "path_prefix").text, content.at("ingester", "wal", "dir")
        if prefix and journal.text and not journal.text.startswith(f"{prefix.rstrip('/')}/"):
            yield journal.wrong(f"is {journal.text}, which is gone with the pod", f"put it under {prefix}")


def _of_tenant(tenant: str, limits: Value) -> Iterator[Finding]:
    inside = {path.removeprefix("limits_config/"): each for path, each in _LOKI.items() if path.startswith("limits_")}
    yield from _bounded(limits, inside)
    told = {path.removeprefix("limits_config/"): each for path, each in _LOKI_IS.items() if path.startswith("limits_")}
    yield from _as_known(limits, told)
    for stream in limits.at("retention_stream").items() if tenant not in TENANT_HOURS else ():
        if not stream.at("selector").text.replace(" ", "").startswith('{class="'):
            yield stream.at("selector").wrong("is no class of the requirement's", 'give {class="<class>"}')


def _stored(content: Value) -> Iterator[Finding]:
    prefix = content.at("common", "path_prefix").text.rstrip("/")
    folder = content.at("compactor", "working_directory")
    if prefix and folder.text and not folder.text.startswith(f"{prefix}/"):
        yield folder.wrong(f"is {folder.text}, which is gone with the pod", f"put it under {prefix}")
    for schema in content.at("schema_config", "configs").items():
        if schema.at("store").text not in {"", "tsdb"} or schema.at("schema").text not in {"", "v13"}:
            yield schema.wrong("is a schema that retention does not read", "give tsdb and v13")
        if schema.at("from").text > _LATEST_SCHEMA:
            yield schema.at("from").wrong(
                f"is {schema.at('from').text}: nothing before it is kept", "give an earlier day"
            )
    copies, ring = (
        content.at("common", "replication_factor").number or 3,
        content.at("common", "ring", "kvstore", "store"),
    )
    if (
        copies > 1
        and content.at("common", "ring").present
        and (ring.text == "inmemory" or not list(content.at("memberlist", "join_members").items()))
    ):
        yield ring.wrong("lets no replica know of another", "give memberlist, with join_members")


_LATEST_SCHEMA = "2026-12-31"


@resource_rule("tempo-limits", requirements=("MON-4", "SEC-2"), types=(kinds.CONFIG_MAP,))
def tempo_limits(resource: Resource) -> Iterator[Finding]:
    """Tempo takes in what services send by both ways of OTLP, and keeps it for every tenant."""
    for content in contents(resource, TEMPO):
        yield from _bounded(content, _TEMPO)
        yield from _as_known(content, _TEMPO_IS)
        journal = content.at("storage", "trace", "wal", "path")
        if journal.text.startswith("/tmp"):  # noqa: S108 - what a rule is to find
            yield journal.wrong(f"is {journal.text}, which is gone with the pod", "put it on the volume")
        protocols = content.at("distributor", "receivers", "otlp", "protocols")
        for name in ("grpc", "http"):
            if name not in protocols.names():
                yield protocols.wrong(f"lacks {name}", "add it")


@resource_rule("scrape-complete", requirements=("MON-1", "MON-2"), types=(kinds.CONFIG_MAP,))
def scrape_complete(resource: Resource) -> Iterator[Finding]:
    """Every job asks at a page of figures, waits for the answer, and takes all of it in."""
    for content in contents(resource, PROMETHEUS):
        size = content.at("storage", "tsdb", "retention", "size")
        if size.present:
            yield size.wrong("is a bound beside the argument's", "remove it")
        for place in (content.at("global"), *content.at("scrape_configs").items()):
            timeout = place.at("scrape_timeout")
            seconds = _hours(timeout.text) * 3600
            if timeout.present and not _LEAST_SECONDS <= round(seconds) <= _MOST_SECONDS:
                yield timeout.wrong(f"is {timeout.text}", "give 10s")
        for job in content.at("scrape_configs").items():
            path = job.at("metrics_path")
            if path.text and not _PAGES.fullmatch(path.text):
                yield path.wrong(f"is {path.text}, no page of figures", "give /metrics")
            for name in _LIMITS:
                if job.at(name).number:
                    yield job.at(name).wrong("leaves figures out", "remove it")


@stack_rule("figures-kept", requirements=("MON-8",), types=(kinds.CONFIG_MAP,))
def figures_kept(stack: Stack) -> Iterator[Finding]:
    """No job throws a figure away by name that a rule reads, nor all of them."""
    read: set[str] = set()
    for document in of_stack(stack, RULE_FILES):
        for group in document.content.at("groups").items():
            for rule in group.at("rules").items():
                read.update(_METRIC.findall(rule.at("expr").text))
    read -= {"up", "job", "instance"}
    for document in of_stack(stack, PROMETHEUS) if read else ():
        for job in document.content.at("scrape_configs").items():
            for step in job.at("metric_relabel_configs").items():
                pattern, by = step.at("regex").text, step.at("source_labels")
                if step.at("action").text in {"drop", "keep"} and _WHOSE & set(by.texts()):
                    yield by.wrong("hides figures by whose they are", "leave it out (MON-1)")
                if by.texts() != ["__name__"] or not pattern or step.at("target_label").text:
                    continue
                hit = sorted(name for name in read if re.fullmatch(pattern, name))
                if step.at("action").text == "drop" and hit:
                    yield step.at("regex").wrong(f"drops {hit[0]}, which a rule reads", "leave it out")
                if step.at("action").text == "keep" and not hit:
                    yield step.at("regex").wrong("keeps nothing that a rule reads", "name what is read")
