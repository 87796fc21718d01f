"""Specs of the rules on what is measured and logged, where it lies, and who is told."""

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Spec, but, documented, dumped, one, wrong

_CM = kinds.CONFIG_MAP
_LOKI = {
    "schema_config": {"configs": [{"object_store": "s3", "index": {"period": "24h"}}]},
    "common": {"storage": {"s3": {"bucketnames": "x-loki"}}, "replication_factor": 3},
    "ruler": {"alertmanager_url": "http://am.observability.svc:9093", "external_labels": {"environment": "production"}},
    "limits_config": {},
}
_PROMETHEUS = {
    "global": {},
    "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["am.observability.svc:9093"]}]}]},
    "scrape_configs": [
        {"sample_limit": 5000, "relabel_configs": [{"target_label": "service_name"}, {"target_label": "environment"}]}
    ],
}
_ALERTMANAGER = {
    "global": {"smtp_smarthost": "mail:587", "smtp_from": "a@luxima.id"},
    "route": {"receiver": "all", "group_by": ["alertname"], "routes": [{"matchers": ['severity="critical"']}]},
    "receivers": [
        {
            "name": "all",
            "slack_configs": [{"api_url_file": "/x"}],
            "email_configs": [{"to": "b@luxima.id"}],
            "pagerduty_configs": [
                {"routing_key_file": "/x", "severity": '{{ if eq .x "critical" }}critical{{ else }}info{{ end }}'}
            ],
        }
    ],
    "inhibit_rules": [
        {
            "source_matchers": ['alertname="HostDown"', 'host!=""'],
            "target_matchers": ['alertname=~"TargetDown"', 'host!=""'],
            "equal": ["host"],
        }
    ],
}
_RECORD = {
    "route": {"receiver": "record"},
    "receivers": [{"name": "record", "webhook_configs": [{"url": "https://supabase.x.id/rest/v1/rpc/record"}]}],
}
_NAMES = (
    *("DatabaseDown", "RequestFlood", "CriticalAlertUnresolved", "PersistentVolumeFilling", "ObjectStorageSpaceLow"),
    *(f"AnomalyOf{signal}" for signal in ("Requests", "Errors", "Latency", "Logins", "Tenants")),
    *("PostDeployErrorLogs", "SecretsInLogs", "HostLogsMissing"),
    *("AlertRecordFailing", "Watchdog", "BackupOverdue", "BackupFailing", "BackupUnverified", "BackupDrillOverdue"),
    *("EtcdSnapshotMissing", "ReleaseErrorRateHigh"),
    *("CertificateExpiresSoon", "TargetDown", "LokiFlushFailing", "SLOBudgetBurnFast", "SLOBudgetBurnSlow"),
    *("LoginFailureRatioHigh", "FailedLoginsOfUser", "RoleChanged", "RoleChangeLogged", "JwtErrorsHigh", "HostDown"),
    *("DiskFull", "HypervisorDown", "NodeNotReady", "PodNotReady", "ObjectStorageDown", "RegistryDown", "GatewayDown"),
    *("SiteUnreachable", "ServiceDown", "EtcdWithoutLeader", "FileSystemReadOnly", "CertificateNotRenewed"),
    *(
        "ReleaseBaselineExceeded",
        "ReleaseDeployed",
        "NotificationsFailing",
        "DatabaseReplicaBehind",
        "AuditTrailSilent",
    ),
)
_ALERTS = {"groups": [{"name": "all", "rules": [{"alert": name, "expr": "pg_up == 0"} for name in _NAMES]}]}
_MEANT = {
    "groups": [
        {
            "name": "all",
            "rules": [
                {"alert": "DatabaseDown", "expr": "pg_up == 0 or absent(pg_up)", "labels": {"kind": "database"}},
                {"record": "host:cpu:utilisation2m", "expr": "avg(rate(cpu[2m]))"},
                {"alert": "RequestFlood", "expr": "x > 1", "labels": {"owner": "security", "kind": "security"}},
            ],
        }
    ]
}
_RULE = ".groups[0].rules"

