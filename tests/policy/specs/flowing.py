"""Specs of the rules on log agents, gateways, Prometheus' jobs, and what people see."""

import json
from typing import Any

import yaml

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, documented, one, wrong

_CM, _D, _S = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.STATEFUL_SET


def _map(document: Any, name: str = "it", *, file: str, space: str = "observability", **more: str) -> Declared:
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    return declared(_CM, {"metadata": {"name": name, "namespace": space}, "data": {file: text, **more}}, name)


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
    ],
}
_JOURNAL: Any = {
    "job_name": "journal",
    "journal": {"labels": {"class": "syslog", "environment": "production"}},
    "pipeline_stages": _MASKS,
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
            "pipeline_stages": _MASKS,
        },
        _JOURNAL,
    ],
}
_JOBS = ".scrape_configs"
_LOKI_RULES = declared(
    kinds.BUCKET_LIFECYCLE, {"bucket": "x-loki", "rules": [{"filter": "luxima/"}, {"filter": "audit/"}]}, "loki"
)
_POD: Any = {
    "metadata": {"namespace": "commerce"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "api", "environment": "production"}},
            "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 3000.0}]}]},
        }
    },
}
_NAMED = declared(kinds.DNS_RECORD, {"name": "loki.luxima.id", "type": "A", "records": ["10.0.0.5"]}, "loki")


def _sends(agent: Any) -> Case:
    return (_LOKI_RULES, declared(_D, _POD, "api"), _NAMED, _map(agent, "agent", file="promtail.yaml"))


_AT_AGENT = 'data["promtail.yaml"]'
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
    {
        "metadata": {
            "labels": {"luxima.id/slot": "blue"},
            "annotations": {"kube-vip.io/loadbalancerIPs": "10.0.0.61"},
        }
    },
    "gateway",
)
_RECORD = {"name": "api.x.id", "type": "A", "zone": "x.id", "records": ["10.0.0.61"]}
_SERVED = (
    _GATEWAY,
    _map(_ROUTES, "routing", file="routing.yaml", space="edge"),
    declared(kinds.DNS_RECORD, _RECORD, "dns-public-service-api"),
)
_OTHER = declared(kinds.DNS_RECORD, {**_RECORD, "name": "old.x.id"}, "dns-core-old")
_PROMETHEUS = {
    "global": {"scrape_interval": "15s"},
    "alerting": {
        "alert_relabel_configs": [{"action": "labeldrop", "regex": "replica"}],
        "alertmanagers": [{"dns_sd_configs": [{"names": ["am.observability.svc"], "port": 9093}]}],
    },
    "scrape_configs": [
        {
            "job_name": "services",
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": ["commerce"]}}],
            "relabel_configs": [
                {
                    "action": "keep",
                    "source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
                    "regex": "api",
                },
                {
                    "action": "keep",
                    "source_labels": ["__meta_kubernetes_pod_container_port_number"],
                    "regex": "3000",
                },
            ],
        },
        {"job_name": "node", "static_configs": [{"targets": ["10.0.0.41:9100"]}]},
    ],
}
_JOB = f"{_JOBS}[0]"
_VM = {"tags": ["docker-host"], "initialization": {"ipConfigs": [{"ipv4": {"address": "10.0.0.41/24"}}]}}
_AT = 'data["prometheus.yml"]'


def _finds(prometheus: Any) -> Case:
    return (
        declared(_D, _POD, "api"),
        declared(kinds.VM, _VM, "docker-1"),
        _map(prometheus, "prometheus", file="prometheus.yml"),
    )


_AM = declared(
    kinds.SERVICE,
    {"metadata": {"name": "am", "namespace": "observability"}, "spec": {"ports": [{"port": 9093.0}]}},
    "am",
)


def _told(prometheus: Any) -> Case:
    return (_AM, _map(prometheus, "prometheus", file="prometheus.yml"))


_TEMPO = {
    "distributor": {},
    "storage": {},
    "metrics_generator": {"storage": {"remote_write": [{"url": "http://p.observability.svc"}]}},
    "overrides": {"defaults": {"metrics_generator": {"processors": ["span-metrics"]}}},
}
_RUNS = {
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "image": "quay.io/prometheus/prometheus:v3",
                        "args": ["--enable-feature=exemplar-storage", "--web.enable-remote-write-receiver"],
                    }
                ]
            }
        }
    }
}


def _linked(tempo: Any, runs: Any = _RUNS) -> Case:
    return (_map(tempo, "tempo", file="tempo.yaml"), declared(_S, runs, "prometheus"))


_SOURCES = {
    "datasources": [
        {
            "uid": "p",
            "type": "prometheus",
            "url": "http://p",
            "jsonData": {"exemplarTraceIdDestinations": [{"name": "t"}]},
        },
        {"uid": "l", "type": "loki", "url": "http://l", "jsonData": {"derivedFields": [{"datasourceUid": "t"}]}},
        {
            "uid": "t",
            "type": "tempo",
            "url": "http://t",
            "jsonData": {"tracesToLogsV2": {"datasourceUid": "l"}, "tracesToMetrics": {"datasourceUid": "p"}},
        },
    ]
}


