"""The platform of every stack keeps the rules, as far as that can be judged without an engine (nothing is unknown)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from demo.stage import Stage
from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Level, Subject
from policy.rules import kinds
from policy.table import RULES
from sandbox.copying import copy
from settings import Settings
from settings.loading import check
from settings.releases import Releases
from tests.recording import ROOT, STACKS, record_platform, stack_settings

from .spec import urn


def _declared(settings: Settings) -> tuple[Declared, ...]:
    recorded = record_platform(settings).resources
    return tuple(
        Declared(Subject(each.type, each.name, urn(each.type, each.name)), dict(each.inputs)) for each in recorded
    )


@cache
def _platform(stack: str) -> tuple[Declared, ...]:
    return _declared(stack_settings(stack))


def _broken(platform: tuple[Declared, ...], stack: str, name: str | None = None) -> list[str]:
    """What the mandatory rules say, or the one that is named."""
    return [
        f"{rule.name}: {rule.message(finding)}"
        for rule in RULES
        if rule.level(stack) is Level.MANDATORY and name in (None, rule.name)
        for finding in rule.judge(platform, EXEMPTIONS)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_no_mandatory_rule_is_broken(stack: str) -> None:
    assert _broken(_platform(stack), stack) == []


def test_before_its_first_backup_and_release_a_stack_keeps_the_rules_as_well() -> None:
    """PostgreSQL archives nothing then; the rule that it does is broken by what the other one is told."""
    settings = stack_settings("prod")
    nothing: dict[str, Any] = {
        "backup": settings.backup.model_copy(update={"image": None}),
        "releases": Releases.model_validate({"services": {}}),
    }
    assert _broken(_declared(settings.model_copy(update=nothing)), "prod") == []


@pytest.mark.parametrize("authority", [None, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_with_a_cluster_and_a_database_that_are_there_a_stack_keeps_the_rules_as_well(authority: str | None) -> None:
    """The exporter verifies the database by the authority that is given; whoever keeps it makes its backups."""
    settings = stack_settings("prod")
    hosts = {**settings.dns.hosts, "public": {**settings.dns.hosts.get("public", {}), "supabase": ("203.0.113.99",)}}
    elsewhere: dict[str, Any] = {
        "dns": settings.dns.model_copy(update={"hosts": hosts}),
        "database": settings.database.model_copy(update={"mode": "existing", "replica": None}),
        "observability": settings.observability.model_copy(update={"database_authority": authority}),
    }
    if authority is None:
        elsewhere["kubernetes"] = settings.kubernetes.model_copy(update={"mode": "existing"})
    assert _broken(_declared(settings.model_copy(update=elsewhere)), "prod") == []


def test_the_stack_of_the_demo_keeps_the_rules_as_well(tmp_path: Path) -> None:
    """Its database and object storage are elsewhere; a guard may always be stricter than the requirement."""
    made = Stage(tmp_path)
    copy(ROOT, made.checkout, tmp_path / "bytecode")
    made.adapt()
    settings = check(made.layout.stack, made.checkout)
    strict = settings.model_copy(update={"guard": settings.guard.model_copy(update={"error_percent": 2})})
    assert _broken(_declared(strict), made.layout.stack) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_rules_have_something_to_judge(stack: str) -> None:
    declared = {each.subject.type for each in _platform(stack)}
    judged = {rule.name for rule in RULES if declared.intersection(rule.types)}
    assert len(judged) > 40
    assert {kinds.BUCKET, kinds.DEPLOYMENT, kinds.VM, kinds.DOCKER_CONTAINER, kinds.DNS_RECORD} <= declared


def test_a_route_that_lost_its_login_is_caught() -> None:
    """Each one, of every gateway."""
    platform = _platform("prod")
    routing = [each for each in platform if each.subject.name in ("gateway-blue-routing", "gateway-green-routing")]
    text = cast("dict[str, str]", routing[0].props["data"])["routing.yaml"]
    logins = {line.strip() for line in text.splitlines() if line.strip().startswith("- login-")}
    assert len(routing) == 2
    assert len(logins) == 4
    for login in logins:
        broken = tuple(
            Declared(each.subject, {"data": {"routing.yaml": text.replace(login, "- headers")}})
            if each in routing
            else each
            for each in platform
        )
        caught = _broken(broken, "prod", "published-login")
        assert {line.split(" ")[1] for line in caught} == {each.subject.name for each in routing}
    unsaid = tuple(each for each in platform if not each.subject.name.endswith("-access"))
    assert _broken(unsaid, "prod", "published-login")
