"""Every rule: what it refuses, in which words, and what it lets pass next to that."""

import inspect
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from settings import Problem, Settings
from settings.report import OWN_FILES, show_path
from settings.rules import (
    RULES,
    addresses,
    availability,
    backup,
    capacity,
    check,
    database,
    delivery,
    dns,
    durations,
    guard,
    guests,
    identity,
    kubernetes,
    observability,
    releases,
    services,
    storage,
    storage_server,
)
from tests.unit.settings.rule_cases import addresses as address_cases
from tests.unit.settings.rule_cases import backup as backup_cases
from tests.unit.settings.rule_cases import cluster, machines, names
from tests.unit.settings.rule_cases import coolify as coolify_cases
from tests.unit.settings.rule_cases import database as database_cases
from tests.unit.settings.rule_cases import durations as duration_cases
from tests.unit.settings.rule_cases import observability as observability_cases
from tests.unit.settings.rule_cases import services as service_cases
from tests.unit.settings.rule_cases import storage as storage_cases
from tests.unit.settings.rule_cases import storage_server as storage_server_cases
from tests.unit.settings.rule_cases.case import Case
from tests.unit.settings.stacks import ABSENT, Checkout, data_of, edited

CASES = [
    *names.CASES,
    *storage_cases.CASES,
    *duration_cases.CASES,
    *machines.CASES,
    *address_cases.CASES,
    *cluster.CASES,
    *service_cases.CASES,
    *observability_cases.CASES,
    *database_cases.CASES,
    *storage_server_cases.CASES,
    *coolify_cases.CASES,
    *backup_cases.CASES,
]


def name(rule: Any) -> str:
    return rule.func.__name__ if isinstance(rule, partial) else rule.__name__


def run(case: Case, edits: dict[str, Any]) -> list[str]:
    settings = Settings.model_validate_json(json.dumps(edited(data_of(case.stack), edits)))
    return [f"{show_path(problem.path)}: {problem.text}" for problem in case.rule(settings)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.at}")
def test_a_rule_refuses_what_is_wrong_and_says_what_would_be_right(case: Case) -> None:
    (problem,) = run(case, case.bad)
    area, _, inner = case.at.partition(".")
    assert problem.startswith(f"{inner if area in OWN_FILES else f'luxima:{case.at}'}: ")
    assert case.words in problem


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.at}")
def test_a_rule_lets_pass_what_is_right(case: Case) -> None:
    assert run(case, case.good) == []


@pytest.mark.parametrize("stack", ["dev", "staging"])
def test_high_availability_is_asked_of_prod_only(stack: str) -> None:
    single = {
        "environment.name": stack,
        **{f"compute.vms.k3s-{role}-{number}": ABSENT for role in ("server", "agent") for number in (2, 3)},
        "compute.containers.ns2": ABSENT,
        "services.admin.replicas": 1,
    }
    settings = Settings.model_validate_json(json.dumps(edited(data_of("prod"), single)))
    rules = [rule for rule in availability.RULES if rule.__name__.startswith("prod_")]
    assert rules
    assert [problem for rule in rules for problem in rule(settings)] == []


def test_a_fault_in_a_rule_is_not_taken_for_a_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(settings: Settings) -> Iterator[Problem]:
        raise AttributeError(settings.compute.pool)

    settings = Settings.model_validate_json(json.dumps(data_of("dev")))
    monkeypatch.setattr("settings.rules.RULES", (faulty,))
    assert check(settings, "dev", partial=True) == []
    with pytest.raises(AttributeError):
        check(settings, "dev", partial=False)


def test_every_rule_has_a_case() -> None:
    tried = {name(case.rule) for case in CASES}
    assert tried == {name(rule) for rule in RULES} | {"stack_name"}


def test_every_rule_of_a_module_is_in_the_table() -> None:
    platform = (identity, guests, addresses, availability, dns, storage, storage_server, durations, kubernetes)
    modules = (*platform, observability, services, releases, capacity, guard, database, delivery, backup)
    declared: set[Callable[..., Iterator[Problem]]] = set()
    for module in modules:
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["settings"]:
                declared.add(function)
    helpers = {
        guests.all_guests,
        addresses.used_addresses,
        addresses.addresses_elsewhere,
        observability.given_objectives,
        observability.served,
    }
    assert declared - helpers == set(RULES)


@pytest.mark.parametrize("case", {name(case.rule): case for case in CASES}.values(), ids=lambda case: name(case.rule))
def test_loading_runs_the_rule(case: Case, dev: Checkout) -> None:
    dev.stack = case.stack
    assert any(case.words in mistake for mistake in dev.mistakes(case.bad))
