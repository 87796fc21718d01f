"""Specs of policy/rules/pipelines.py."""

from typing import Any

from policy.rules import kinds

from ..good import API
from ..spec import DROP, UNKNOWN, Case, Spec, but, declared, documented, in_map, wrong

_CM, _D, _S = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.STATEFUL_SET


_MASKS: Any = [
    {"replace": {"expression": expression, "replace": "[masked]"}}
    for expression in (
        "(-----BEGIN[^-]+-----)",
        r'"?password"?[=:]\s*"?(\w+)',
        r"(?i)bearer (\w+)",
        r"(eyJ\w+\.\w+)",
        r"://\w*:(\w+)@",
    )
]
_CRI: Any = {"cri": {}}
_KNOWN: Any = {"labelallow": ["tenant_id", "service", "environment", "class", "__tenant_id__"]}
_PODS: Any = {
    "job_name": "pods",
    "relabel_configs": [
        {"target_label": "environment", "replacement": "production"},
        {"target_label": "class", "replacement": "default"},
        {"target_label": "__path__", "replacement": "/var/log/pods/*.log"},
    ],
    "pipeline_stages": [
        _CRI,
        *_MASKS,
        {"match": {"selector": "{x=y}", "stages": [{"tenant": {"value": "audit"}}]}},
        _KNOWN,
    ],
}
_JOURNAL: Any = {
    "job_name": "journal",
    "journal": {"labels": {"class": "syslog", "environment": "production"}},
    "pipeline_stages": [*_MASKS, _KNOWN],
}
_AGENT: Any = {
    "positions": {"filename": "/var/lib/log-agent/positions.yaml"},
    "clients": [{"url": "http://loki.observability.svc:3100/push", "tenant_id": "luxima"}],
    "scrape_configs": [_PODS, _JOURNAL],
}
_DOCKER: Any = {
    **_AGENT,
    "scrape_configs": [
        {
            "job_name": "containers",
            "static_configs": [{"labels": {"class": "docker", "__path__": "/var/lib/docker/containers/*.log"}}],
            "pipeline_stages": [*_MASKS, _KNOWN],
        },
        _JOURNAL,
    ],
}
_JOBS = ".scrape_configs"
_LOKI_RULES = declared(
    kinds.BUCKET_LIFECYCLE, {"bucket": "x-loki", "rules": [{"filter": "luxima/"}, {"filter": "audit/"}]}, "loki"
)
_NAMED = declared(kinds.DNS_RECORD, {"name": "loki.luxima.id", "type": "A", "records": ["10.0.0.5"]}, "loki")


def _sends(agent: Any) -> Case:
    return (_LOKI_RULES, declared(_D, API, "api"), _NAMED, in_map(agent, "agent", file="promtail.yaml"))


_OUTSIDE = but(_AGENT, ("clients/0/url", "https://loki.luxima.id/push"))
_PUSH = "Host(`loki.luxima.id`) && Path(`/push`)"
_ROUTING: Any = {
    "http": {
        "routers": {name: {"rule": _PUSH, "middlewares": [name]} for name in ("luxima", "audit")},
        "middlewares": {
            name: {"headers": {"customRequestHeaders": {"X-Scope-OrgID": name}}} for name in ("luxima", "audit")
        },
    }
}


_LOST: tuple[tuple[str, Any], ...] = (
    ("http/routers", {}),
    ("http/routers/audit", DROP),
    ("http/routers/audit/middlewares", ["luxima"]),
    ("http/routers/luxima/rule", _PUSH.replace("loki.", "other.")),
)
"""Changes by which some tenant's lines do not come in."""


def _through(*changes: tuple[str, Any]) -> Case:
    return (*_sends(_OUTSIDE), in_map(but(_ROUTING, *changes), "gateway", file="routing.yaml"))


_AT_AGENT = 'data["promtail.yaml"]'
_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")
_PLACE = 'data["x.yaml"]'

