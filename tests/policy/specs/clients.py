"""Specs of policy/rules/clients.py."""

from __future__ import annotations

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, Wrong, one, wrong

_LOKI = "common: {storage: {s3: {endpoint: 'https://o.luxima.id', insecure: false, sse: {type: SSE-S3}}}}\n"
_TEMPO = "storage: {trace: {s3: {endpoint: o.luxima.id, sse: {type: SSE-S3}}}}\ndistributor: {}\n"
_BLACKBOX = "modules: {web: {http: {fail_if_not_ssl: true, tls_config: {min_version: TLS12}}}}\n"
_GRAFANA = """\
[server]
root_url = https://grafana.luxima.id/
[security]
cookie_secure = true
x_content_type_options = true
content_security_policy = true
strict_transport_security = true
admin_password = $__file{/a}
secret_key = $__file{/b}
[auth.anonymous]
enabled = false
"""


def _doc(key: str, text: str) -> Case:
    return one(kinds.CONFIG_MAP, {"data": {key: text}})


def _unknown(key: str) -> tuple[Wrong, ...]:
    return (wrong(_doc(key, UNKNOWN), f'data["{key}"]'),)


SPECS = (
    Spec(
        "document-readable",
        passes=(_doc("loki.yaml", _LOKI), _doc("page.tmpl", "{{ not YAML"), _doc("a.json", "{}")),
        fails=(
            wrong(_doc("a.yaml", "a: [1"), 'data["a.yaml"]'),
            wrong(_doc("a.yaml", "a: 1\na: 2\n"), 'data["a.yaml"]'),
            wrong(_doc("a.json", "{"), 'data["a.json"]'),
            wrong(_doc("a.ini", "no section"), 'data["a.ini"]'),
            wrong(
                one(kinds.DOCKER_CONTAINER, {"uploads": [{"file": "/etc/a.yaml", "content": "a: ]"}]}),
                "uploads[0].content",
            ),
            wrong(one(kinds.SECRET, {"stringData": {"a.yaml": "a: ]"}}), 'stringData["a.yaml"]'),
        ),
        unknown=_unknown("a.yaml"),
    ),
    Spec(
        "client-verifies",
        passes=(_doc("loki.yaml", _LOKI), _doc("blackbox.yml", _BLACKBOX)),
        fails=(
            wrong(
                _doc("loki.yaml", _LOKI.replace("insecure: false", "insecure: true")),
                'data["loki.yaml"].common.storage.s3.insecure',
            ),
            wrong(_doc("x.yaml", "a: {insecure_skip_verify: true}"), 'data["x.yaml"].a.insecure_skip_verify'),
            wrong(_doc("x.yaml", "a: {sslmode: disable}"), 'data["x.yaml"].a.sslmode'),
            wrong(
                _doc("blackbox.yml", _BLACKBOX.replace("TLS12", "TLS10")),
                'data["blackbox.yml"].modules.web.http.tls_config.min_version',
            ),
            wrong(
                _doc("blackbox.yml", _BLACKBOX.replace("ssl: true", "ssl: false")),
                'data["blackbox.yml"].modules.web.http.fail_if_not_ssl',
            ),
            wrong(
                _doc("alertmanager.yml", "global: {smtp_require_tls: false}"),
                'data["alertmanager.yml"].global.smtp_require_tls',
            ),
            wrong(one(kinds.SECRET, {"stringData": {"etcd-s3-insecure": "true"}}), "stringData.etcd-s3-insecure"),
        ),
        unknown=_unknown("a.yaml"),
    ),
    Spec(
        "document-plain-http",
        passes=(
            _doc("loki.yaml", _LOKI),
            _doc("loki.yaml", "a: 'http://tempo.observability.svc:3200'"),
            _doc("other.txt", "http://example.com"),
        ),
        fails=(
            wrong(_doc("loki.yaml", _LOKI.replace("https", "http")), 'data["loki.yaml"]'),
            wrong(
                _doc("prometheus.yml", "scrape_configs: [{job_name: a, authorization: {}}]"),
                'data["prometheus.yml"].scrape_configs[0].scheme',
            ),
            wrong(
                one(kinds.SECRET, {"stringData": {"etcd-s3-endpoint": "http://o.luxima.id"}}),
                "stringData.etcd-s3-endpoint",
            ),
        ),
        unknown=_unknown("a.yaml"),
    ),
    Spec(
        "storage-clients-encrypt",
        passes=(_doc("loki.yaml", _LOKI), _doc("tempo.yaml", _TEMPO)),
        fails=(
            wrong(_doc("loki.yaml", _LOKI.replace("SSE-S3", "none")), 'data["loki.yaml"].common.storage.s3.sse.type'),
            wrong(_doc("tempo.yaml", _TEMPO.replace("SSE-S3", "''")), 'data["tempo.yaml"].storage.trace.s3.sse.type'),
        ),
        unknown=_unknown("loki.yaml"),
    ),
    Spec(
        "grafana-closed",
        passes=(_doc("grafana.ini", _GRAFANA),),
        fails=(
            wrong(
                _doc("grafana.ini", _GRAFANA.replace("enabled = false", "enabled = true")),
                'data["grafana.ini"]["auth.anonymous"].enabled',
            ),
            wrong(
                _doc("grafana.ini", _GRAFANA.replace("$__file{/a}", "admin")),
                'data["grafana.ini"].security.admin_password',
            ),
            wrong(
                _doc("grafana.ini", _GRAFANA.replace("cookie_secure = true", "")),
                'data["grafana.ini"].security.cookie_secure',
            ),
            wrong(_doc("grafana.ini", _GRAFANA.replace("https", "http")), 'data["grafana.ini"].server.root_url'),
        ),
        unknown=_unknown("grafana.ini"),
    ),
)
