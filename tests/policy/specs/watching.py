"""Specs of policy/rules/watching.py."""

from typing import Any

from policy.rules import kinds

from ..good import API, TEMPO
from ..spec import DROP, UNKNOWN, Case, Spec, but, declared, documented, in_map, wrong

_CM, _D, _S = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.STATEFUL_SET


_JOBS = ".scrape_configs"
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
                {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_number"], "regex": "3000"},
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
        declared(_D, API, "api"),
        declared(kinds.VM, _VM, "docker-1"),
        in_map(prometheus, "prometheus", file="prometheus.yml"),
    )


_AM = declared(
    kinds.SERVICE,
    {"metadata": {"name": "am", "namespace": "observability"}, "spec": {"ports": [{"port": 9093.0}]}},
    "am",
)


def _told(prometheus: Any) -> Case:
    return (_AM, in_map(prometheus, "prometheus", file="prometheus.yml"))


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
    return (in_map(tempo, "tempo", file="tempo.yaml"), declared(_S, runs, "prometheus"))


_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")
_PLACE = 'data["x.yaml"]'

_SPACES, _SPACES_AT = "0/kubernetes_sd_configs/0/namespaces/names", "kubernetes_sd_configs[0].namespaces.names"
_CONSENT = "__meta_kubernetes_pod_annotation_prometheus_io_scrape"
_CONSENTING: Any = {
    "job_name": "services",
    "relabel_configs": [{"source_labels": [_CONSENT], "action": "keep", "regex": "true"}],
}

SPECS = (
    documented(
        "series-unchanged",
        "prometheus.yml",
        _PROMETHEUS,
        ("global/sample_limit", 10, ".global.sample_limit"),
        ("global/rule_query_offset", "1h", ".global.rule_query_offset"),
        ("storage", {"exemplars": {"max_exemplars": 0}}, ".storage.exemplars.max_exemplars"),
        ("scrape_configs/0/body_size_limit", "1KB", f"{_JOB}.body_size_limit"),
        ("scrape_configs/0/metrics_path", "/x", f"{_JOB}.metrics_path"),
        ("scrape_configs/0", {**_CONSENTING, "honor_labels": True}, f"{_JOB}.honor_labels"),
        ("scrape_configs/0", but(_CONSENTING, ("relabel_configs/0/regex", "yes")), f"{_JOB}.relabel_configs[0].regex"),
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
        fails=(
            *(
                wrong(_finds(but(_PROMETHEUS, (f"scrape_configs/{path}", value))), f"{_AT}{_JOBS}{place}")
                for path, value, place in (
                    (_SPACES, ["default"], f"[0].{_SPACES_AT}"),
                    ("0/relabel_configs/0/regex", "x", "[0].relabel_configs[0].regex"),
                    ("0/relabel_configs/1/regex", "9", "[0].relabel_configs[1].regex"),
                    ("1/static_configs", [], "[1].static_configs"),
                )
            ),
            wrong(
                (
                    *_finds(but(_PROMETHEUS, (f"scrape_configs/{_SPACES}", ["comerce"]))),
                    declared(kinds.NAMESPACE, {"metadata": {"name": "commerce"}}, "commerce"),
                ),
                f"{_AT}{_JOBS}[0].{_SPACES_AT}[0]",
            ),
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
        passes=(_linked(TEMPO), (declared(_S, {"spec": {}}),)),
        fails=(
            wrong(_linked(but(TEMPO, ("metrics_generator", DROP))), 'data["tempo.yaml"].metrics_generator'),
            wrong(
                _linked(but(TEMPO, ("overrides/defaults/metrics_generator/processors", []))),
                'data["tempo.yaml"].overrides.defaults.metrics_generator.processors',
            ),
            wrong(
                _linked(TEMPO, but(_RUNS, ("spec/template/spec/containers/0/args", []))),
                "spec.template.spec.containers[0].args",
            ),
        ),
        unknown=(wrong((*_linked(TEMPO), _UNKNOWN), _PLACE),),
    ),
)
