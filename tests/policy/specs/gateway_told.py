"""Specs of policy/rules/gateway_told.py."""

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Case, Spec, declared, documented, in_map, one, wrong

_CM, _D, _S = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.STATEFUL_SET


_ACCESS: Any = {
    "format": "json",
    "fields": {
        "defaultMode": "keep",
        "queryParameters": {"defaultMode": "drop"},
        "headers": {
            "defaultMode": "drop",
            "names": dict.fromkeys(("X-Request-Id", "X-Trace-Id", "X-Tenant-Id"), "keep"),
        },
    },
}
_STATIC: Any = {
    "entryPoints": {"websecure": {"http": {"tls": {}}}},
    "accessLog": _ACCESS,
    "metrics": {"prometheus": {}},
    "tracing": {"sampleRate": 0.5, "otlp": {"http": {"endpoint": "http://tempo.observability.svc:4318"}}},
}
_ROUTES: Any = {
    "http": {
        "routers": {
            "api": {
                "rule": "Host(`api.x.id`) && !PathRegexp(`/metrics`)",
                "service": "api",
                "middlewares": ["ids", "limit"],
            }
        },
        "services": {
            "api": {
                "loadBalancer": {"servers": [{"url": "http://api.commerce.svc:3000"}], "healthCheck": {"path": "/"}}
            },
            "both": {"failover": {"service": "api", "fallback": "api"}},
        },
        "middlewares": {"ids": {"plugin": {"ids": {}}}, "limit": {"rateLimit": {"average": 100}}},
    }
}
_ROUTER = ".http.routers.api"
_GATEWAY = declared(
    kinds.SERVICE,
    {"metadata": {"labels": {"luxima.id/slot": "blue"}, "annotations": {"kube-vip.io/loadbalancerIPs": "10.0.0.61"}}},
    "gateway",
)
_RECORD = {"name": "api.x.id", "type": "A", "zone": "x.id", "records": ["10.0.0.61"]}
_SERVED = (
    _GATEWAY,
    in_map(_ROUTES, "routing", file="routing.yaml", space="edge"),
    declared(kinds.DNS_RECORD, _RECORD, "dns-public-service-api"),
)
_OTHER = declared(kinds.DNS_RECORD, {**_RECORD, "name": "old.x.id"}, "dns-core-old")
_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")
_PLACE = 'data["x.yaml"]'


def _private(used: list[str], address: str = "10.0.0.5", gateway: str = "203.0.113.5") -> Case:
    """A name with a record of this address, served by a gateway that has another one."""
    http = {
        "routers": {"a": {"rule": "Host(`a.x.id`)", "middlewares": used}},
        "middlewares": {"trusted": {"ipAllowList": {"sourceRange": ["10.0.0.0/24"]}}},
    }
    notes = {"annotations": {"kube-vip.io/loadbalancerIPs": gateway}, "labels": {"luxima.id/slot": "blue"}}
    return (
        in_map({"http": http}, "routing", file="routing.yaml"),
        declared(kinds.DNS_RECORD, {**_RECORD, "name": "a.x.id", "type": "A", "records": [address]}, "a"),
        declared(kinds.SERVICE, {"metadata": notes}, "gateway"),
    )


