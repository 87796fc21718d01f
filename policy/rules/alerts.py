"""Alerts say what is wrong and whose it is, and reach who must know (ALR-1 to ALR-10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import ALERTMANAGER, Document, contents, of_stack
from .documents import RULES as RULE_FILES
from .loki import hours_of
from .routing_tree import End, Receiver, all_routes, reached

SEVERITIES = frozenset({"critical", "warning", "notice", "info"})
OWNERS = frozenset({"devops", "engineering", "security", "management"})
_PAGED_MINUTES = 10
"""ALR-8: a critical alert is said again until somebody answers."""


@dataclass(frozen=True, slots=True)
class Named:
    """An alert that the requirement itself names."""

    severity: str
    minutes: int
    says: re.Pattern[str]
    requirement: str


NAMED: Mapping[str, Named] = {
    "HighCPULoad": Named("warning", 5, re.compile(r"cpu.*> 0\.9\b", re.DOTALL), "ALR-3"),
    "DatabaseDown": Named("critical", 2, re.compile(r"\bpg_up == 0"), "ALR-4"),
    "APIErrorRateHigh": Named("warning", 2, re.compile(r"5\.\..*> 0\.05\b", re.DOTALL), "ALR-5"),
    "TenantRLSViolation": Named("critical", 0, re.compile(r"increase\(rls_violation_total\[10m\]\) > 0"), "ALR-6"),
}


def rules_of(content: Value) -> Iterator[Value]:
    """The rules of a document, of all its groups."""
    for group in content.at("groups").items():
        yield from group.at("rules").items()


def alerts_of(content: Value) -> Iterator[Value]:
    """Those that alert."""
    return (rule for rule in rules_of(content) if rule.at("alert").present)


@resource_rule("alert-complete", requirements=("ALR-2", "ALR-8"), types=(kinds.CONFIG_MAP,))
def alert_complete(resource: Resource) -> Iterator[Finding]:
    """Every alert has a severity, an owner, a runbook, and words for those who get it."""
    for content in contents(resource, RULE_FILES):
        for alert in alerts_of(content):
            for name, known in (("severity", SEVERITIES), ("owner", OWNERS)):
                value = alert.at("labels", name)
                if value.text not in known:
                    yield value.wrong(f"is {value.text or 'missing'}", f"give one of {', '.join(sorted(known))}")
            for name in ("summary", "description"):
                if not alert.at("annotations", name).text:
                    yield alert.at("annotations", name).wrong("is missing", "say what is wrong, in a sentence")
            runbook = alert.at("annotations", "runbook_url")
            if not runbook.text.startswith("https://"):
                yield runbook.wrong("is no https:// URL", "give the page that says what to do")


@stack_rule(
    "alert-named",
    requirements=("ALR-3", "ALR-4", "ALR-5", "ALR-6"),
    types=(kinds.CONFIG_MAP,),
    severity=Severity.CRITICAL,
)
def alert_named(stack: Stack) -> Iterator[Finding]:
    """The alerts that the requirement names are there, with its threshold, duration and severity."""
    found: dict[str, Value] = {}
    last: Document | None = None
    for document in of_stack(stack, RULE_FILES):
        last = document
        found |= {alert.at("alert").text: alert for alert in alerts_of(document.content)}
    if last is None:
        return
    for name, wanted in NAMED.items():
        alert = found.get(name)
        if alert is None:
            yield last.place.wrong(f"has no alert {name}", f"declare it ({wanted.requirement})")
            continue
        if not wanted.says.search(alert.at("expr").text):
            yield alert.at("expr").wrong("does not say what the requirement says", f"see {wanted.requirement}")
        severity, lasting = alert.at("labels", "severity"), alert.at("for")
        if severity.text != wanted.severity:
            yield severity.wrong(f"is {severity.text or 'missing'}", f"give {wanted.severity} ({wanted.requirement})")
        if round((hours_of(lasting.text) or 0) * 3600) != wanted.minutes * 60:
            yield lasting.wrong(f"is {lasting.text or 'missing'}", f"give {wanted.minutes}m ({wanted.requirement})")
        if (hours_of(alert.at("keep_firing_for").text) or 0) * 60 < 5:
            yield alert.at("keep_firing_for").wrong("is shorter than 5m", "give 5m (ALR-9)")


def _wanted(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The ways on which an alert must reach people, and the channel (any if "")."""
    severity = labels.get("severity")
    if labels.get("alertname") == "Watchdog":
        yield ("webhook", "")
        return
    if labels.get("escalation") == "true":
        yield from (("pagerduty", ""), ("email", ""))
        return
    if severity == "critical":
        yield from (("pagerduty", ""), ("slack", "#alerts"), ("email", ""))
    if labels.get("kind") == "security":
        yield ("slack", "#security-alerts")
    if severity in {"warning", "notice"}:
        yield ("slack", "#alerts")
    if severity == "info":
        yield ("email", "alerts@luxima.id")
    if labels.get("kind") == "release":
        yield ("telegram", "")


