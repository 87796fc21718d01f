"""An alert can fire, for all that it is for, and is the one that it says it is (ALR-2 to ALR-8, BAK-5, MON-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .alerts import alerts_of
from .documents import ALERTMANAGER, contents, of_resource
from .documents import RULES as RULE_FILES
from .loki import CLASSES

_NEVER = re.compile(
    r"\band on \(\) \(?\s*(?:absent\(up\)|vector\(|time\(\) <)|\bunless on \(\) \(?\s*vector\("
    r"|\bvector\([\d.]+\)\s*(?:[<>]|==|!=)"
    r"|(?<![\w:])(?:up|pg_up|probe_success)(?:\{[^}]*\})?\)*\s*(?:==|>=?)\s*(?:[2-9]|1\d)"
    r"|(?:utilisation|ratio)\w*(?:\{[^}]*\})?\s*>=?\s*(?:1(?:\.0*)?|[2-9]|\d{2,})(?![\d.]|\s*\*)"
    r"|>=?\s*(?:\d[\d.]*e\d+|\d{10,})\s*\)*\s*(?:$|\bor\b|\band\b)"
)
"""A comparison that nothing ever fulfils, or a second side that takes all away."""
_AT_MOST: Mapping[str, tuple[re.Pattern[str], float, str]] = {
    "BackupOverdue": (re.compile(r"> ([\d.]+) \* \d+"), 2, "twice the time between two backups (BAK-5)"),
    "FailedLoginsFromAddress": (re.compile(r"> ([\d.]+)"), 100, "100 within 10 minutes (SEC-4)"),
    "FailedLoginsOfUser": (re.compile(r"> ([\d.]+)"), 100, "100 within 10 minutes (SEC-4)"),
    "ReleaseErrorRateHigh": (re.compile(r">= ([\d.]+)"), 1000, "1000 requests (REL-6)"),
}
_AT_LEAST: Mapping[str, tuple[re.Pattern[str], float, str]] = {
    "CertificateExpiresSoon": (re.compile(r"< ([\d.]+) \* 86400"), 7, "a week's notice (SEC-1)")
}
_SELECTED: Mapping[str, tuple[str, str]] = {
    "HighCPULoad": (r"host:cpu:utilisation2m", r""),
    "DatabaseDown": (r"\bpg_up|\bup", r'job="postgres"'),
    "HostDown": (r"\bup", r'job="node"'),
    "TargetDown": (r"\bup", r'job!="node"'),
    "ServiceDown": (
        r"\bup",
        r'job="(?:services|kube-apiserver)"(?:,(?:service_name="[\w-]+",)?slot!~"canary\|shadow")?',
    ),
    "APIErrorRateHigh": (r"http_requests_total", r'slot!="shadow"(?:,code=~"5\.\.")?'),
    "TenantRLSViolation": (r"rls_violation_total", r""),
}
"""The series of alerts that a requirement names, and the labels by which they may be chosen."""
_BACKUP = re.compile(r'\bbackup=\\?"(database|object_storage|logs)\b')
_UNRESOLVED = re.compile(r'alertname!~"CriticalAlertUnresolved\|Watchdog"')
_MEASURED: Mapping[str, re.Pattern[str]] = {
    "host:cpu:utilisation2m": re.compile(
        r'1 - avg by \(host\) \(.*node_cpu_seconds_total\{mode=~?"idle(\|iowait)?"\}.*'
    )
}
_SAID = frozenset({"alertname", "severity", "kind", "escalation"})
"""Labels that every alert has for good, by which routes choose."""
_OVERWRITTEN = frozenset({"alertname", "environment", "job", "instance", "tenant_id"})
_RECORDS_BY = re.compile(r"https://[^/]+/rest/v1/rpc/record_alert")


@resource_rule(
    "alert-can-fire",
    requirements=("ALR-2", "ALR-3", "ALR-5", "ALR-6", "ALR-8", "BAK-5", "MON-1", "MON-6", "SEC-1", "SEC-4"),
    types=(kinds.CONFIG_MAP,),
    severity=Severity.CRITICAL,
)
def alert_can_fire(resource: Resource) -> Iterator[Finding]:
    """No alert waits for what never is, or leaves out what it is for; none goes by another's name."""
    for document in of_resource(resource):
        if document.kind != RULE_FILES:
            continue
        backups = set(_BACKUP.findall(document.text))
        for alert in alerts_of(document.content):
            name, place = alert.at("alert").text, alert.at("expr")
            if name != "Watchdog" and _NEVER.search(place.text):
                yield place.wrong("waits for what never is", "leave that part out")
            yield from _bounded(name, place)
            yield from _whole(name, place)
            if name == "BackupOverdue" and backups - set(_BACKUP.findall(place.text)):
                yield place.wrong("leaves a backup out", "ask for each that other alerts know (BAK-1, BAK-2, BAK-4)")
            yield from _called(name, alert)
        for group in document.content.at("groups").items():
            if group.at("labels").present:
                yield group.at("labels").wrong("changes every alert of the group", "say it of each alert")
            for rule in group.at("rules").items():
                measured = _MEASURED.get(rule.at("record").text)
                if measured is not None and not measured.fullmatch(rule.at("expr").text.strip()):
                    yield rule.at("expr").wrong("is not the share of time that is not idle", "measure that (ALR-3)")


