"""Alerts that a requirement asks for are there, mean what they say, and nothing keeps them back (ALR-6 to ALR-10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .alerts import NAMED, alerts_of, calls_people
from .documents import ALERTMANAGER, contents, of_stack
from .documents import RULES as RULE_FILES
from .loki import hours_of
from .placement import cluster_elsewhere
from .routing_tree import all_routes

NEEDED: Mapping[str, tuple[str, re.Pattern[str]]] = {
    **{
        f"alerts on anomalies of {signal}": ("MON-7", re.compile(rf"anomal.*{signal}", re.IGNORECASE))
        for signal in ("request", "error", "latency", "login", "tenant")
    },
    "an alert on critical ones that nobody resolved": ("ALR-8", re.compile(r"unresolved", re.IGNORECASE)),
    "an alert on what the record lacks": ("ALR-10", re.compile(r"record", re.IGNORECASE)),
    "an alert that always fires": ("ENV-5", re.compile(r"watchdog|heartbeat", re.IGNORECASE)),
    "an alert on backups that are late": ("BAK-5", re.compile(r"backup(?!drill).*(overdue|late)", re.IGNORECASE)),
    "an alert on backups that fail": ("BAK-5", re.compile(r"backup.*fail", re.IGNORECASE)),
    "an alert on backups that nobody compared": ("BAK-5", re.compile(r"backup.*unverified", re.IGNORECASE)),
    "an alert on backups that nobody restored on trial": ("BAK-5", re.compile(r"backup.*drill", re.IGNORECASE)),
    "an alert on snapshots that are missing": ("BAK-3", re.compile(r"etcd.*snapshot", re.IGNORECASE)),
    "an alert on a release's errors": ("REL-6", re.compile(r"release.*error", re.IGNORECASE)),
    "an alert on certificates that end": ("SEC-1", re.compile(r"certificate.*expir", re.IGNORECASE)),
    "an alert on who does not answer": ("MON-1", re.compile(r"^target.*down", re.IGNORECASE)),
    "an alert on logs that are not flushed": ("BAK-4", re.compile(r"loki.*flush", re.IGNORECASE)),
    "an alert on budgets that burn fast": ("MON-6", re.compile(r"slo.*burn.*fast", re.IGNORECASE)),
    "an alert on budgets that burn slowly": ("MON-6", re.compile(r"slo.*burn.*slow", re.IGNORECASE)),
    "an alert on floods that services see": ("SEC-4", re.compile(r"^request.*flood", re.IGNORECASE)),
    "an alert on shares of failed logins": ("SEC-4", re.compile(r"login.*(ratio|rate)", re.IGNORECASE)),
    "an alert on passwords that are tried": ("SEC-4", re.compile(r"failed.*logins", re.IGNORECASE)),
    "an alert on roles that change": ("SEC-4", re.compile(r"role.*change[ds]?$", re.IGNORECASE)),
    "an alert on roles whose change was logged": ("SEC-4", re.compile(r"role.*chang.*logged", re.IGNORECASE)),
    "an alert on tokens that are refused": ("MON-3", re.compile(r"jwt", re.IGNORECASE)),
    "an alert on machines that are down": ("ENV-4", re.compile(r"host.*down", re.IGNORECASE)),
    "an alert on disks that are full": ("ENV-4", re.compile(r"disk.*(full|space)", re.IGNORECASE)),
    "an alert on hypervisors that are down": ("INF-1", re.compile(r"hypervisor.*down", re.IGNORECASE)),
    "an alert on nodes that are not ready": ("INF-2", re.compile(r"node.*ready", re.IGNORECASE)),
    "an alert on pods that fail": ("INF-2", re.compile(r"pod.*(crash|ready)", re.IGNORECASE)),
    "an alert on object storage that is down": ("INF-5", re.compile(r"object.*storage.*down", re.IGNORECASE)),
    "an alert on a registry that is down": ("INF-6", re.compile(r"registry.*down", re.IGNORECASE)),
    "an alert on gateways that are down": ("ENV-4", re.compile(r"gateway.*down", re.IGNORECASE)),
    "an alert on sites that nobody reaches": ("ENV-4", re.compile(r"site.*unreachable", re.IGNORECASE)),
    "an alert on services that are down": ("ALR-2", re.compile(r"service.*down", re.IGNORECASE)),
    "an alert on etcd without a leader": ("INF-2", re.compile(r"(etcd|control.*plane).*leader", re.IGNORECASE)),
    "an alert on file systems of nodes": ("INF-2", re.compile(r"file.*system.*read.*only", re.IGNORECASE)),
    "an alert on certificates that are not renewed": ("SEC-1", re.compile(r"certificate.*renewed", re.IGNORECASE)),
    "an alert on what a release does to figures": ("REL-6", re.compile(r"release.*baseline", re.IGNORECASE)),
    "an alert on releases that are done": ("REL-5", re.compile(r"release.*deployed", re.IGNORECASE)),
    "an alert on messages that are not sent": ("ALR-1", re.compile(r"notifications.*failing", re.IGNORECASE)),
    "an alert on a database that lags behind": ("INF-4", re.compile(r"replica.*(behind|lag)", re.IGNORECASE)),
    "an alert on an audit trail that is gone": ("LOG-2", re.compile(r"audit", re.IGNORECASE)),
    "an alert on errors in logs after a release": ("REL-6", re.compile(r"deploy.*error.*log", re.IGNORECASE)),
    "an alert on secrets in logs": ("SEC-2", re.compile(r"secrets.*logs", re.IGNORECASE)),
    "an alert on logs that stay away": ("LOG-1", re.compile(r"logs.*missing", re.IGNORECASE)),
    "an alert on volumes that fill": ("ENV-4", re.compile(r"volume.*fill", re.IGNORECASE)),
    "an alert on object storage that fills": ("INF-5", re.compile(r"object.*storage.*space", re.IGNORECASE)),
}
"""What a requirement asks to be told of, and how such an alert is called, its signal behind it."""
_OF_OWN_CLUSTER = frozenset({"an alert on snapshots that are missing"})
"""What is not told of a cluster that somebody else keeps."""
_NEVER = re.compile(r"\bvector\(|\bhour\(|\bminute\(|\bday_of_|\bmonth\(|\byear\(")
_EXACT: Mapping[str, re.Pattern[str]] = {
    "HighCPULoad": re.compile(r"[^>]*> 0\.9\s*", re.DOTALL),
    "DatabaseDown": re.compile(r"pg_up == 0(?:\s+or\b.*)?", re.DOTALL),
    "APIErrorRateHigh": re.compile(r".*> 0\.05\s*", re.DOTALL),
    "TenantRLSViolation": re.compile(r"increase\(rls_violation_total\[10m\]\) > 0(?:\s+or\b.*)?", re.DOTALL),
}
"""The requirement's expression, alone or with what makes it fire more often."""
_OWN_KEY = {
    "slack_configs": ("api_url_file", "api_url"),
    "pagerduty_configs": ("routing_key_file", "service_key_file", "routing_key"),
    "telegram_configs": ("bot_token_file", "bot_token"),
}
_SAYS_CRITICAL = re.compile(r"(?<![\w\"])critical(?![\w\"])")
"""As what is written, not as what a template compares with."""
_RESOLVED_MINUTES = (5, 60)
_MOST_REPEAT_HOURS = 4
_MOST_GROUP_MINUTES = 5