_WAYS: Mapping[str, frozenset[str]] = {
    "critical": frozenset({"pagerduty", "slack", "email"}),
    "warning": frozenset({"slack"}),
    "notice": frozenset({"slack"}),
    "info": frozenset({"email"}),
}
"""ALR-7: the channels of each severity; security is told on Slack as well, and releases on Telegram."""


def _unwanted(labels: Mapping[str, str], ways: set[tuple[str, str]]) -> Iterator[str]:
    """The ways on which an alert reaches who is not to be called for it."""
    if labels.get("alertname") == "Watchdog" or labels.get("escalation") == "true":
        return
    allowed = set(_WAYS.get(labels.get("severity", ""), ()))
    allowed |= {"slack"} if labels.get("kind") == "security" else set()
    allowed |= {"telegram"} if labels.get("kind") == "release" else set()
    yield from sorted({way for way, _ in ways} - allowed)


def _tells_both(receiver: Value) -> bool:
    return any("," in each.at("to").text for each in receiver.at("email_configs").items())


def _is_routed_by_name(alert: Value) -> bool:
    """Whether one has to look where this very alert goes, not only where its severity and kind do."""
    return alert.at("alert").text == "Watchdog" or alert.at("labels", "severity").text == "critical"


def calls_people(content: Value) -> bool:
    """Whether this is the Alertmanager for people, not the one that writes everything down."""
    return any(
        each.at(f"{way}_configs").present
        for each in content.at("receivers").items()
        for way in ("slack", "pagerduty", "email")
    )


@stack_rule(
    "alert-routed", requirements=("ALR-1", "ALR-7", "ALR-8"), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL
)
def alert_routed(stack: Stack) -> Iterator[Finding]:
    """Every alert reaches the channels of its severity and kind, and a critical one is said again within 10 minutes."""
    sets = {
        tuple(sorted((*labels, *((("alertname", alert.at("alert").text),) if _is_routed_by_name(alert) else ()))))
        for document in of_stack(stack, RULE_FILES)
        for alert in alerts_of(document.content)
        for labels in [[(name, value.text) for name, value in alert.at("labels").entries()]]
    }
    if not sets:
        return
    people = [each for each in of_stack(stack, ALERTMANAGER) if calls_people(each.content)]
    for document in people:
        route = document.content.at("route")
        receivers = {each.at("name").text: Receiver.of(each) for each in document.content.at("receivers").items()}
        both = {each.at("name").text for each in document.content.at("receivers").items() if _tells_both(each)}
        said: set[str] = set()
        mailed: dict[bool, set[str]] = {True: set(), False: set()}
        for each in sorted(sets):
            labels = dict(each)
            ends = list(reached(route, labels))
            ways = {way for end in ends for way in receivers.get(end.receiver, Receiver()).ways}
            if labels.get("severity") == "critical":
                mailed[labels.get("escalation") == "true"] |= {where for way, where in ways if way == "email"}
            tells_both = bool(both & {end.receiver for end in ends})
            for problem, remedy in _misled(labels, ways, tells_both=tells_both):
                if problem not in said:
                    said.add(problem)
                    yield route.wrong(problem, remedy)
            yield from _late(labels, ends, receivers, said)
        if all(mailed.values()) and not mailed[True] & mailed[False]:
            yield route.wrong(
                "mails what nobody resolved to none of those whom it mails what is critical",
                "mail both to the CTO (ALR-7, ALR-8)",
            )
    if not people:
        for document in of_stack(stack, ALERTMANAGER):
            yield document.place.wrong("calls nobody", "give receivers with slack, pagerduty and email")


