"""Specs of policy/rules/alerts.py."""

from __future__ import annotations

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, declared, one, wrong

_RULES = """\
groups:
- name: a
  rules:
  - record: a:b
    expr: vector(1)
"""
_ALERT = """\
  - alert: {0}
    expr: {1}
    {2}
    keep_firing_for: 5m
    labels: {{severity: {3}, owner: devops, kind: host}}
    annotations: {{summary: s, description: d, runbook_url: "https://docs.luxima.id/r"}}
"""
_NAMED = _RULES + "".join(
    _ALERT.format(*each)
    for each in (
        ("HighCPULoad", "host:cpu > 0.9", "for: 5m", "warning"),
        ("DatabaseDown", "pg_up == 0", "for: 2m", "critical"),
        ("APIErrorRateHigh", "'a{code=~\"5..\"} > 0.05'", "for: 2m", "warning"),
        ("TenantRLSViolation", "increase(rls_violation_total[10m]) > 0", "", "critical"),
    )
)
_ROUTES = """\
route:
  receiver: slack
  group_wait: 30s
  repeat_interval: 4h
  routes:
  - matchers: ['severity="critical"']
    group_wait: 10s
    repeat_interval: 10m
    routes:
    - {receiver: pager, continue: true}
    - {receiver: slack, continue: true}
    - {receiver: mail}
receivers:
- {name: pager, pagerduty_configs: [{routing_key_file: /k, send_resolved: true}]}
- {name: slack, slack_configs: [{channel: '#alerts', send_resolved: true}]}
- {name: mail, email_configs: [{to: cto@luxima.id, send_resolved: true}]}
inhibit_rules:
- {source_matchers: ['alertname="HostDown"'], target_matchers: ['alertname="TargetDown"'], equal: [host]}
"""
_ESCALATED = """\
  - alert: CriticalAlertUnresolved
    labels: {severity: critical, owner: management, escalation: "true"}
"""
_ESCALATING = """\
  - matchers: ['escalation="true"']
    repeat_interval: 10m
    group_wait: 10s
    routes:
    - {receiver: pager, continue: true}
    - {receiver: owner}
"""
_OWNER = "- {name: owner, email_configs: [{to: 'TO, owner@luxima.id', send_resolved: true}]}\n"
_INFORMED = "  - alert: BackupSucceeded\n    labels: {severity: info, owner: devops}\n"
_INFORMING = "  - {matchers: ['severity=\"info\"'], receiver: info}\n"
_INFO = "- {name: info, email_configs: [{to: TO, send_resolved: true}]}\n"
_A = 'data["alertmanager.yml"]'
_R = 'data["rules.yml"]'


def _rules(old: str = "", new: str = "") -> Case:
    return one(kinds.CONFIG_MAP, {"data": {"rules.yml": _NAMED.replace(old, new) if old else _NAMED}})


def _routes(old: str = "", new: str = "") -> Case:
    return one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": _ROUTES.replace(old, new) if old else _ROUTES}})


def _both(old: str = "", new: str = "") -> Case:
    rules = declared(kinds.CONFIG_MAP, {"data": {"rules.yml": _NAMED}}, "rules")
    return (rules, *_routes(old, new))


def _more(alert: str, route: str, receiver: str) -> Case:
    routes = _ROUTES.replace("  routes:\n", f"  routes:\n{route}", 1).replace(
        "inhibit_rules", f"{receiver}inhibit_rules"
    )
    return tuple(
        declared(kinds.CONFIG_MAP, {"data": {file: text}}, file)
        for file, text in (("rules.yml", _NAMED + alert), ("alertmanager.yml", routes))
    )


