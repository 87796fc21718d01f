"""Specs of policy/rules/meaning.py."""

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Declared, Spec, but, declared, documented, dumped, wrong

_CM, _D, _P = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.NETWORK_POLICY
_FIRES = {"keep_firing_for": "5m", "labels": {"severity": "critical", "kind": "service"}}
_RULES = {
    "groups": [
        {
            "name": "x",
            "rules": [
                {"alert": "ServiceDown", "expr": 'up{job="services"} == 0', "for": "2m", **_FIRES},
                {"alert": "HostBusy", "expr": "x > 1", "keep_firing_for": "5m", "labels": {"severity": "warning"}},
                {"alert": "Tried", "expr": "x > 2", **but(_FIRES, ("labels/kind", "security"))},
                {"record": "host:cpu:utilisation2m", "expr": "rate(node_cpu_seconds_total[2m])"},
            ],
        }
    ]
}
_RULE = ".groups[0].rules"
_ALERTMANAGER = {
    "route": {"receiver": "all", "group_by": ["alertname"]},
    "receivers": [
        {
            "name": "all",
            "slack_configs": [
                {"channel": "#alerts", "api_url_file": "/a", "text": '{{ template "x" . }}'},
                {"channel": "#security-alerts", "api_url_file": "/b"},
            ],
            "pagerduty_configs": [{"url": "https://events.pagerduty.com/v2/enqueue"}],
        }
    ],
    "inhibit_rules": [
        {"source_matchers": ['alertname="ServiceDown"'], "target_matchers": ['alertname=~"HostBusy"'], "equal": ["x"]}
    ],
}
_TMPL = '{{ define "x" }}Post-mortem{{ end }}'


def _am(document: Any, template: str = _TMPL) -> Declared:
    return declared(_CM, {"data": {"alertmanager.yml": dumped(document), "x.tmpl": template}}, "am")


_FIRING = declared(_CM, {"data": {"rules.yml": dumped(_RULES)}}, "rules")
_AT = 'data["alertmanager.yml"]'
_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")

SPECS = (
    documented(
        "alert-says",
        "rules.yml",
        _RULES,
        ("groups/0/rules/0/expr", "up == 2", f"{_RULE}[0].expr"),
        ("groups/0/rules/0/for", "1h", f"{_RULE}[0].for"),
        ("groups/0/rules/0/keep_firing_for", DROP, f"{_RULE}[0].keep_firing_for"),
        ("groups/0/rules/0/labels/severity", "warning", f"{_RULE}[0].labels.severity"),
        ("groups/0/rules/1/labels/severity", "info", f"{_RULE}[1].labels.severity"),
        ("groups/0/rules/3/expr", "node_load1", f"{_RULE}[3].expr"),
    ),
    Spec(
        "alert-hidden-by-worse",
        passes=((_FIRING, _am(_ALERTMANAGER)),),
        fails=tuple(
            wrong((_FIRING, _am(but(_ALERTMANAGER, *changes))), f"{_AT}.inhibit_rules[0].{place}")
            for changes, place in (
                (
                    (
                        ("inhibit_rules/0/source_matchers/0", 'alertname="HostBusy"'),
                        ("inhibit_rules/0/target_matchers/0", 'alertname="ServiceDown"'),
                    ),
                    "target_matchers",
                ),
                ((("inhibit_rules/0/target_matchers/0", 'alertname="Tried"'),), "target_matchers"),
                ((("inhibit_rules/0/source_matchers/0", 'alertname=~".+"'),), "source_matchers"),
                ((("inhibit_rules/0/source_match", {"alertname": "x"}),), "source_match"),
            )
        ),
        unknown=(wrong((_FIRING, _am(_ALERTMANAGER), _UNKNOWN), 'data["x.yaml"]'),),
    ),
    Spec(
        "alert-messages",
        passes=((_am(_ALERTMANAGER),),),
        fails=(
            wrong((_am(_ALERTMANAGER, '{{ define "x" }}{{ end }}'),), "data"),
            wrong((_am(_ALERTMANAGER, 'Post-mortem {{ define "y" }}'),), f"{_AT}.receivers[0].slack_configs[0].text"),
            *(
                wrong((_am(but(_ALERTMANAGER, (path, value))),), f"{_AT}.{place}")
                for path, value, place in (
                    ("receivers/0/slack_configs/0/text", "x", "receivers[0].slack_configs[0].text"),
                    ("receivers/0/slack_configs/1/api_url_file", "/a", "receivers[0].slack_configs[1].api_url_file"),
                    ("receivers/0/pagerduty_configs/0/url", "https://x.id", "receivers[0].pagerduty_configs[0].url"),
                    ("route/group_by", ["environment"], "route.group_by"),
                )
            ),
        ),
        unknown=(wrong((_UNKNOWN,), 'data["x.yaml"]'),),
    ),
)
