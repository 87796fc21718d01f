"""Specs of policy/rules/routed.py and firing.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Spec, but, declared, documented, in_map, one, wrong

_CM = kinds.CONFIG_MAP
_SAFE = {"stsSeconds": 31536000, "customRequestHeaders": {"X-Tenant-Id": "", "X-Scope-OrgID": ""}}
_LOKI = "http://loki.observability.svc:3100"
_ROUTES: Any = {
    "http": {
        "routers": {
            "api": {"rule": "Host(`api.x.id`)", "service": "api", "middlewares": ["headers", "ids", "retry"]},
            "loki": {
                "rule": "Host(`loki.x.id`) && Method(`POST`) && Path(`/push`) && Header(`X-Scope-OrgID`, `audit`)",
                "service": "loki",
                "middlewares": ["audit"],
            },
        },
        "services": {
            "api": {"loadBalancer": {"servers": [{"url": "http://api-blue.commerce.svc:3000"}]}},
            "loki": {"loadBalancer": {"servers": [{"url": _LOKI}]}},
        },
        "middlewares": {
            "headers": {"headers": _SAFE},
            "ids": {"plugin": {"correlation": {"maxBodyBytes": 10}}},
            "limit": {"rateLimit": {"average": 10}},
            "audit": {"headers": {"customRequestHeaders": {"X-Scope-OrgID": "audit"}}},
            "retry": {"retry": {"attempts": 3}},
        },
    }
}
_MW, _MAT = "http/middlewares", ".http.middlewares"
_STATIC: Any = {
    "entryPoints": {
        "websecure": {"transport": {"respondingTimeouts": {"readTimeout": "60s"}, "lifeCycle": {"graceTimeOut": "30s"}}}
    },
    "log": {"level": "INFO"},
    "providers": {"file": {"watch": True}},
    "serversTransport": {"forwardingTimeouts": {"responseHeaderTimeout": "60s"}},
    "experimental": {"localPlugins": {"correlation": {}}},
}
_POINT, _PAT = "entryPoints/websecure", ".entryPoints.websecure"
_RECORD = declared(kinds.DNS_RECORD, {"name": "api.x.id"}, "dns-public-service-api")
_ALERT: Any = {"alert": "TargetDown", "expr": 'up{job!="node"} == 0', "labels": {}, "annotations": {}}
_RULES: Any = {
    "groups": [
        {
            "rules": [
                _ALERT,
                {"alert": "CertificateExpiresSoon", "expr": "min(x) - time() < 14 * 86400"},
                {"alert": "CriticalAlertUnresolved", "expr": 'ALERTS{alertname!~"CriticalAlertUnresolved|Watchdog"}'},
                {
                    "record": "host:cpu:utilisation2m",
                    "expr": '1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle"}[2m]))',
                },
            ]
        }
    ]
}
_R, _RAT = "groups/0/rules", ".groups[0].rules"
_ROUTED: Any = {
    "route": {"receiver": "a", "routes": [{"matchers": ['severity="critical"']}]},
    "receivers": [{"name": "a", "webhook_configs": [{"url": "https://x.id/rest/v1/rpc/record_alert"}]}],
}


def _expr(index: int, text: str) -> tuple[str, Any, str]:
    return f"{_R}/{index}/expr", text, f"{_RAT}[{index}].expr"


SPECS = (
    documented(
        "routes-known",
        "routing.yaml",
        _ROUTES,
        ("tcp", {"routers": {}, "x": 1}, ".tcp"),
        (
            "http/routers/inside",
            {"entryPoints": ["metrics"], "service": "api", "rule": "Path(`/`)"},
            ".http.routers.inside.entryPoints",
        ),
        (
            "http/services/api/loadBalancer/healthCheck",
            {"path": "/", "interval": "10m"},
            ".http.services.api.loadBalancer.healthCheck.interval",
        ),
        (f"{_MW}/limit", {"redirectScheme": {"scheme": "http"}}, f"{_MAT}.limit.redirectScheme"),
        (f"{_MW}/limit/rateLimit/sourceCriterion", {"x": 1}, f"{_MAT}.limit.rateLimit.sourceCriterion"),
        (
            f"{_MW}/headers/headers/customRequestHeaders/X-Tenant-Id",
            "x",
            f"{_MAT}.headers.headers.customRequestHeaders.X-Tenant-Id",
        ),
        (
            f"{_MW}/limit",
            {"headers": {"customResponseHeaders": {"x": ""}}},
            f"{_MAT}.limit.headers.customResponseHeaders",
        ),
        (
            f"{_MW}/limit",
            {"headers": {"customRequestHeaders": {"X-User-Id": "1"}}},
            f"{_MAT}.limit.headers.customRequestHeaders.X-User-Id",
        ),
        (f"{_MW}/ids/plugin/correlation/maxBodyBytes", 0, ".http.routers.api.middlewares"),
        ("http/routers/api/rule", "PathPrefix(`/`)", ".http.routers.api.rule"),
        ("http/routers/api/middlewares", ["headers", "ids"], ".http.routers.api.middlewares"),
        (
            "http/services",
            {
                "api": {"mirroring": {"service": "live"}},
                "live": _ROUTES["http"]["services"]["api"],
                "loki": _ROUTES["http"]["services"]["loki"],
            },
            ".http.routers.api.middlewares",
        ),
        ("http/routers/loki/rule", "Host(`loki.x.id`)", ".http.routers.loki.rule"),
        ("http/routers/loki/middlewares", [], ".http.routers.loki.middlewares"),
        (f"{_MW}/audit/headers/customRequestHeaders/X-Scope-OrgID", "luxima", ".http.routers.loki.middlewares"),
        ("http/services/more", {"loadBalancer": {"servers": [{"url": _LOKI}]}}, ".http.services.more"),
    ),
    documented(
        "gateway-serves",
        "traefik.yaml",
        _STATIC,
        ("log/level", "DEBUG", ".log.level"),
        ("providers/file/watch", False, ".providers.file.watch"),
        ("experimental", DROP, ".experimental.localPlugins"),
        ("core", {"defaultRuleSyntax": "v2"}, ".core"),
        (
            "serversTransport/forwardingTimeouts/responseHeaderTimeout",
            "1ms",
            ".serversTransport.forwardingTimeouts.responseHeaderTimeout",
        ),
        (
            f"{_POINT}/transport/respondingTimeouts/readTimeout",
            "0s",
            f"{_PAT}.transport.respondingTimeouts.readTimeout",
        ),
        (f"{_POINT}/transport/lifeCycle/graceTimeOut", "1s", f"{_PAT}.transport.lifeCycle.graceTimeOut"),
        (f"{_POINT}/http/middlewares", ["x"], f"{_PAT}.http.middlewares"),
        (f"{_POINT}/http3", {"x": 1}, f"{_PAT}.http3"),
    ),
    Spec(
        "names-lead-home",
        passes=((in_map(_ROUTES, file="routing.yaml"), _RECORD),),
        fails=(
            wrong(
                (
                    in_map(
                        but(
                            _ROUTES,
                            ("http/routers/api/service", "storefront"),
                            (
                                "http/services/storefront",
                                {"loadBalancer": {"servers": [{"url": "http://storefront-blue.commerce.svc:3000"}]}},
                            ),
                        ),
                        file="routing.yaml",
                    ),
                    _RECORD,
                ),
                'data["routing.yaml"].http.routers.api.service',
            ),
            wrong(
                (
                    in_map(_ROUTES, file="routing.yaml"),
                    _RECORD,
                    declared(kinds.SERVICE, {"metadata": {"name": "auth-blue"}}, "auth"),
                    declared(kinds.DNS_RECORD, {"name": "auth.x.id"}, "dns-public-service-auth"),
                ),
                "name",
            ),
        ),
        unknown=(wrong(one(_CM, {"data": {"routing.yaml": UNKNOWN}}), 'data["routing.yaml"]'),),
    ),
    documented(
        "alert-can-fire",
        "rules.yml",
        _RULES,
        _expr(0, 'up{job!="node"} == 2'),
        _expr(0, 'up{job!="node"} == 0 and on () absent(up)'),
        _expr(0, 'up{job="x"} == 0'),
        _expr(1, "min(x) - time() < 1 * 86400"),
        _expr(2, 'ALERTS{alertname!~"CriticalAlertUnresolved|Watchdog|X"}'),
        _expr(3, "node_load1"),
        _expr(0, 'sum(count_over_time({class="none"} |= "login_failed" [10m])) > 30'),
        (f"{_R}/0/labels/alertname", "X", f"{_RAT}[0].labels.alertname"),
        (f"{_R}/0/labels/escalation", "true", f"{_RAT}[0].labels.escalation"),
        (f"{_R}/0/annotations/runbook_url", "https://x/runbooks/X", f"{_RAT}[0].annotations.runbook_url"),
        ("groups/0/labels", {"x": "y"}, ".groups[0].labels"),
    ),
    documented(
        "routes-by-kind",
        "alertmanager.yml",
        _ROUTED,
        ("route/routes/0/matchers", ['host="x"'], ".route.routes[0].matchers[0]"),
        ("receivers/0/webhook_configs/0/url", "https://x.id/rest/v1/rpc/other", ".receivers[0].webhook_configs[0].url"),
    ),
)