@stack_rule(
    "alert-needed", requirements=("ALR-8", "SEC-4", "MON-6", "MON-7", "BAK-5"), types=(kinds.CONFIG_MAP, kinds.VM)
)
def alert_needed(stack: Stack) -> Iterator[Finding]:
    """What a requirement asks to be told of has an alert."""
    names: set[str] = set()
    place: Value | None = None
    for document in of_stack(stack, RULE_FILES):
        place = document.place
        names |= {
            f"{each.at('alert').text} {each.at('labels', 'signal').text}".strip()
            for each in alerts_of(document.content)
        }
    if place is None or not names & set(NAMED):
        return
    elsewhere = cluster_elsewhere(stack)
    for what, (requirement, called) in NEEDED.items():
        if what in _OF_OWN_CLUSTER and elsewhere:
            continue
        if not any(called.search(name) for name in names):
            yield place.wrong(f"has not {what}", f"declare it ({requirement})")


@resource_rule("alert-meant", requirements=("ALR-3", "ALR-4", "ALR-5", "ALR-6", "ALR-7"), types=(kinds.CONFIG_MAP,))
def alert_meant(resource: Resource) -> Iterator[Finding]:
    """The named alerts fire for all that the requirement says, recorded series are measured, security is told so."""
    for content in contents(resource, RULE_FILES):
        for group in content.at("groups").items():
            for rule in group.at("rules").items():
                name, expression = rule.at("alert").text, rule.at("expr")
                if name in _EXACT and (not _EXACT[name].fullmatch(expression.text) or _NEVER.search(expression.text)):
                    yield expression.wrong("fires for less than the requirement says", "leave out what narrows it")
                if (
                    rule.at("record").present
                    and re.fullmatch(r"\s*(?:vector\()?[\d.]+\)?\s*", expression.text)
                    and not rule.at("labels").present
                ):
                    yield expression.wrong("is a number, which nobody measured", "say what is measured")
                if name and rule.at("labels", "owner").text == "security" and not rule.at("labels", "kind").text:
                    yield rule.at("labels", "kind").wrong("is missing", "give security: it goes to #security-alerts")
                if name == "TenantRLSViolation" and rule.at("labels", "kind").text != "security":
                    yield rule.at("labels", "kind").wrong("is not security", "give security (ALR-7)")


