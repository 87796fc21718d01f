"""The guard as the program declares it: what it is told is what it reads, and what it may do is little."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from components.services import GuardJob, guard_document, watched
from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Level, Subject
from policy.table import RULES
from release.guard.plan import Plan, load
from settings import Settings
from settings.releases import Releases
from tests import arguments
from tests.policy.spec import urn
from tests.recording import STACKS, Recorder, record, record_platform, stack_settings
from tests.unit.release.guard.given import SINCE

PROBATION = {"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:10:00Z", "previous": "blue"}


def released(stack: str, **more: Any) -> Settings:
    settings = stack_settings(stack)
    content = {"image": f"{settings.environment.registry_host}/aceh/api@sha256:{'a' * 64}", "standing": "verified"}
    api = {"live": "green", "slots": {"blue": content, "green": content}, "probation": PROBATION, **more}
    return settings.model_copy(update={"releases": Releases.model_validate({"services": {"api": api}})})


def declared(settings: Settings) -> Recorder:
    def program() -> None:
        image = f"{settings.environment.registry_host}/luxima/release@sha256:{'b' * 64}"
        GuardJob("service-api-guard", arguments.guard_job(settings, "api", image))

    return record(program)


def plan_of(recorder: Recorder, folder: Path) -> Plan:
    path = folder / "watch.json"
    path.write_text(recorder.named("service-api-guard-watch").inputs["data"]["watch.json"])
    return load(path)


@pytest.mark.parametrize("stack", STACKS)
def test_what_it_is_told_is_what_it_reads(stack: str, tmp_path: Path) -> None:
    settings = released(stack)
    plan = plan_of(declared(settings), tmp_path)
    assert plan.release().since == SINCE
    assert (plan.release().until - plan.release().since, plan.release().extension) == (timedelta(minutes=10),) * 2
    assert (plan.slot, plan.previous, plan.stack) == ("green", "blue", stack)
    assert plan.name.fqdn == settings.service_fqdn("api")
    assert plan.name.gateways["green"] == settings.edge.gateways["green"].addresses[-1]
    assert plan.name.tsig == settings.dns.guard_tsig
    assert tuple(plan.name.servers) == settings.dns.servers
    assert plan.limits.window_seconds == settings.guard.window_minutes * 60
    assert plan.urls.prometheus == "http://prometheus.observability.svc:9090"


def test_addresses_of_the_settings_are_asked_where_there_are_such(tmp_path: Path) -> None:
    settings = released("dev")
    guard = settings.guard.model_copy(
        update={"prometheus_url": "https://p.luxima.id:8443/x", "alertmanager_url": "https://a.luxima.id"}
    )
    recorder = declared(settings.model_copy(update={"guard": guard}))
    urls = plan_of(recorder, tmp_path).urls
    assert (urls.prometheus, urls.alertmanager, urls.record) == (
        "https://p.luxima.id:8443/x",
        "https://a.luxima.id",
        None,
    )


def test_its_secrets_are_in_a_secret_and_nowhere_else() -> None:
    recorder = declared(released("dev"))
    secret = recorder.named("service-api-guard-secrets").inputs
    assert secret["stringData"] == {"tsig": "planted-tsig", "serviceRoleKey": "planted-key"}
    others = [each.inputs for each in recorder.resources if each.name != "service-api-guard-secrets"]
    assert "planted" not in json.dumps(others)


def test_it_is_a_job_that_no_update_waits_for_and_that_finds_its_folder_again() -> None:
    job = declared(released("dev")).named("service-api-guard-guard-job").inputs
    assert job["metadata"]["namespace"] == "edge"
    assert job["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert job["spec"]["ttlSecondsAfterFinished"] == 86_400
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "OnFailure"
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["args"] == ["--settled-is-success", "--ca=/etc/private-ca/ca.crt"]
    assert not container.keys() & {"readinessProbe", "livenessProbe", "startupProbe", "ports", "lifecycle"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} > {
        "/etc/guard",
        "/var/spool/guard",
        "/etc/private-ca",
    }
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert "emptyDir" in volumes["spool"]
    paths = {
        item["path"]
        for source in volumes["guard"]["projected"]["sources"]
        for kind in source.values()
        for item in kind["items"]
    }
    assert paths == {"watch.json", "secrets/tsig", "secrets/serviceRoleKey"}


def test_another_release_is_another_job() -> None:
    def name(**more: Any) -> str:
        return str(declared(released("dev", **more)).named("service-api-guard-guard-job").inputs["metadata"]["name"])

    assert name() == name()
    assert name(probation={**PROBATION, "since": "2026-01-31T12:00:01Z"}) != name()
    assert len(name()) <= 57


def test_who_is_watched() -> None:
    assert watched(released("dev")) == ["api"]
    assert watched(released("dev", probation=None)) == []
    # Nowhere to go back to.
    assert watched(released("dev", probation={**PROBATION, "previous": "green"})) == []
    with pytest.raises(ValueError, match="api is not on probation"):
        guard_document(released("dev", probation=None), "api")


def test_it_keeps_every_rule() -> None:
    stack = "prod"
    recorded = [*record_platform(stack_settings(stack)).resources, *declared(released(stack)).resources]
    resources = tuple(
        Declared(Subject(each.type, each.name, urn(each.type, each.name)), dict(each.inputs)) for each in recorded
    )
    broken = [
        rule.message(finding)
        for rule in RULES
        if rule.level(stack) is Level.MANDATORY
        for finding in rule.judge(resources, EXEMPTIONS)
        if "service-api-guard" in rule.message(finding)
    ]
    assert broken == []