SPECS = (
    documented(
        "series-kept",
        "prometheus.yml",
        _PROMETHEUS,
        ("storage", {"tsdb": {"retention": {"time": "1d"}}}, ".storage.tsdb.retention.time"),
        ("scrape_configs/0/sample_limit", 1, ".scrape_configs[0].sample_limit"),
        (
            "scrape_configs/0/relabel_configs/2",
            {"action": "drop", "regex": ".*"},
            ".scrape_configs[0].relabel_configs[2]",
        ),
        ("scrape_configs/0/relabel_configs/0", DROP, ".scrape_configs[0].relabel_configs"),
    ),
    documented(
        "alerts-sent",
        "prometheus.yml",
        _PROMETHEUS,
        ("alerting/alert_relabel_configs", [{"action": "drop"}], ".alerting.alert_relabel_configs[0]"),
        (
            "alerting/alertmanagers/0/static_configs/0/targets/0",
            "x.example.com:9093",
            ".alerting.alertmanagers[0].static_configs[0].targets[0]",
        ),
    ),
    documented(
        "logs-taken-in",
        "loki.yaml",
        _LOKI,
        ("limits_config/max_query_lookback", "24h", ".limits_config.max_query_lookback"),
        ("limits_config/reject_old_samples_max_age", "1s", ".limits_config.reject_old_samples_max_age"),
        ("limits_config/ingestion_rate_mb", 0.1, ".limits_config.ingestion_rate_mb"),
        ("common/replication_factor", 1, ".common.replication_factor"),
    ),
    documented(
        "storage-places",
        "loki.yaml",
        _LOKI,
        ("schema_config/configs/0/object_store", "filesystem", ".schema_config.configs[0].object_store"),
        ("schema_config/configs/0/index/period", "168h", ".schema_config.configs[0].index.period"),
        ("common/storage/s3/bucketnames", "x-media", ".common.storage.s3.bucketnames"),
    ),
    Spec(
        "alert-needed",
        passes=(one(_CM, {"data": {"rules.yml": dumped(_ALERTS)}}),),
        fails=tuple(
            wrong(
                one(_CM, {"data": {"rules.yml": dumped(but(_ALERTS, (f"groups/0/rules/{index}", DROP)))}}),
                'data["rules.yml"]',
            )
            for index in range(1, len(_NAMES))
        ),
        unknown=(wrong(one(_CM, {"data": {"rules.yml": UNKNOWN}}), 'data["rules.yml"]'),),
    ),
    documented(
        "alert-meant",
        "rules.yml",
        _MEANT,
        ("groups/0/rules/0/expr", "pg_up == 0 and vector(0) > 1", f"{_RULE}[0].expr"),
        ("groups/0/rules/0/expr", "pg_up == 0 or hour() > 3", f"{_RULE}[0].expr"),
        ("groups/0/rules/1/expr", "vector(0)", f"{_RULE}[1].expr"),
        ("groups/0/rules/2/labels/kind", DROP, f"{_RULE}[2].labels.kind"),
    ),
    documented(
        "alert-told",
        "alertmanager.yml",
        _ALERTMANAGER,
        ("receivers/0/slack_configs/0/api_url_file", DROP, ".receivers[0].slack_configs[0].api_url_file"),
        ("global/smtp_smarthost", DROP, ".global.smtp_smarthost"),
        ("global/resolve_timeout", "24h", ".global.resolve_timeout"),
        ("global/resolve_timeout", "1m", ".global.resolve_timeout"),
        ("receivers/0/pagerduty_configs/0/severity", "info", ".receivers[0].pagerduty_configs[0].severity"),
        (
            "receivers/0/pagerduty_configs/0/severity",
            '{{ if eq .x "critical" }}info{{ end }}',
            ".receivers[0].pagerduty_configs[0].severity",
        ),
        ("receivers/0/email_configs/0/to", "x@example.com", ".receivers[0].email_configs[0].to"),
        ("route/group_by", ["host"], ".route.group_by"),
        ("route/group_interval", "1h", ".route.group_interval"),
        ("route/routes/0/repeat_interval", "24h", ".route.routes[0].repeat_interval"),
    ),
    documented(
        "alert-kept-back",
        "alertmanager.yml",
        _ALERTMANAGER,
        ("inhibit_rules/0/equal", DROP, ".inhibit_rules[0].equal"),
        ("inhibit_rules/0/target_matchers/0", 'alertname=~"Database.*"', ".inhibit_rules[0].target_matchers"),
        ("inhibit_rules/0/source_matchers/0", 'alertname="Watchdog"', ".inhibit_rules[0].source_matchers"),
    ),
    documented(
        "alert-recorded",
        "alertmanager.yml",
        _RECORD,
        ("receivers/0/webhook_configs/0/url", "https://x.example.com", ".receivers[0].webhook_configs[0].url"),
        ("route/routes", [{"receiver": "none"}], ".route.routes"),
    ),
)
