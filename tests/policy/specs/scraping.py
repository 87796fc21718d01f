"""Specs of policy/rules/scraping.py."""

from __future__ import annotations

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, Wrong, but, declared, one, wrong

_PROMETHEUS = """\
global: {scrape_interval: 15s, evaluation_interval: 15s, external_labels: {environment: production}}
rule_files: [/r/*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [a]}]}, {static_configs: [{targets: [b]}]}]}
scrape_configs: [{job_name: node}, {job_name: cadvisor}, {job_name: postgres}]
"""
_LOKI = """\
auth_enabled: true
runtime_config: {file: /o.yaml}
compactor: {retention_enabled: true}
ingester: {max_chunk_age: 3000s, chunk_idle_period: 1800s, wal: {enabled: true, flush_on_shutdown: true}}
limits_config:
  retention_period: 720h
  deletion_mode: disabled
  retention_stream: [{selector: '{class="security"}', priority: 1, period: 1440h}]
"""
_OVERRIDES = "overrides: {audit: {retention_period: 2160h}}\n"
_P, _L, _O = 'data["prometheus.yml"]', 'data["loki.yaml"]', 'data["overrides.yaml"]'
_STATEFUL = {
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "image": "quay.io/prometheus/prometheus:v3.13.5",
                        "args": [
                            "--storage.tsdb.retention.time=30d",
                            "--storage.tsdb.retention.size=1500000000B",
                            "--config.auto-reload",
                        ],
                    }
                ]
            }
        },
        "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "2Gi"}}}}],
    }
}
_ARGS = "spec.template.spec.containers[0].args"


def _doc(key: str, text: str, name: str = "it") -> Case:
    return (declared(kinds.CONFIG_MAP, {"data": {key: text}}, name),)


def _prometheus(old: str, new: str) -> Case:
    return _doc("prometheus.yml", _PROMETHEUS.replace(old, new))


def _loki(old: str, new: str) -> Case:
    return _doc("loki.yaml", _LOKI.replace(old, new))


def _unknown(key: str) -> tuple[Wrong, ...]:
    return (wrong(_doc(key, UNKNOWN), f'data["{key}"]'),)


_READY = "certmanager_certificate_ready_status == 0"


def _reading(expression: str) -> Case:
    rules = f"groups: [{{rules: [{{alert: A, expr: '{expression}'}}]}}]"
    return (*_doc("prometheus.yml", _PROMETHEUS), *_doc("rules.yml", rules, "rules"))