SPECS = (
    documented(
        "log-lines-masked",
        "promtail.yaml",
        _AGENT,
        ("scrape_configs/0/pipeline_stages/1", {"cri": {}}, f"{_JOBS}[0].pipeline_stages"),
        ("scrape_configs", [{**_JOURNAL, "pipeline_stages": []}], f"{_JOBS}[0].pipeline_stages"),
    ),
    documented(
        "log-lines-kept",
        "promtail.yaml",
        _AGENT,
        ("scrape_configs", [_PODS], _JOBS),
        ("scrape_configs", [_JOURNAL], _JOBS),
        ("scrape_configs", _DOCKER["scrape_configs"], _JOBS),
        ("positions/filename", "/tmp/x", ".positions.filename"),  # noqa: S108 - what a rule is to find
        ("scrape_configs/0/pipeline_stages/0", {"drop": {}}, f"{_JOBS}[0].pipeline_stages[0].drop"),
        ("scrape_configs/0/pipeline_stages/0", {"tenant": {"value": "x"}}, f"{_JOBS}[0].pipeline_stages[0].tenant"),
        (
            "scrape_configs/0/pipeline_stages/0",
            {"static_labels": {"class": "access"}},
            f"{_JOBS}[0].pipeline_stages[0].static_labels",
        ),
        ("scrape_configs/1/pipeline_stages/6", {"labels": {"user_id": None}}, f"{_JOBS}[1].pipeline_stages[6]"),
        ("scrape_configs/1/pipeline_stages/5/labelallow/1", "user_id", f"{_JOBS}[1].pipeline_stages[5]"),
        ("scrape_configs/1/pipeline_stages/5/labelallow/0", DROP, f"{_JOBS}[1].pipeline_stages[5]"),
        ("scrape_configs/1/journal/max_age", "1m", f"{_JOBS}[1].journal.max_age"),
        ("limits_config", {"readline_rate_enabled": True}, ".limits_config.readline_rate_enabled"),
        (
            "scrape_configs/1/pipeline_stages/0",
            {"regex": {"source": "event", "expression": "^(?P<security_event>login_failed)$"}},
            f"{_JOBS}[1].pipeline_stages[0].regex.expression",
        ),
        (
            "scrape_configs/0/pipeline_stages/6/match",
            {"selector": '{class="audit"}', "stages": [{"tenant": {"value": "luxima"}}]},
            f"{_JOBS}[0].pipeline_stages[6].match.stages[0].tenant.value",
        ),
        ("scrape_configs/1/pipeline_stages", [], f"{_JOBS}[1].pipeline_stages"),
        ("scrape_configs/0/relabel_configs/1/replacement", "access", f"{_JOBS}[0].relabel_configs[1].replacement"),
        ("scrape_configs/0/relabel_configs/3", {"action": "drop"}, f"{_JOBS}[0].relabel_configs[3]"),
        ("scrape_configs/1/journal/labels/class", "access", f"{_JOBS}[1].journal.labels.class"),
        (
            "scrape_configs/0/static_configs",
            [{"labels": {"class": "access", "__path__": "/var/log/x"}}],
            f"{_JOBS}[0].static_configs[0].labels.class",
        ),
    ),
    Spec(
        "log-agents-send",
        passes=(_sends(_AGENT), _through()),
        fails=(
            wrong(_sends(but(_AGENT, ("clients", []))), f"{_AT_AGENT}.clients"),
            wrong(_sends(but(_AGENT, ("clients/0/tenant_id", "x"))), f"{_AT_AGENT}.clients[0].tenant_id"),
            wrong(_sends(but(_AGENT, ("clients/0/url", "https://x.example.com"))), f"{_AT_AGENT}.clients[0].url"),
            wrong(
                _sends(but(_AGENT, ("clients/0/backoff_config", {"max_retries": 1}))),
                f"{_AT_AGENT}.clients[0].backoff_config.max_retries",
            ),
            wrong(
                _sends(but(_AGENT, ("scrape_configs/0/relabel_configs/0/replacement", "dev"))),
                f"{_AT_AGENT}{_JOBS}[0].relabel_configs[0].replacement",
            ),
            *(wrong(_through(change), 'data["routing.yaml"].http.routers') for change in _LOST),
        ),
        unknown=(wrong((*_sends(_AGENT), _UNKNOWN), _PLACE),),
    ),
)
