"""Alerts mean what the requirement says, are hidden by nothing lesser, and messages say what fires (ALR, MON)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .alerts import alerts_of, calls_people, rules_of
from .documents import ALERTMANAGER, contents, of_stack
from .documents import RULES as RULE_FILES
from .loki import hours_of
from .routing_tree import all_routes

SAYS: Mapping[str, tuple[re.Pattern[str], str]] = {
    name: (re.compile(pattern, re.DOTALL), requirement)
    for name, (pattern, requirement) in {
        "ServiceDown": (r'.*up\{job="services".*== 0.*', "ALR-2"),
        "HostDown": (r'.*up\{job="node"\}\) == 0', "ENV-4"),
        "SiteUnreachable": (r'.*probe_success\{job="blackbox-https".*== 0.*', "ENV-4"),
        "Watchdog": (r"vector\(1\)", "ENV-5"),
        "CriticalAlertUnresolved": (r'.*ALERTS_FOR_STATE\{severity="critical".*\) > 1800 .*', "ALR-8"),
        "ReleaseErrorRateHigh": (r".*5\.\..*\[(?:[1-9]|10)m\].* > 0\.0(?:[0-4]\d*|5) .*", "REL-6"),
        "ReleaseBaselineExceeded": (
            r"(?!.*(?<![\d.])(?!1\.5 )[\d.]+ \* service:release_signal).*1\.5 \* .*median7d.*",
            "REL-6",
        ),
        "SLOErrorBudgetBurnFast": (r".*> \(14\.4 \* 0\.0\d+\).*> \(6 \* 0\.0\d+\).*", "MON-6"),
        "TenantRLSViolation": (
            r".*rls_violation_total\[10m\]\) > 0 or \(?rls_violation_total > 0 unless .*offset.*",
            "ALR-6",
        ),
    }.items()
}
"""What these alerts say, as far as a requirement does."""
_RECORDS: Mapping[str, str] = {"host:cpu:utilisation2m": "node_cpu_seconds_total"}
"""ALR-3: measured as utilisation."""
_CRITICAL = frozenset({"ServiceDown", "SiteUnreachable", "GatewayDown", "HostDown", "CriticalAlertUnresolved"})
"""ALR-2: what takes a main service away."""
_INFO = frozenset({"release", "backup", "monitoring"})
"""ALR-2: a deploy or a backup that succeeded, and the heartbeat."""
_LONGEST_HOURS = {"critical": 0.25, "warning": 6, "notice": 7 * 24, "info": 1}
_PATIENT_HOURS = {"BackupEmpty": 48, "AuditTrailSilent": 48}
"""An empty backup is one only when the next is, and outside of production nobody may change anything for a day."""
_ENDS_HOURS = 5 / 60
_OF_LOKI = re.compile(r"_over_time\(\{|rate\(\{|absent_over_time|\|[=~]")
_RANK = ("info", "notice", "warning", "critical")
_OBJECTIVE = re.compile(r"\* (0\.\d+)\)")
_LEAST_BUDGET = 0.001


def _lasting(alert: Value, name: str, severity: str) -> Iterator[Finding]:
    lasting, ends = alert.at("for"), alert.at("keep_firing_for")
    if (hours_of(lasting.text) or 0) > _PATIENT_HOURS.get(name, _LONGEST_HOURS.get(severity, 0)) + 0.001:
        yield lasting.wrong(f"is {lasting.text}: people hear of it too late", "give less")
    own = name == "Watchdog" or alert.at("labels", "escalation").text == "true"
    # Loki's ruler knows no such thing; its expressions look back for as long themselves.
    if not own and not _OF_LOKI.search(alert.at("expr").text) and (hours_of(ends.text) or 0) < _ENDS_HOURS - 0.001:
        yield ends.wrong(f"is {ends.text or 'missing'}", "give 5m (ALR-9)")


@resource_rule(
    "alert-says",
    requirements=("ALR-2", "ALR-3", "ALR-6", "ALR-8", "ALR-9", "REL-6", "MON-6"),
    types=(kinds.CONFIG_MAP,),
)
def alert_says(resource: Resource) -> Iterator[Finding]:
    """Alerts say what the requirement says, tell of it in time, end after 5 minutes, and are as severe as it."""
    for content in contents(resource, RULE_FILES):
        for alert in alerts_of(content):
            name, severity, expression = alert.at("alert").text, alert.at("labels", "severity"), alert.at("expr")
            said = SAYS.get(name)
            if said is not None and not said[0].fullmatch(expression.text.strip()):
                yield expression.wrong("does not say what the requirement says", f"see {said[1]}")
            if name in _CRITICAL and severity.text != "critical":
                yield severity.wrong(f"is {severity.text}", "give critical (ALR-2)")
            if severity.text == "info" and alert.at("labels", "kind").text not in _INFO:
                yield severity.wrong("is info, which is for what succeeded", "give notice at least (ALR-2)")
            if alert.at("labels", "slo").text.endswith("-availability"):
                spent = [float(each) for each in _OBJECTIVE.findall(expression.text)]
                if any(each > _LEAST_BUDGET + 1e-9 for each in spent):
                    yield expression.wrong("is of an objective below 99.9 %", "give the requirement's (ENV-4)")
            yield from _lasting(alert, name, severity.text)
        for rule in rules_of(content):
            measured = _RECORDS.get(rule.at("record").text)
            if measured is not None and measured not in rule.at("expr").text:
                yield rule.at("expr").wrong(f"does not measure {measured}", "measure the utilisation (ALR-3)")


def _alert_names(side: Value) -> tuple[str, str]:
    """How a side of an inhibition names its alert."""
    for each in side.texts():
        found = re.fullmatch(r'\s*alertname\s*(=~|=)\s*"?(.*?)"?\s*', each)
        if found is not None:
            return found[1], found[2]
    return "", ""


@stack_rule("alert-hidden-by-worse", requirements=("ALR-8",), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL)
def alert_hidden_by_worse(stack: Stack) -> Iterator[Finding]:
    """An alert keeps back only what is no worse than itself, nothing of security, and not what nobody resolved."""
    ranks: dict[str, int] = {}
    guarded: set[str] = set()
    for document in of_stack(stack, RULE_FILES):
        for alert in alerts_of(document.content):
            name, labels = alert.at("alert").text, alert.at("labels")
            if labels.at("severity").text in _RANK:
                ranks[name] = max(ranks.get(name, 0), _RANK.index(labels.at("severity").text))
            if labels.at("kind").text == "security" or labels.at("escalation").text == "true":
                guarded.add(name)
    for document in of_stack(stack, ALERTMANAGER):
        for rule in document.content.at("inhibit_rules").items():
            for name in rule.names():
                if name not in {"source_matchers", "target_matchers", "equal", "name"}:
                    yield rule.at(name).wrong("is the old way, which no rule reads", "give matchers")
            source, target = rule.at("source_matchers"), rule.at("target_matchers")
            how, cause = _alert_names(source)
            if how == "=~":
                yield source.wrong(f"is {cause}: more than one cause", "name the cause with =")
            _, effects = _alert_names(target)
            hidden = {name for name in ranks if re.fullmatch(effects, name)}
            worse = sorted(name for name in hidden if ranks[name] > ranks.get(cause, len(_RANK)))
            if worse:
                yield target.wrong(f"keeps back {worse[0]}, which is worse than {cause}", "leave it out")
            if hidden & guarded:
                yield target.wrong(f"keeps back {min(hidden & guarded)}", "leave it out")


_ASKED = re.compile(r'\{\{-? ?template "([^"]+)"')
_DEFINED = re.compile(r'\{\{-? ?define "([^"]+)"')
_WORDS = {"slack_configs": ("text", "title"), "email_configs": ("html", "text"), "telegram_configs": ("message",)}
_LEAST_TIMEOUT_HOURS = 1 / 3600


@resource_rule("alert-messages", requirements=("ALR-1", "ALR-7", "ALR-8", "ALR-10"), types=(kinds.CONFIG_MAP,))
def alert_messages(resource: Resource) -> Iterator[Finding]:
    """Messages go to the services that the requirement names, each channel by its own key, and say what fires."""
    for content in contents(resource, ALERTMANAGER):
        templates = "".join(value.text for key, value in resource.props.at("data").entries() if key.endswith(".tmpl"))
        defined = set(_DEFINED.findall(templates))
        channels: dict[str, str] = {}
        for receiver in content.at("receivers").items():
            yield from _worded(receiver, defined)
            yield from _where(receiver, channels, people=calls_people(content))
        if templates and "ost-mortem" not in templates:
            yield resource.props.at("data").wrong("has no link to a post-mortem", "give it (ALR-8)")
        for route in all_routes(content.at("route")):
            grouped = route.at("group_by")
            if calls_people(content) and grouped.present and not {"alertname", "..."} & set(grouped.texts()):
                yield grouped.wrong("has no alertname: one alert hides another", "add it")


def _worded(receiver: Value, defined: set[str]) -> Iterator[Finding]:
    for kind, names in _WORDS.items():
        for config in receiver.at(kind).items():
            for name in names:
                if config.at(name).present and "{{" not in config.at(name).text:
                    yield config.at(name).wrong("says nothing of what fires", "use the template")
    for leaf in receiver.leaves():
        for name in _ASKED.findall(leaf.text):
            if name not in defined:
                yield leaf.wrong(f"uses {name}, which no template defines", "define it")


def _where(receiver: Value, channels: dict[str, str], *, people: bool) -> Iterator[Finding]:
    for config in receiver.at("slack_configs").items():
        file, channel = config.at("api_url_file"), config.at("channel").text
        if file.text and channels.setdefault(file.text, channel) != channel:
            yield file.wrong(f"is the key of {channels[file.text]}", "give each channel its own")
    for kind, host in (("pagerduty_configs", "pagerduty.com"), ("telegram_configs", "telegram.org")):
        for config in receiver.at(kind).items():
            for name in ("url", "api_url"):
                if config.at(name).text and not re.match(
                    rf"https://[a-z.]*{re.escape(host)}(?:/|$)", config.at(name).text
                ):
                    yield config.at(name).wrong(f"is not {host}'s", "remove it")
    for config in receiver.at("webhook_configs").items():
        timeout = config.at("timeout")
        if timeout.present and (hours_of(timeout.text) or 0) < _LEAST_TIMEOUT_HOURS:
            yield timeout.wrong(f"is {timeout.text}", "remove it")
        login = config.at("http_config", "authorization")
        if not people and not login.present:
            yield login.wrong("is missing: the record takes nothing from strangers", "name the file with the key")