SPECS = (
    documented(
        "gateway-told",
        "traefik.yaml",
        _STATIC,
        ("accessLog", DROP, ".accessLog"),
        ("accessLog/format", "common", ".accessLog.format"),
        ("tracing/capturedRequestHeaders", ["Authorization"], ".tracing.capturedRequestHeaders[0]"),
        ("accessLog/filters", {"minDuration": "1h"}, ".accessLog.filters"),
        ("accessLog/fields/defaultMode", "drop", ".accessLog.fields.defaultMode"),
        ("accessLog/fields/headers/defaultMode", "keep", ".accessLog.fields.headers.defaultMode"),
        ("accessLog/fields/queryParameters", DROP, ".accessLog.fields.queryParameters.defaultMode"),
        ("accessLog/fields/headers/names/Cookie", "keep", ".accessLog.fields.headers.names.Cookie"),
        ("accessLog/fields/headers/names/X-Trace-Id", "drop", ".accessLog.fields.headers.names.X-Trace-Id"),
        ("metrics", DROP, ".metrics"),
        ("metrics/prometheus/addServicesLabels", False, ".metrics.prometheus.addServicesLabels"),
        ("tracing/sampleRate", 0, ".tracing.sampleRate"),
        ("tracing/otlp/http/endpoint", "http://x.example.com", ".tracing.otlp.http.endpoint"),
        ("entryPoints/websecure/http/tls/options", "old", ".entryPoints.websecure.http.tls.options"),
    ),
    documented(
        "route-guarded",
        "routing.yaml",
        _ROUTES,
        ("http/routers/api/service", "x", f"{_ROUTER}.service"),
        ("http/routers/api/middlewares", ["limit"], f"{_ROUTER}.middlewares"),
        ("http/routers/api/middlewares", ["ids"], f"{_ROUTER}.middlewares"),
        ("http/middlewares/limit/rateLimit/average", 0, f"{_ROUTER}.middlewares"),
        ("http/routers/api/rule", "Host(`api.x.id`)", f"{_ROUTER}.rule"),
        (
            "http/routers/api/rule",
            "Host(`api.x.id`) && !PathRegexp(`/metrics`) && !(PathPrefix(`/cart`) || PathPrefix(`/pay`))",
            f"{_ROUTER}.rule",
        ),
        (
            "http/routers/probed",
            {
                "rule": "Host(`api.x.id`) && Path(`/`) && ClientIP(`10.0.0.0/8`)",
                "service": "api",
                "middlewares": ["ids", "limit"],
            },
            f"{_ROUTER}.middlewares",
        ),
        ("http/services/api/loadBalancer/servers", [], ".http.services.api.loadBalancer.servers"),
        ("http/services/both/failover/fallback", DROP, ".http.services.both.failover.fallback"),
        ("http/services/api/loadBalancer/healthCheck", DROP, ".http.services.api.loadBalancer.healthCheck"),
        (
            "http/middlewares/trusted",
            {"ipAllowList": {"ipStrategy": {"depth": 1}}},
            ".http.middlewares.trusted.ipAllowList.ipStrategy",
        ),
    ),
    Spec(
        "names-served",
        passes=(_SERVED,),
        fails=(
            wrong(
                (*_SERVED[:2], declared(kinds.DNS_RECORD, {**_RECORD, "name": "old.x.id", "records": ["1.2.3.4"]})),
                'data["routing.yaml"].http.routers.api.rule',
            ),
            wrong((*_SERVED, _OTHER), "name"),
            wrong((*_SERVED[:2], declared(kinds.DNS_RECORD, {**_RECORD, "records": []})), "records"),
            wrong(
                (*_SERVED[:2], declared(kinds.DNS_RECORD, {**_RECORD, "records": ["10.0.0.9"]}, "x-service-api-blue")),
                "records",
            ),
        ),
        unknown=(wrong((*_SERVED, _UNKNOWN), _PLACE),),
    ),
    Spec(
        "private-names-closed",
        passes=(_private(["trusted"]), _private([], "203.0.113.7"), _private([], gateway="10.0.0.7")),
        fails=(wrong(_private([]), 'data["routing.yaml"].http.routers.a.middlewares'),),
        unknown=(wrong((*_private(["trusted"]), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "record-in-zone",
        passes=(one(kinds.DNS_RECORD, _RECORD),),
        fails=(wrong(one(kinds.DNS_RECORD, {**_RECORD, "zone": "y.id"}), "zone"),),
        unknown=(wrong(one(kinds.DNS_RECORD, {**_RECORD, "zone": UNKNOWN}), "zone"),),
    ),
)