SPECS = (
    Spec(
        "scrape-interval",
        passes=(_doc("prometheus.yml", _PROMETHEUS), _doc("loki.yaml", _LOKI)),
        fails=(
            wrong(_prometheus("scrape_interval: 15s", "scrape_interval: 30s"), f"{_P}.global.scrape_interval"),
            wrong(_prometheus("evaluation_interval: 15s", "x: 1"), f"{_P}.global.evaluation_interval"),
            wrong(
                _prometheus("{job_name: node}", "{job_name: node, scrape_interval: 1m}"),
                f"{_P}.scrape_configs[0].scrape_interval",
            ),
            wrong(_prometheus("rule_files: [/r/*.yml]", "rule_files: []"), f"{_P}.rule_files"),
            wrong(_prometheus("{environment: production}", "{}"), f"{_P}.global.external_labels.environment"),
        ),
        unknown=_unknown("prometheus.yml"),
    ),
    Spec(
        "scrape-jobs",
        passes=(
            _doc("prometheus.yml", _PROMETHEUS),
            _reading('up{job="node"} == 0'),
            # A controller that somebody else runs is asked by them.
            _reading(_READY),
            _doc("loki.yaml", _LOKI),
        ),
        fails=(
            wrong(_prometheus("{job_name: node}, ", ""), f"{_P}.scrape_configs"),
            wrong(_reading('up{job="etcd"} == 0'), f"{_P}.scrape_configs"),
            wrong(_reading("host:cpu > 1"), 'data["rules.yml"]'),
            wrong(_reading("release_live_slot_info == 1"), 'data["rules.yml"]'),
            wrong((*_reading(_READY), declared(kinds.HELM_CHART, {"chart": "cert-manager"})), f"{_P}.scrape_configs"),
            wrong(_prometheus("{static_configs: [{targets: [a]}]}, ", ""), f"{_P}.alerting.alertmanagers"),
        ),
        unknown=_unknown("prometheus.yml"),
    ),
    Spec(
        "prometheus-retention",
        passes=(one(kinds.STATEFUL_SET, _STATEFUL),),
        fails=(
            wrong(
                one(
                    kinds.STATEFUL_SET,
                    but(_STATEFUL, ("spec/template/spec/containers/0/args/0", "--storage.tsdb.retention.time=29d")),
                ),
                f"{_ARGS}[0]",
            ),
            wrong(one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/template/spec/containers/0/args", []))), _ARGS),
            *(
                wrong(
                    one(kinds.STATEFUL_SET, but(_STATEFUL, (f"spec/template/spec/containers/0/args/{at}", told))), place
                )
                for at, told, place in (
                    (1, "--storage.tsdb.retention.size=500MB", f"{_ARGS}[1]"),
                    (2, "--log.format=json", _ARGS),
                )
            ),
            wrong(
                one(
                    kinds.STATEFUL_SET,
                    but(_STATEFUL, ("spec/volumeClaimTemplates/0/spec/resources/requests/storage", "1Gi")),
                ),
                f"{_ARGS}[1]",
            ),
            wrong(
                one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/volumeClaimTemplates", []))), "spec.volumeClaimTemplates"
            ),
        ),
        unknown=(
            wrong(
                one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/template/spec/containers/0/args/0", UNKNOWN))),
                f"{_ARGS}[0]",
            ),
        ),
    ),
    Spec(
        "volumes-kept",
        passes=(one(kinds.STATEFUL_SET, _STATEFUL),),
        fails=(
            wrong(
                one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/volumeClaimTemplates", []))), "spec.volumeClaimTemplates"
            ),
            wrong(
                one(
                    kinds.STATEFUL_SET,
                    but(_STATEFUL, ("spec/persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"})),
                ),
                "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
            ),
        ),
        unknown=(
            wrong(
                one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/persistentVolumeClaimRetentionPolicy", UNKNOWN))),
                "spec.persistentVolumeClaimRetentionPolicy",
            ),
        ),
    ),
    Spec(
        "loki-deletes-what-is-due",
        passes=(_doc("loki.yaml", _LOKI),),
        fails=(
            wrong(_loki("retention_enabled: true", "x: 1"), f"{_L}.compactor.retention_enabled"),
            wrong(_loki("deletion_mode: disabled", "x: 1"), f"{_L}.limits_config.deletion_mode"),
            wrong(_loki("auth_enabled: true", "auth_enabled: false"), f"{_L}.auth_enabled"),
            wrong(_loki("max_chunk_age: 3000s", "max_chunk_age: 2h"), f"{_L}.ingester.max_chunk_age"),
            wrong(_loki("flush_on_shutdown: true", "x: 1"), f"{_L}.ingester.wal.flush_on_shutdown"),
            wrong(_loki("runtime_config: {file: /o.yaml}", ""), f"{_L}.runtime_config.file"),
            wrong(_loki("1440h", "720h"), f"{_L}.limits_config.retention_stream"),
            wrong(_loki("retention_period: 720h", "x: 1"), f"{_L}.limits_config.retention_period"),
            wrong(
                _loki('class="security"', 'service=~".+"'),
                f"{_L}.limits_config.retention_stream[0].selector",
                f"{_L}.limits_config.retention_stream",
            ),
        ),
        unknown=_unknown("loki.yaml"),
    ),
    Spec(
        "audit-kept",
        passes=((*_doc("loki.yaml", _LOKI), *_doc("overrides.yaml", _OVERRIDES, "o")), _doc("a.yaml", "a: 1")),
        fails=(
            wrong(
                _doc("overrides.yaml", _OVERRIDES.replace("2160h", "720h")), f"{_O}.overrides.audit.retention_period"
            ),
            wrong(_doc("overrides.yaml", "overrides: {}"), _O),
            wrong(_doc("loki.yaml", _LOKI), _L),
        ),
        unknown=_unknown("overrides.yaml"),
    ),
    Spec(
        "traces-kept",
        passes=(_doc("tempo.yaml", "compactor: {compaction: {block_retention: 336h}}"),),
        fails=(
            wrong(
                _doc("tempo.yaml", "compactor: {compaction: {block_retention: 24h}}"),
                'data["tempo.yaml"].compactor.compaction.block_retention',
            ),
        ),
        unknown=_unknown("tempo.yaml"),
    ),
)