@resource_rule(
    "alert-told",
    requirements=("ALR-1", "ALR-7", "ALR-8", "ALR-9"),
    types=(kinds.CONFIG_MAP,),
    severity=Severity.CRITICAL,
)
def alert_told(resource: Resource) -> Iterator[Finding]:
    """Receivers have what they send with, mail stays in the house, and alerts come one by one, soon and again."""
    for content in contents(resource, ALERTMANAGER):
        for receiver in content.at("receivers").items():
            yield from _sends(receiver, content.at("global"))
        resolved, (least, most) = content.at("global", "resolve_timeout"), _RESOLVED_MINUTES
        if resolved.present and not least <= round((hours_of(resolved.text) or 0) * 60, 3) <= most:
            yield resolved.wrong(f"is {resolved.text}", "give 5m (ALR-9)")
        top = content.at("route")
        if calls_people(content) and not {"alertname", "..."} & set(top.at("group_by").texts()):
            yield top.at("group_by").wrong("has no alertname: one alert hides another", "add it")
        yield from _soon(top)


def _sends(receiver: Value, common: Value) -> Iterator[Finding]:
    sender = common.at("smtp_from").text.partition("@")[2]
    for kind, keys in _OWN_KEY.items():
        for config in receiver.at(kind).items():
            if not any(config.at(key).text for key in keys):
                yield config.at(keys[0]).wrong("is missing: nothing is sent", "name the file with the key")
    for config in receiver.at("pagerduty_configs").items():
        if not _SAYS_CRITICAL.search(config.at("severity").text):
            yield config.at("severity").wrong("is never critical: nobody is called", "give critical to critical alerts")
    for config in receiver.at("email_configs").items():
        for name in ("smtp_smarthost", "smtp_from"):
            if not common.at(name).text and not config.at(name.removeprefix("smtp_")).text:
                yield common.at(name).wrong("is missing: no mail is sent", "give it")
        addresses = [each.strip() for each in config.at("to").text.split(",") if each.strip()]
        if sender and any(not each.endswith(f"@{sender}") for each in addresses):
            yield config.at("to").wrong(f"leaves {sender}", "name who is to know")


def _soon(top: Value) -> Iterator[Finding]:
    for route in all_routes(top):
        wait, interval = route.at("group_wait"), route.at("group_interval")
        if (hours_of(wait.text) or 0) * 60 > _MOST_GROUP_MINUTES:
            yield wait.wrong(f"is {wait.text}", f"give at most {_MOST_GROUP_MINUTES}m")
        if (hours_of(interval.text) or 0) * 60 > _MOST_GROUP_MINUTES:
            yield interval.wrong(f"is {interval.text}", f"give at most {_MOST_GROUP_MINUTES}m")
        matchers = "".join(route.at("matchers").texts())
        if "critical" in matchers or "escalation" in matchers:
            for below in all_routes(route):
                repeat = below.at("repeat_interval")
                if (hours_of(repeat.text) or 0) > _MOST_REPEAT_HOURS:
                    yield repeat.wrong(f"is {repeat.text}", f"give at most {_MOST_REPEAT_HOURS}h")


_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')


def _matchers(side: Value) -> list[tuple[str, str, str]]:
    found = [_MATCHER.fullmatch(each) for each in side.texts()]
    return [(each[1], each[2], each[3]) for each in found if each is not None]


@resource_rule(
    "alert-kept-back", requirements=("ALR-8", "ALR-10"), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL
)
def alert_kept_back(resource: Resource) -> Iterator[Finding]:
    """An alert keeps back those of the same thing only, none that the requirement names, and none from the record."""
    for content in contents(resource, ALERTMANAGER):
        rules = content.at("inhibit_rules")
        if not calls_people(content) and list(rules.items()):
            yield rules.wrong("keeps alerts out of the record", "remove it")
        for rule in rules.items():
            source, target = _matchers(rule.at("source_matchers")), _matchers(rule.at("target_matchers"))
            names = [wanted for name, _, wanted in target if name == "alertname"]
            for wanted in names:
                if any(re.fullmatch(wanted, named) for named in NAMED):
                    yield rule.at("target_matchers").wrong("keeps back what the requirement names", "leave it out")
            if ("alertname", "=", "Watchdog") in source:
                yield rule.at("source_matchers").wrong("always fires", "name the cause")
            both = {name for name, operator, wanted in source if (operator, wanted) == ("!=", "")}
            both &= {name for name, operator, wanted in target if (operator, wanted) == ("!=", "")}
            for name in sorted(both - set(rule.at("equal").texts())):
                yield rule.at("equal").wrong(f"lacks {name}: one keeps back all others", "add it")


@stack_rule("alert-recorded", requirements=("ALR-10",), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL)
def alert_recorded(stack: Stack) -> Iterator[Finding]:
    """An Alertmanager that calls nobody writes every alert into the database, by the Supabase API."""
    for document in of_stack(stack, ALERTMANAGER):
        if calls_people(document.content):
            continue
        for receiver in document.content.at("receivers").items():
            for config in receiver.at("webhook_configs").items():
                url = config.at("url")
                if config.at("max_alerts").number:
                    yield config.at("max_alerts").wrong("leaves alerts out of the record", "remove it")
                if "/rest/v1/" not in url.text:
                    yield url.wrong("is not the Supabase API", "give https://supabase.<domain>/rest/v1/rpc/<function>")
        if list(document.content.at("route", "routes").items()):
            yield document.content.at("route", "routes").wrong("leads some alerts elsewhere", "remove it")
