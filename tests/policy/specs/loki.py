"""Specs of policy/rules/loki.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Spec, declared, one, wrong

_DOCUMENT = """\
schema_config: {configs: [{index: {prefix: index_, period: 24h}}]}
limits_config:
  retention_period: 720h
  retention_stream:
    - {selector: '{class="access"}', priority: 1, period: 14d}
    - {selector: '{class="security"}', priority: 2, period: 60d}
"""
_OVERRIDES = "overrides:\n  audit: {retention_period: 90d}\n"
_PATH = 'data["loki.yaml"]'
_LIMITS, _AUDIT = f"{_PATH}.limits_config", 'data["o.yaml"].overrides.audit'


def _config(document: str, key: str = "loki.yaml") -> Any:
    return declared(kinds.CONFIG_MAP, {"data": {key: document}}, "config")


def _lifecycle(expiration: str, bucket: str = "luxima-loki") -> Any:
    rules = [{"id": "kept", "filter": "fake/", "expiration": expiration}]
    return declared(kinds.BUCKET_LIFECYCLE, {"bucket": bucket, "rules": rules}, "lifecycle")


SPECS = (
    Spec(
        "loki-retention",
        passes=(
            (_config(_DOCUMENT),),
            (_config(_OVERRIDES, "o.yaml"),),
            (_config("limits_config: {retention_period: 0}"),),
            (_config("not yaml: [", key="README"),),
        ),
        fails=(
            wrong((_config(_DOCUMENT.replace("720h", "719h")),), f"{_LIMITS}.retention_period"),
            wrong((_config(_DOCUMENT.replace("14d", "13d")),), f"{_LIMITS}.retention_stream[0].period"),
            wrong((_config(_DOCUMENT.replace("60d", "59d")),), f"{_LIMITS}.retention_stream[1].period"),
            wrong((_config(_OVERRIDES.replace("90d", "60d"), "o.yaml"),), f"{_AUDIT}.retention_period"),
            wrong((_config("limits_config: {retention_period: soon}"),), f"{_LIMITS}.retention_period"),
            wrong((_config("limits_config: {retention_period: about 90d}"),), f"{_LIMITS}.retention_period"),
            wrong((_config("not yaml: ["),), _PATH),
            wrong(
                one(kinds.CONFIG_MAP, {"data": {"x.yml": "limits_config: {retention_period: 1d}"}}, "loki"),
                'data["x.yml"].limits_config.retention_period',
            ),
        ),
        unknown=(wrong((_config(UNKNOWN),), _PATH),),
    ),
    Spec(
        "loki-lifecycle-covers-retention",
        passes=(
            (_config(_DOCUMENT), _config(_OVERRIDES, "o.yaml"), _lifecycle("90d")),
            (_lifecycle("1d"),),
            (_config(_OVERRIDES, "o.yaml"), _lifecycle("1d", "luxima-backups")),
            (_config(_OVERRIDES, "o.yaml"), _lifecycle("")),
        ),
        fails=(
            wrong((_config(_OVERRIDES.replace("90d", "120d"), "o.yaml"), _lifecycle("100d")), "rules[0].expiration"),
            wrong((_config("limits_config: {retention_period: 0s}"), _lifecycle("3650d")), "rules[0].expiration"),
        ),
        unknown=(
            wrong((_config(UNKNOWN), _lifecycle("90d")), _PATH),
            wrong((_config(_DOCUMENT), _lifecycle(UNKNOWN)), "rules[0].expiration"),
        ),
    ),
)
