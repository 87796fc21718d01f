"""The agents' documents: accepted by the real Promtail, and such that Alloy's converter takes them too.

Alloy is not to be had here. What its converter refuses (`internal/converter/internal/promtailconvert`) is listed below
and looked for; nothing was run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability import log_agent
from components.observability.log_agent.masking import PATTERNS
from components.observability.log_agent.stages import LABELS, masked, unended
from components.observability.loki.tenants import AUDIT_TENANT, CLASSES, LOG_TENANT
from tests.documents.log_agent.promtail import check
from tests.recording import STACKS, stack_settings

PLACES = ("kubernetes", "docker-1", "ns1")
CONVERTED_STAGES = {
    "json", "logfmt", "regex", "replace", "metrics", "labels", "labeldrop", "timestamp", "output", "docker", "cri",
    "match", "template", "tenant", "drop", "sampling", "limit", "multiline", "pack", "labelallow", "static_labels",
    "decolorize", "eventlogmessage", "geoip", "structured_metadata",
}  # fmt: skip
"""Stages that Alloy's converter knows."""
BUILT_IN_FUNCTIONS = {"ToLower", "regexReplaceAll", "eq", "or", "and", "not", "if", "else", "end"}


def _document(stack: str, place: str) -> dict[str, Any]:
    return yaml.load(log_agent.documents(stack_settings(stack))[f"{place}/promtail.yaml"], yaml.CSafeLoader)


def _stages(stages: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for stage in stages:
        ((name, config),) = stage.items()
        yield name, config
        if name == "match":
            yield from _stages(config["stages"])


def _all_stages(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [each for job in document["scrape_configs"] for each in _stages(job["pipeline_stages"])]


@pytest.mark.needs_tools
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stack", STACKS)
def test_promtail_accepts_it(stack: str, place: str, tmp_path: Path) -> None:
    assert "No syntax issues found" in check(_document(stack, place), tmp_path)


@pytest.mark.needs_tools
def test_promtail_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    document = _document("dev", "docker-1")
    document["scrape_configs"][0]["pipeline_stages_"] = []
    with pytest.raises(AssertionError):
        check(document, tmp_path)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stack", STACKS)
def test_alloy_s_converter_would_take_it(stack: str, place: str) -> None:
    text = log_agent.documents(stack_settings(stack))[f"{place}/promtail.yaml"]
    document = _document(stack, place)
    assert "${" not in text
    assert {name for name, _ in _all_stages(document)} <= CONVERTED_STAGES
    # Its errors: a WAL, standard input as target, a prefix of the server's paths.
    assert set(document) == {"server", "positions", "clients", "scrape_configs"}
    assert set(document["server"]) == {"http_listen_port", "grpc_listen_port"}
    assert not [job for job in document["scrape_configs"] if "docker_sd_configs" in job]


@pytest.mark.parametrize("place", PLACES)
def test_everything_goes_to_loki_under_a_known_tenant(place: str) -> None:
    settings = stack_settings("prod")
    document = _document("prod", place)
    (client,) = document["clients"]
    assert client["tenant_id"] == LOG_TENANT
    if place == "kubernetes":
        assert client["url"] == f"http://loki.{settings.observability.namespace}.svc:3100/loki/api/v1/push"
    else:
        assert client["url"] == f"https://loki.{settings.environment.core_domain}/loki/api/v1/push"
    assert {config["value"] for name, config in _all_stages(document) if name == "tenant"} == {AUDIT_TENANT}
    assert document["server"]["http_listen_port"] == settings.observability.agent_port


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stack", STACKS)
def test_no_job_can_make_a_label_that_is_not_budgeted(stack: str, place: str) -> None:
    for job in _document(stack, place)["scrape_configs"]:
        last = job["pipeline_stages"][-1]
        assert last == {"labelallow": [*LABELS, "__tenant_id__"]}, job["job_name"]


@pytest.mark.parametrize("place", PLACES)
def test_secrets_are_masked_before_anything_but_the_container_s_envelope_is_read(place: str) -> None:
    for job in _document("prod", place)["scrape_configs"]:
        stages = [stage for stage in job["pipeline_stages"] if stage != unended()]
        names = [next(iter(stage)) for stage in stages]
        first = names.index("replace")
        assert stages[first : first + len(PATTERNS)] == masked()
        assert set(names[:first]) <= {"cri", "docker", "json", "regex", "labels", "multiline"}, job["job_name"]
        assert "output" not in names[:first]


def test_every_class_of_the_retention_table_has_a_pipeline() -> None:
    text = "".join(log_agent.documents(stack_settings("prod")).values())
    missing = [
        name
        for name in CLASSES
        if f"class: {name}" not in text and f"replacement: {name}" not in text and f"}}{name}{{" not in text
    ]
    assert missing == []


def test_a_host_s_name_is_known_where_the_files_do_not_tell_it() -> None:
    document = log_agent.docker_host(stack_settings("prod"), "docker-1")
    assert document["scrape_configs"][0]["static_configs"][0]["labels"]["host"] == "docker-1"
    (pods,) = [job for job in _document("prod", "kubernetes")["scrape_configs"] if job["job_name"] == "pods"]
    wanted = {"source_labels": ["__meta_kubernetes_pod_node_name"], "target_label": "host"}
    assert wanted in pods["relabel_configs"]
