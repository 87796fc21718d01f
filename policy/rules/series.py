"""Nothing that is measured, logged or alerted is dropped on its way (MON-1, LOG-1, LOG-2, ALR-7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import LOKI, OVERRIDES, PROMETHEUS, contents, of_resource
from .documents import RULES as RULE_FILES
from .loki import DEFAULT_HOURS, hours_of
from .scraping import KEPT_HOURS, asks

_ALL = frozenset({".*", ".+", "(.*)", "(.+)"})
_LEAST_SAMPLES = 1000
_LEAST_LATE_HOURS = 1
_LEAST_RATE_MIB = 1
_MOST_MINUTES = 30
"""REL-6: the slowest group that a requirement speaks of."""
_IN_CLUSTER = re.compile(r"[a-z0-9.-]+\.svc(?:\.cluster\.local)?")
_INSIDE = re.compile(r"https?://([^/:]+)")


@resource_rule("series-kept", requirements=("MON-1",), types=(kinds.CONFIG_MAP,))
def series_kept(resource: Resource) -> Iterator[Finding]:
    """Prometheus takes in what it asks for, names service and environment, and keeps it 30 days."""
    for content in contents(resource, PROMETHEUS):
        retention = content.at("storage", "tsdb", "retention", "time")
        if retention.present and (hours_of(retention.text) or 0) < KEPT_HOURS:
            yield retention.wrong(f"is {retention.text}", "give at least 30d")
        for job in content.at("scrape_configs").items():
            for name in ("relabel_configs", "metric_relabel_configs"):
                yield from _dropped(job.at(name))
            limit = job.at("sample_limit")
            if limit.number and limit.number < _LEAST_SAMPLES:
                yield limit.wrong(f"is {limit.text}: a usual target has more", f"give at least {_LEAST_SAMPLES}")
            given = {each.at("target_label").text for each in job.at("relabel_configs").items()}
            given |= {each.at("target_label").text for each in job.at("metric_relabel_configs").items()}
            for place in job.at("static_configs").items():
                given.update(place.at("labels").names())
            for label in ("service_name", "environment"):
                if label not in given and job.at("honor_labels").flag is not True and asks(job):
                    yield job.at("relabel_configs").wrong(f"gives no {label}", "set it")


def _dropped(steps: Value) -> Iterator[Finding]:
    for step in steps.items():
        regex = step.at("regex").text or "(.*)"
        if step.at("action").text == "drop" and regex in _ALL:
            yield step.wrong("drops everything", "remove it")
        if step.at("action").text == "labeldrop" and re.fullmatch(regex, "environment"):
            yield step.wrong("drops the environment", "name the labels")


@resource_rule("alerts-sent", requirements=("ALR-7", "ALR-10"), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL)
def alerts_sent(resource: Resource) -> Iterator[Finding]:
    """Prometheus and Loki drop no alert, judge often enough, and tell the Alertmanagers of the cluster."""
    for document in of_resource(resource):
        content = document.content if document.kind in {PROMETHEUS, LOKI, RULE_FILES} else None
        if content is None:
            continue
        if document.kind == PROMETHEUS:
            yield from _told(content.at("alerting"))
        elif document.kind == LOKI and content.at("ruler").present:
            told = content.at("ruler", "alertmanager_url")
            hosts = _INSIDE.findall(told.text)
            if not hosts or not all(_IN_CLUSTER.fullmatch(each) for each in hosts):
                yield told.wrong(f"is {told.text or 'missing'}: alerts on logs reach nobody", "name the Alertmanagers")
        elif document.kind == RULE_FILES:
            for group in content.at("groups").items():
                yield from _judged(group)


def _told(alerting: Value) -> Iterator[Finding]:
    for step in alerting.at("alert_relabel_configs").items():
        if step.at("action").text in {"drop", "keep", "dropequal", "keepequal"}:
            yield step.wrong("drops alerts", "remove it")
    for manager in alerting.at("alertmanagers").items():
        hosts = [each.at("names") for each in manager.at("dns_sd_configs").items()]
        hosts += [each.at("targets") for each in manager.at("static_configs").items()]
        for host in (each for names in hosts for each in names.items()):
            if not _IN_CLUSTER.fullmatch(host.text.partition(":")[0]):
                yield host.wrong(f"is {host.text}, outside of the cluster", "name the Alertmanager's Service")


def _judged(group: Value) -> Iterator[Finding]:
    interval = group.at("interval")
    if interval.present and (hours_of(interval.text) or 99) * 60 > _MOST_MINUTES:
        yield interval.wrong(f"is {interval.text}", f"give at most {_MOST_MINUTES}m")
    if group.at("limit").number:
        yield group.at("limit").wrong("leaves alerts out", "remove it")
    if (hours_of(group.at("query_offset").text) or 0) * 60 > 1:
        yield group.at("query_offset").wrong(f"is {group.at('query_offset').text}", "give at most 1m")


@resource_rule("logs-taken-in", requirements=("LOG-1", "LOG-2"), types=(kinds.CONFIG_MAP,))
def logs_taken_in(resource: Resource) -> Iterator[Finding]:
    """Loki takes in lines that come late, and lets people read all that it keeps."""
    for document in of_resource(resource):
        if document.kind == OVERRIDES:
            for _, limits in document.content.at("overrides").entries():
                yield from _limits(limits)
        if document.kind == LOKI:
            yield from _limits(document.content.at("limits_config"))
            if document.content.at("ruler", "external_labels", "environment").text == "production":
                copies = document.content.at("common", "replication_factor")
                if (copies.number or 3) < 2:
                    yield copies.wrong("is 1: a lost pod loses lines", "give 3")


def _limits(limits: Value) -> Iterator[Finding]:
    lookback = limits.at("max_query_lookback")
    hours = hours_of(lookback.text)
    if hours and hours < DEFAULT_HOURS:
        yield lookback.wrong(f"is {lookback.text}: what is kept cannot be read", "remove it")
    late = limits.at("reject_old_samples_max_age")
    if late.present and (hours_of(late.text) or 0) < _LEAST_LATE_HOURS:
        yield late.wrong(f"is {late.text}: an agent that waited loses its lines", f"give at least {_LEAST_LATE_HOURS}h")
    rate = limits.at("ingestion_rate_mb")
    if rate.number is not None and rate.number < _LEAST_RATE_MIB:
        yield rate.wrong(f"is {rate.text}", f"give at least {_LEAST_RATE_MIB}")
