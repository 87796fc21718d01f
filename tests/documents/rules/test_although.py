"""How could an alert be true and stay silent? A case for each: it is told all the same, by itself or by another."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml

from components.observability import rules
from components.observability.rules.model import Group
from settings import Settings
from tests.documents.rules import narrow
from tests.documents.rules.test_promtool import promtool, sends_on
from tests.recording import STACKS, stack_settings

pytestmark = pytest.mark.needs_tools

WAYS: Final = frozenset(
    {
        "absent series",
        "stale series",
        "comes and goes",
        "restarted",
        "one of two",
        "little traffic",
        "no traffic",
        "one slot of two",
    }
)
"""What may keep an alert silent."""


@dataclass(frozen=True)
class Case:
    """Something that is wrong, and that an alert must not miss."""

    alert: str
    """The alert that it is about."""
    although: str
    """One of WAYS."""
    series: Mapping[str, str]
    """Values by series, one for each minute, as promtool writes them."""
    at: str
    """When it has to be told, a Prometheus duration."""
    told: str
    """Alert that tells it."""


@cache
def cases() -> tuple[Case, ...]:
    path = Path(__file__).parent / "although.yml"
    found = cast("list[dict[str, Any]]", yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    return tuple(Case(**{"told": each["alert"], **each}) for each in found)


@cache
def prod() -> Settings:
    """Its rules are all that there are."""
    return sends_on(stack_settings("prod"))


@cache
def groups() -> Mapping[str, Group]:
    return {group.name: group for group in rules.groups(prod())}


def test_every_alert_has_a_case_in_which_it_could_stay_silent() -> None:
    every = {alert.name for stack in STACKS for group in rules.groups(stack_settings(stack)) for alert in group.alerts}
    every |= {alert.name for group in groups().values() for alert in group.alerts}
    assert sorted(every - {case.alert for case in cases()}) == []
    assert sorted({case.alert for case in cases()} - every) == []


def test_the_ways_are_known() -> None:
    assert [case for case in cases() if case.although not in WAYS] == []
    assert {case.although for case in cases()} == WAYS


def home(alert: str) -> str:
    """The first group that the alert is in: signals have one each, all alike."""
    return next(name for name, group in groups().items() if any(alert == each.name for each in group.alerts))


def by_home() -> Mapping[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases():
        found[home(case.alert)].append(case)
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", sorted(by_home()))
def test_what_could_stay_silent_is_told(group: str, tmp_path: Path) -> None:
    """What takes most of a day or longer is looked at every ten minutes: nine cases took most of the time.

    What lasts one minute in such a case is at a minute that is looked at.
    """
    names = [
        narrow.write(
            narrow.narrowed(list(groups().values()), {case.alert, case.told}, case.series),
            rules.links(prod()),
            "10m" if len(case.at) > len("999m") or case.at.endswith("d") else "1m",
            [_test(case)],
            tmp_path,
            str(number),
        )
        for number, case in enumerate(by_home()[group])
    ]
    promtool(tmp_path, "test", "rules", *names)


def _test(case: Case) -> dict[str, Any]:
    """As promtool has it."""
    return {
        "name": f"{case.alert}, although: {case.although}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f'group by (alertname) (ALERTS{{alertname="{case.told}",alertstate="firing"}})'
                f" # {case.alert}, although: {case.although}",
                "eval_time": case.at,
                "exp_samples": [{"labels": f'{{alertname="{case.told}"}}', "value": 1}],
            }
        ],
    }