def _seen(sources: Any) -> Case:
    return (_map(_TEMPO, "tempo", file="tempo.yaml"), _map(sources, "grafana", file="sources.yaml"))


_TITLES = (
    *("System Overview", "Application Metrics", "Tenant Metrics", "Database Metrics", "Security Overview"),
    *("Request Traces", "Service Level Objectives"),
)
_BOARDS = {f"{at}.json": json.dumps({"title": title, "panels": [{}]}) for at, title in enumerate(_TITLES)}
_INI = "[auth.anonymous]\nenabled = false\n"
_PROVIDER = {"providers": [{"options": {"path": "/etc/grafana/dashboards"}}]}


def _grafana(ini: str, **more: str) -> Declared:
    boards = {**_BOARDS, **more}
    return declared(_CM, {"data": {"grafana.ini": ini, "boards.yaml": yaml.safe_dump(_PROVIDER), **boards}})


def _mounting(*keys: str) -> Declared:
    items = [{"key": key} for key in keys]
    pod = {"volumes": [{"projected": {"sources": [{"configMap": {"name": "it", "items": items}}]}}]}
    return declared(_D, {"metadata": {"namespace": "observability"}, "spec": {"template": {"spec": pod}}}, "pod")


_BLACKBOX = {
    "modules": {
        "page": {"timeout": "10s", "http": {"valid_status_codes": [200, 401]}},
        "turn": {
            "http": {
                "fail_if_ssl": True,
                "valid_status_codes": [301],
                "fail_if_header_not_matches": [{"header": "Location", "regexp": "^https"}],
            }
        },
        "name": {"timeout": "5s", "dns": {"valid_rcodes": ["NOERROR"], "validate_answer_rrs": {"x": ["y"]}}},
    }
}
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
        passes=(_sends(_AGENT),),
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
        ),
        unknown=(wrong((*_sends(_AGENT), _UNKNOWN), _PLACE),),
    ),
    documented(
        "gateway-told",
        "traefik.yaml",
        _STATIC,
        ("accessLog", DROP, ".accessLog"),
        ("accessLog/format", "common", ".accessLog.format"),
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
        "record-in-zone",
        passes=(one(kinds.DNS_RECORD, _RECORD),),
        fails=(wrong(one(kinds.DNS_RECORD, {**_RECORD, "zone": "y.id"}), "zone"),),
        unknown=(wrong(one(kinds.DNS_RECORD, {**_RECORD, "zone": UNKNOWN}), "zone"),),
    ),
    documented(
        "series-unchanged",
        "prometheus.yml",
        _PROMETHEUS,
        ("global/sample_limit", 10, ".global.sample_limit"),
        ("global/rule_query_offset", "1h", ".global.rule_query_offset"),
        ("storage", {"exemplars": {"max_exemplars": 0}}, ".storage.exemplars.max_exemplars"),
        ("scrape_configs/0/body_size_limit", "1KB", f"{_JOB}.body_size_limit"),
        ("scrape_configs/0/params", {"match[]": ["x"]}, f'{_JOB}.params["match[]"]'),
        (
            "scrape_configs/0/metric_relabel_configs",
            [{"action": "labeldrop", "regex": "tenant_id"}],
            f"{_JOB}.metric_relabel_configs[0]",
        ),
        (
            "scrape_configs/0/metric_relabel_configs",
            [{"action": "labelkeep", "regex": "job"}],
            f"{_JOB}.metric_relabel_configs[0]",
        ),
        ("scrape_configs/0/relabel_configs/2", {"action": "drop"}, f"{_JOB}.relabel_configs[2]"),
        ("scrape_configs/0/relabel_configs/2", {"action": "labeldrop"}, f"{_JOB}.relabel_configs[2]"),
        (
            "scrape_configs/0/kubernetes_sd_configs/0/selectors",
            [{"label": "x=y"}],
            f"{_JOB}.kubernetes_sd_configs[0].selectors",
        ),
        ("scrape_configs/0/kubernetes_sd_configs/0/role", "node", f"{_JOB}.kubernetes_sd_configs[0].role"),
    ),
    Spec(
        "jobs-find",
        passes=(_finds(_PROMETHEUS),),
        fails=tuple(
            wrong(_finds(but(_PROMETHEUS, (f"scrape_configs/{path}", value))), f"{_AT}{_JOBS}{place}")
            for path, value, place in (
                (
                    "0/kubernetes_sd_configs/0/namespaces/names",
                    ["default"],
                    "[0].kubernetes_sd_configs[0].namespaces.names",
                ),
                ("0/relabel_configs/0/regex", "x", "[0].relabel_configs[0].regex"),
                ("0/relabel_configs/1/regex", "9", "[0].relabel_configs[1].regex"),
                ("1/static_configs", [], "[1].static_configs"),
            )
        ),
        unknown=(wrong((*_finds(_PROMETHEUS), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "targets-own",
        passes=(_finds(_PROMETHEUS),),
        fails=(
            wrong(
                _finds(but(_PROMETHEUS, ("scrape_configs/1/static_configs/0/targets", ["10.0.0.9:1"]))),
                f"{_AT}{_JOBS}[1].static_configs[0].targets[0]",
            ),
        ),
        unknown=(wrong((*_finds(_PROMETHEUS), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "alerts-as-they-are",
        passes=(_told(_PROMETHEUS),),
        fails=(
            wrong(
                _told(but(_PROMETHEUS, ("alerting/alert_relabel_configs/0/regex", "severity"))),
                f"{_AT}.alerting.alert_relabel_configs[0]",
            ),
            wrong(
                _told(but(_PROMETHEUS, ("alerting/alertmanagers/0/path_prefix", "/x"))),
                f"{_AT}.alerting.alertmanagers[0].path_prefix",
            ),
            wrong(
                _told(but(_PROMETHEUS, ("alerting/alertmanagers/0/dns_sd_configs/0/port", 9))),
                f"{_AT}.alerting.alertmanagers[0].dns_sd_configs[0].port",
            ),
        ),
        unknown=(wrong((*_told(_PROMETHEUS), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "traces-linked",
        passes=(_linked(_TEMPO), (declared(_S, {"spec": {}}),)),
        fails=(
            wrong(_linked(but(_TEMPO, ("metrics_generator", DROP))), 'data["tempo.yaml"].metrics_generator'),
            wrong(
                _linked(but(_TEMPO, ("overrides/defaults/metrics_generator/processors", []))),
                'data["tempo.yaml"].overrides.defaults.metrics_generator.processors',
            ),
            wrong(
                _linked(_TEMPO, but(_RUNS, ("spec/template/spec/containers/0/args", []))),
                "spec.template.spec.containers[0].args",
            ),
        ),
        unknown=(wrong((*_linked(_TEMPO), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "data-linked",
        passes=(_seen(_SOURCES),),
        fails=tuple(
            wrong(_seen(but(_SOURCES, (f"datasources/{path}", value))), f'data["sources.yaml"].datasources{place}')
            for path, value, place in (
                ("2/type", "x", ""),
                ("0/access", "direct", "[0].access"),
                ("0/jsonData", DROP, "[0].jsonData.exemplarTraceIdDestinations"),
                ("2/jsonData/tracesToMetrics/datasourceUid", "x", "[2].jsonData.tracesToMetrics.datasourceUid"),
            )
        ),
        unknown=(wrong((*_seen(_SOURCES), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "dashboards-there",
        passes=((_grafana(_INI),),),
        fails=(
            wrong((_grafana(_INI, **{"0.json": "{}"}),), 'data["0.json"]', "data"),
            wrong(
                (
                    _grafana(
                        _INI, **{"boards.yaml": yaml.safe_dump(but(_PROVIDER, ("providers/0/options/path", "/x")))}
                    ),
                ),
                'data["boards.yaml"].providers[0].options.path',
            ),
            wrong(
                (
                    _grafana(
                        _INI, **{"boards.yaml": yaml.safe_dump(but(_PROVIDER, ("providers/0/allowUiUpdates", True)))}
                    ),
                ),
                'data["boards.yaml"].providers[0].allowUiUpdates',
            ),
        ),
        unknown=(wrong((_grafana(_INI, **{"x.yaml": UNKNOWN}),), _PLACE),),
    ),
    Spec(
        "files-given",
        passes=((_map({}, file="a.yaml"), _mounting("a.yaml")), (_map({}, file="a.yaml"), _mounting())),
        fails=(
            wrong(
                (_map({}, file="a.yaml"), _mounting("b.yaml")),
                "spec.template.spec.volumes[0].projected.sources[0].configMap.items",
            ),
        ),
        unknown=(wrong((_mounting("a.yaml"), declared(_D, {"spec": UNKNOWN}, "x")), "spec"),),
    ),
    Spec(
        "grafana-told",
        passes=((_grafana(_INI),),),
        fails=(
            wrong((_grafana(f"{_INI}[auth.ldap]\nenabled = true\n"),), 'data["grafana.ini"]["auth.ldap"].enabled'),
            wrong((_grafana(f"{_INI}[smtp]\nskip_verify = true\n"),), 'data["grafana.ini"].smtp.skip_verify'),
            wrong((_grafana(f"{_INI}[log]\nmode = file\n"),), 'data["grafana.ini"].log.mode'),
        ),
        unknown=(wrong((_grafana(_INI, **{"x.yaml": UNKNOWN}),), _PLACE),),
    ),
    documented(
        "probes-mean-it",
        "blackbox.yml",
        _BLACKBOX,
        ("modules/page/timeout", "1ms", ".modules.page.timeout"),
        ("modules/page/http/valid_status_codes", [500], ".modules.page.http.valid_status_codes[0]"),
        ("modules/turn/http/valid_status_codes", [200], ".modules.turn.http.valid_status_codes[0]"),
        ("modules/turn/http/fail_if_header_not_matches", [], ".modules.turn.http.fail_if_header_not_matches"),
        ("modules/name/dns/valid_rcodes", ["NXDOMAIN"], ".modules.name.dns.valid_rcodes[0]"),
        ("modules/name/dns/validate_answer_rrs", DROP, ".modules.name.dns.validate_answer_rrs"),
    ),
)
