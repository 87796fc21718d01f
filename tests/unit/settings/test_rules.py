"""Every rule: what it refuses, in which words, and what it lets pass next to that."""

import inspect
import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import pytest

from settings import Problem, Settings, rules
from settings.report import OWN_FILES, show_path
from settings.rules import RULES, addresses, availability, check, guests, observability
from tests.unit.settings import rule_cases
from tests.unit.settings.rule_cases.case import Case
from tests.unit.settings.stacks import ABSENT, data_of, edited


def modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(each.name) for each in iter_modules(package.__path__, f"{package.__name__}.")]


CASES: list[Case] = [case for module in modules(rule_cases) for case in getattr(module, "CASES", ())]


def name(rule: Any) -> str:
    return rule.func.__name__ if isinstance(rule, partial) else rule.__name__


def run(case: Case, edits: dict[str, Any]) -> list[str]:
    settings = Settings.model_validate_json(json.dumps(edited(data_of(case.stack), edits)))
    return [f"{show_path(problem.path)}: {problem.text}" for problem in case.rule(settings)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.place}")
def test_a_rule_refuses_what_is_wrong_says_what_would_be_right_and_lets_that_pass(case: Case) -> None:
    (problem,) = run(case, case.bad)
    area, _, inner = case.place.partition(".")
    assert problem.startswith(f"{inner if area in OWN_FILES else f'luxima:{case.place}'}: ")
    assert case.words in problem
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
    of_prod = [rule for rule in availability.RULES if rule.__name__.startswith("prod_")]
    assert of_prod
    assert [problem for rule in of_prod for problem in rule(settings)] == []


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
    declared: set[Callable[..., Iterator[Problem]]] = set()
    for module in modules(rules):
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
