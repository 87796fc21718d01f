"""tempo.yaml, without Tempo: it is not to be had here.

Its keys are checked against `KNOWN`, a list kept by hand from Tempo's documented configuration (its manifest of all
options), and its values against the requirements. Tempo refuses a key that it does not know, so a typing error is what
this finds; a value of a wrong kind it does not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import pytest
import yaml

from components.observability import tempo
from components.storage.lifecycle import lifecycle
from tests.recording import STACKS, stack_settings

_FREE: Final = None
"""Any keys: a map of the reader's own."""
KNOWN: Final[dict[str, Any]] = {
    "stream_over_http_enabled": bool,
    "multitenancy_enabled": bool,
    "server": {"http_listen_port": int, "grpc_listen_port": int, "log_level": str, "log_format": str},
    "distributor": {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": str}, "http": {"endpoint": str}}}},
    },
    "memberlist": {
        "bind_port": int,
        "join_members": list,
        "abort_if_cluster_join_fails": bool,
        "cluster_label": str,
    },
    "ingester": {
        "trace_idle_period": str,
        "max_block_duration": str,
        "max_block_bytes": int,
        "complete_block_timeout": str,
    },
    "compactor": {
        "compaction": {"block_retention": str, "compacted_block_retention": str, "compaction_window": str},
    },
    "metrics_generator": {
        "registry": {"collection_interval": str, "stale_duration": str, "external_labels": _FREE},
        "processor": {
            "service_graphs": {"wait": str, "max_items": int, "dimensions": list},
            "span_metrics": {"dimensions": list, "enable_target_info": bool, "enable_instance_label": bool},
        },
        "storage": {"path": str, "remote_write": list, "remote_write_add_org_id_header": bool},
    },
    "storage": {
        "trace": {
            "backend": str,
            "s3": {
                "bucket": str,
                "endpoint": str,
                "region": str,
                "forcepathstyle": bool,
                "insecure": bool,
                "tls_insecure_skip_verify": bool,
                "tls_ca_path": str,
                "sse": {"type": str},
            },
            "wal": {"path": str},
            "local": {"path": str},
        },
    },
    "overrides": {
        "defaults": {
            "ingestion": {
                "rate_strategy": str,
                "rate_limit_bytes": int,
                "burst_size_bytes": int,
                "max_traces_per_user": int,
            },
            "global": {"max_bytes_per_trace": int},
            "metrics_generator": {"processors": list, "max_active_series": int},
        },
    },
    "usage_report": {"reporting_enabled": bool},
}


def _unknown(document: Mapping[str, Any], known: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in document.items():
        where = f"{path}.{key}"
        wanted = known.get(key, ...)
        if wanted is ...:
            yield f"{where} is not known"
        elif isinstance(wanted, dict):
            yield from _unknown(value, cast("dict[str, Any]", wanted), where)
        elif wanted is not _FREE and type(value) is not wanted:
            yield f"{where} is a {type(value).__name__}"


def _document(stack: str) -> dict[str, Any]:
    return yaml.load(tempo.documents(stack_settings(stack))["tempo.yaml"], yaml.CSafeLoader)


@pytest.mark.parametrize("stack", STACKS)
def test_its_keys_are_documented_ones_by_a_hand_kept_list_not_by_tempo(stack: str) -> None:
    assert list(_unknown(_document(stack), KNOWN)) == []


def test_the_list_finds_a_typing_error() -> None:
    document = _document("dev")
    document["storage"]["trace"]["s3"]["forcepathstile"] = True
    document["server"]["http_listen_port"] = "3200"
    assert list(_unknown(document, KNOWN)) == [
        ".server.http_listen_port is a str",
        ".storage.trace.s3.forcepathstile is not known",
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_traces_are_kept_no_longer_than_the_bucket_keeps_them(stack: str) -> None:
    settings = stack_settings(stack)
    document = _document(stack)
    bucket = document["storage"]["trace"]["s3"]
    assert bucket["bucket"] == settings.storage.bucket_name("tempo")
    # Unlike Loki's, this endpoint has no scheme.
    assert re.fullmatch(r"[a-z0-9.-]+:\d+", bucket["endpoint"])
    assert document["compactor"]["compaction"]["block_retention"] == f"{settings.retention.traces_days * 24}h"
    assert all(
        (rule.expire_days or 0) >= settings.retention.traces_days
        for rule in lifecycle("tempo", False, settings.retention)
    )


@pytest.mark.parametrize("stack", STACKS)
def test_services_can_reach_both_receivers(stack: str) -> None:
    protocols = _document(stack)["distributor"]["receivers"]["otlp"]["protocols"]
    assert {name: each["endpoint"] for name, each in protocols.items()} == {
        "grpc": "0.0.0.0:4317",
        "http": "0.0.0.0:4318",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_metrics_of_spans_go_to_every_prometheus(stack: str) -> None:
    document = _document(stack)
    urls = [each["url"] for each in document["metrics_generator"]["storage"]["remote_write"]]
    assert len(set(urls)) == stack_settings(stack).observability.prometheus.replicas
    assert all(url.endswith(":9090/api/v1/write") for url in urls)
    assert document["overrides"]["defaults"]["metrics_generator"]["processors"] == ["service-graphs", "span-metrics"]


@pytest.mark.parametrize("stack", STACKS)
def test_the_rate_is_more_than_the_load(stack: str) -> None:
    settings = stack_settings(stack)
    ingestion = _document(stack)["overrides"]["defaults"]["ingestion"]
    assert ingestion["rate_limit_bytes"] >= settings.observability.load.spans_per_second * 800 * 2


def test_several_pods_find_each_other() -> None:
    settings = stack_settings("prod")
    room = settings.observability
    more = room.model_copy(update={"tempo": room.tempo.model_copy(update={"replicas": 3})})
    text = tempo.documents(settings.model_copy(update={"observability": more}))["tempo.yaml"]
    assert "dns+tempo-headless.observability.svc.cluster.local:7946" in text
    assert list(_unknown(yaml.load(text, yaml.CSafeLoader), KNOWN)) == []


@pytest.mark.parametrize("stack", STACKS)
def test_there_is_no_secret_and_no_expansion_in_it(stack: str) -> None:
    text = tempo.documents(stack_settings(stack))["tempo.yaml"]
    assert not re.search(r"\$\{|access_key|secret_key", text)
    assert yaml.load(text, yaml.CSafeLoader)["usage_report"] == {"reporting_enabled": False}