def _misled(labels: Mapping[str, str], ways: set[tuple[str, str]], *, tells_both: bool) -> Iterator[tuple[str, str]]:
    """Who is not told of an alert, and who is for nothing; with what would be right."""
    whose = f"{labels.get('kind')} alerts of severity {labels.get('severity')}"
    for way, channel in _wanted(labels):
        if not any(found == way and channel in {"", where} for found, where in ways):
            yield f"sends {whose} not by {way} {channel}".rstrip(), "route them there"
    for way in _unwanted(labels, ways):
        yield f"sends {whose} by {way} as well", "let only who is to know hear of it (ALR-7)"
    if labels.get("escalation") == "true" and not tells_both:
        yield "tells not both CTO and owner of what nobody resolved", "lead it to a receiver with both (ALR-8)"


def _late(
    labels: Mapping[str, str], ends: list[End], receivers: Mapping[str, Receiver], said: set[str]
) -> Iterator[Finding]:
    most = 1 if labels.get("severity") == "critical" else 5
    for end in ends:
        if (hours_of(end.wait.text) or 0) * 60 > most + 0.01 and end.wait.path not in said:
            said.add(end.wait.path)
            yield end.wait.wrong(f"is {end.wait.text}", f"give at most {most}m")
        paged = any(way == "pagerduty" for way, _ in receivers.get(end.receiver, Receiver()).ways)
        minutes = (hours_of(end.repeat.text) or 99) * 60
        if paged and most == 1 and minutes > _PAGED_MINUTES + 0.01 and end.repeat.path not in said:
            said.add(end.repeat.path)
            yield end.repeat.wrong(f"is {end.repeat.text}", f"give at most {_PAGED_MINUTES}m (ALR-8)")


@resource_rule("alert-receivers", requirements=("ALR-1", "ALR-9", "ALR-10"), types=(kinds.CONFIG_MAP,))
def alert_receivers(resource: Resource) -> Iterator[Finding]:
    """Every receiver has somewhere to send to, hears of the end as well, and every route leads to one."""
    for content in contents(resource, ALERTMANAGER):
        names: set[str] = set()
        for receiver in content.at("receivers").items():
            names.add(receiver.at("name").text)
            configs = [(name, list(each.items())) for name, each in receiver.entries() if name.endswith("_configs")]
            if not any(each for _, each in configs):
                yield receiver.wrong("sends nothing to anybody", "give it a configuration")
            for kind, each in configs:
                for config in each:
                    yield from _reaches(kind, config)
        for place in all_routes(content.at("route")):
            target = place.at("receiver")
            if target.text and target.text not in names:
                yield target.wrong(f"{target.text} is no receiver", "name one of the receivers")
        if not content.at("route", "receiver").text:
            yield content.at("route", "receiver").wrong("is missing", "name the receiver of all the rest")


def _reaches(kind: str, config: Value) -> Iterator[Finding]:
    needed = {"slack_configs": "channel", "email_configs": "to", "telegram_configs": "chat_id"}.get(kind)
    if needed and not config.at(needed).text:
        yield config.at(needed).wrong("is missing", "say where to")
    if kind == "slack_configs" and config.at("channel").text not in {"#alerts", "#security-alerts"}:
        yield config.at("channel").wrong(f"is {config.at('channel').text}", "give #alerts or #security-alerts")
    resolved = config.at("send_resolved")
    # The heartbeat has no end.
    if resolved.flag is not True and not config.at("url_file").present:
        yield resolved.wrong("is not true", "set it")


@resource_rule("alert-not-muted", requirements=("ALR-8",), types=(kinds.CONFIG_MAP,))
def alert_not_muted(resource: Resource) -> Iterator[Finding]:
    """An alert is kept back only by a named other one, never by the hour or by a severity."""
    for content in contents(resource, ALERTMANAGER):
        for rule in content.at("inhibit_rules").items():
            for side in ("source_matchers", "target_matchers"):
                matchers = rule.at(side)
                if not any(each.startswith("alertname") for each in matchers.texts()):
                    yield matchers.wrong("names no alert", "name it by alertname")
        for route in all_routes(content.at("route")):
            for name in ("mute_time_intervals", "active_time_intervals"):
                if list(route.at(name).items()):
                    yield route.at(name).wrong("keeps alerts back by the hour", "remove it")