_RULES_UNKNOWN = (wrong(one(kinds.CONFIG_MAP, {"data": {"rules.yml": UNKNOWN}}), _R),)
_ROUTES_UNKNOWN = (wrong(one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": UNKNOWN}}), _A),)

SPECS = (
    Spec(
        "alert-complete",
        passes=(_rules(), _routes()),
        fails=(
            wrong(
                one(kinds.CONFIG_MAP, {"data": {"rules.yml": "groups: [{rules: [{alert: A}]}]"}}),
                *(
                    f"{_R}.groups[0].rules[0].{place}"
                    for place in (
                        "labels.severity",
                        "labels.owner",
                        "annotations.summary",
                        "annotations.description",
                        "annotations.runbook_url",
                    )
                ),
            ),
        ),
        unknown=_RULES_UNKNOWN,
    ),
    Spec(
        "alert-named",
        passes=(_rules(), _routes()),
        fails=(
            wrong(_rules("HighCPULoad", "Another"), _R),
            wrong(_rules("pg_up == 0", "pg_up == 1"), f"{_R}.groups[0].rules[2].expr"),
            wrong(_rules("for: 5m\n    keep", "for: 6m\n    keep"), f"{_R}.groups[0].rules[1].for"),
            wrong(_rules("for: 5m\n    keep", "for: 5m20s\n    keep"), f"{_R}.groups[0].rules[1].for"),
            wrong(
                _rules(
                    "expr: host:cpu > 0.9\n    for: 5m\n    keep_firing_for: 5m", "expr: host:cpu > 0.9\n    for: 5m"
                ),
                f"{_R}.groups[0].rules[1].keep_firing_for",
            ),
        ),
        unknown=_RULES_UNKNOWN,
    ),
    Spec(
        "alert-routed",
        passes=(
            *(_both(), _rules(), _routes()),
            _more(_ESCALATED, _ESCALATING, _OWNER.replace("TO", "cto@luxima.id")),
            _more(_INFORMED, _INFORMING, _INFO.replace("TO", "alerts@luxima.id")),
        ),
        fails=(
            wrong(_more(_ESCALATED, _ESCALATING, _OWNER.replace("TO", "x@luxima.id")), f"{_A}.route"),
            wrong(_more(_INFORMED, _INFORMING, _INFO.replace("TO", "x@luxima.id")), f"{_A}.route"),
            wrong(_both("    - {receiver: pager, continue: true}\n", ""), f"{_A}.route"),
            wrong(_both("{receiver: slack, continue: true}", "{receiver: slack}"), f"{_A}.route"),
            wrong(_both("repeat_interval: 10m", "repeat_interval: 1h"), f"{_A}.route.routes[0].repeat_interval"),
            wrong(_both("group_wait: 10s", "group_wait: 10m"), f"{_A}.route.routes[0].group_wait"),
        ),
        unknown=(wrong((*_both()[:1], *one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": UNKNOWN}})), _A),),
    ),
    Spec(
        "alert-receivers",
        passes=(_routes(), _rules()),
        fails=(
            wrong(_routes("#alerts", "#general"), f"{_A}.receivers[1].slack_configs[0].channel"),
            wrong(_routes("to: cto@luxima.id, ", ""), f"{_A}.receivers[2].email_configs[0].to"),
            wrong(_routes("[{routing_key_file: /k, send_resolved: true}]", "[]"), f"{_A}.receivers[0]"),
            wrong(_routes("{receiver: mail}", "{receiver: post}"), f"{_A}.route.routes[0].routes[2].receiver"),
            wrong(_routes("  receiver: slack\n", ""), f"{_A}.route.receiver"),
        ),
        unknown=_ROUTES_UNKNOWN,
    ),
    Spec(
        "alert-not-muted",
        passes=(_routes(),),
        fails=(
            wrong(_routes("'alertname=\"HostDown\"'", "'severity=\"info\"'"), f"{_A}.inhibit_rules[0].source_matchers"),
            wrong(_routes("  group_wait: 30s", "  mute_time_intervals: [night]"), f"{_A}.route.mute_time_intervals"),
        ),
        unknown=_ROUTES_UNKNOWN,
    ),
)
