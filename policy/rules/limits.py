"""Bounds in documents that would lose what the requirement keeps: figures, lines and traces (MON-1, MON-4, LOG-2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import LOKI, PROMETHEUS, TEMPO, of_resource, of_stack
from .documents import RULES as RULE_FILES
from .loki import hours_of

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
}
_TEMPO: Mapping[str, _Bound] = {
    "overrides/defaults/compaction/block_retention": (_hours, 7 * 24, _INFINITE, "168h"),
    "overrides/defaults/ingestion/rate_limit_bytes": (float, 10**6, _INFINITE, "4800000"),
    "overrides/defaults/ingestion/burst_size_bytes": (float, 10**6, _INFINITE, "9600000"),
}
_PAGES = re.compile(r".*metrics.*|/probe|/pve")
_LIMITS = ("label_limit", "label_name_length_limit", "label_value_length_limit", "target_limit", "keep_dropped_targets")
_METRIC = re.compile(r"\b[a-z_][a-z0-9_]*\b")
_LEAST_SECONDS, _MOST_SECONDS = 5, 15


def _bounded(document: Value, bounds: Mapping[str, _Bound]) -> Iterator[Finding]:
    for path, (read, least, most, right) in bounds.items():
        value = document.at(*path.split("/"))
        if value.present and not least <= read(value.text) <= most:
            yield value.wrong(f"is {value.text}", f"give {right}")


@resource_rule("loki-limits", requirements=("LOG-1", "LOG-2", "BAK-4"), types=(kinds.CONFIG_MAP,))
def loki_limits(resource: Resource) -> Iterator[Finding]:
    """Loki refuses no line that a program writes, deletes soon and by what object storage has, and lets all be read."""
    for document in of_resource(resource):
        if document.kind != LOKI:
            continue
        content = document.content
        yield from _bounded(content, _LOKI)
        store = content.at("compactor", "delete_request_store")
        if content.at("compactor", "retention_enabled").flag and store.text != "s3":
            yield store.wrong(f"is {store.text or 'missing'}", "give s3")
        prefix, journal = content.at("common", "path_prefix").text, content.at("ingester", "wal", "dir")
        if prefix and journal.text and not journal.text.startswith(f"{prefix.rstrip('/')}/"):
            yield journal.wrong(f"is {journal.text}, which is gone with the pod", f"put it under {prefix}")


@resource_rule("tempo-limits", requirements=("MON-4",), types=(kinds.CONFIG_MAP,))
def tempo_limits(resource: Resource) -> Iterator[Finding]:
    """Tempo takes in what services send by both ways of OTLP, and keeps it for every tenant."""
    for document in of_resource(resource):
        if document.kind == TEMPO:
            yield from _bounded(document.content, _TEMPO)
            protocols = document.content.at("distributor", "receivers", "otlp", "protocols")
            for name in ("grpc", "http"):
                if name not in protocols.names():
                    yield protocols.wrong(f"lacks {name}", "add it")


@resource_rule("scrape-complete", requirements=("MON-1", "MON-2"), types=(kinds.CONFIG_MAP,))
def scrape_complete(resource: Resource) -> Iterator[Finding]:
    """Every job asks at a page of figures, waits for the answer, and takes all of it in."""
    for document in of_resource(resource):
        if document.kind != PROMETHEUS:
            continue
        size = document.content.at("storage", "tsdb", "retention", "size")
        if size.present:
            yield size.wrong("is a bound beside the argument's", "remove it")
        for place in (document.content.at("global"), *document.content.at("scrape_configs").items()):
            timeout = place.at("scrape_timeout")
            seconds = _hours(timeout.text) * 3600
            if timeout.present and not _LEAST_SECONDS <= round(seconds) <= _MOST_SECONDS:
                yield timeout.wrong(f"is {timeout.text}", "give 10s")
        for job in document.content.at("scrape_configs").items():
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
                pattern = step.at("regex").text
                if step.at("source_labels").texts() != ["__name__"] or not pattern or step.at("target_label").text:
                    continue
                hit = sorted(name for name in read if re.fullmatch(pattern, name))
                if step.at("action").text == "drop" and hit:
                    yield step.at("regex").wrong(f"drops {hit[0]}, which a rule reads", "leave it out")
                if step.at("action").text == "keep" and not hit:
                    yield step.at("regex").wrong("keeps nothing that a rule reads", "name what is read")


RULES = (loki_limits, tempo_limits, scrape_complete, figures_kept)