def _called(name: str, alert: Value) -> Iterator[Finding]:
    for label in _OVERWRITTEN & set(alert.at("labels").names()):
        yield alert.at("labels", label).wrong("overwrites what the series says", "remove it")
    if alert.at("labels", "escalation").present and name != "CriticalAlertUnresolved":
        yield alert.at("labels", "escalation").wrong("is for what nobody resolved", "remove it (ALR-8)")
    page = alert.at("annotations", "runbook_url")
    if "/runbooks/" in page.text and page.text.rpartition("/")[2].partition("#")[0] != name:
        yield page.wrong(f"is not the page of {name}", "give its own (ALR-8)")


def _bounded(name: str, place: Value) -> Iterator[Finding]:
    for table, late in ((_AT_MOST, max), (_AT_LEAST, min)):
        known = table.get(name)
        if known is None:
            continue
        pattern, bound, says = known
        found = [float(each) for each in pattern.findall(place.text)]
        if not found or late(*found, bound) != bound:
            yield place.wrong("tells too late, or never", f"give {says}")


def _whole(name: str, place: Value) -> Iterator[Finding]:
    series, labels = _SELECTED.get(name, ("", ""))
    for given in re.findall(rf"(?:{series})\{{([^}}]*)\}}", place.text) if series else ():
        if not re.fullmatch(labels, given):
            yield place.wrong(f"is only for {{{given}}}", "leave out what narrows it")
    for given in re.findall(r'\bclass="([^"]*)"', place.text):
        if given not in {*CLASSES, "audit", "default"}:
            yield place.wrong(f"reads lines of class {given}, of which there are none", "name the class of the lines")
    if name == "CriticalAlertUnresolved":
        left_out = re.findall(r'alertname!~"[^"]*"', place.text)
        if any(not _UNRESOLVED.fullmatch(each) for each in left_out):
            yield place.wrong("leaves alerts out", "leave itself and Watchdog out alone (ALR-8)")


@resource_rule("routes-by-kind", requirements=("ALR-7", "ALR-10"), types=(kinds.CONFIG_MAP,))
def routes_by_kind(resource: Resource) -> Iterator[Finding]:
    """Alerts are routed by what they are, not by where they come from; the record is kept by its own function."""
    for content in contents(resource, ALERTMANAGER):
        for place in content.at("route").named_leaves():
            if place[0] == "matchers" and re.split(r"[=!]", place[1].text.strip())[0].strip() not in _SAID:
                yield place[1].wrong(
                    "keeps alerts of one place from who is to know", f"match {', '.join(sorted(_SAID))}"
                )
        for receiver in content.at("receivers").items():
            for config in receiver.at("webhook_configs").items():
                url = config.at("url")
                if "/rpc/" in url.text and not _RECORDS_BY.fullmatch(url.text):
                    yield url.wrong("is not the function that keeps the record", "give rpc/record_alert (ALR-10)")
