"""The rules of the objectives, evaluated by promtool."""

from decimal import Decimal
from pathlib import Path

import pytest

from components.kubernetes.placing import BYTES
from components.observability.rules import links, slo
from components.observability.rules.model import Recording
from components.text import to_yaml
from settings.capacity.series import OBJECTIVE_RECORDINGS
from tests.documents.slo.evaluation import run_case
from tests.recording import stack_settings

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]
CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_the_alerts_fire_and_keep_quiet(case: Path, tmp_path: Path) -> None:
    settings, text = stack_settings("prod"), case.read_text()
    # The services that the case speaks of: promtool takes its time for each.
    asked = {name: each for name, each in settings.objectives.items() if f'service_name="{each.service}"' in text}
    rules = {f"{group.name}.yml": [group] for group in slo.groups_of(asked)}
    done = run_case(case, rules, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_factors_of_a_month_are_those_of_the_workbook() -> None:
    assert [burn.factor(30) for burn in (*slo.PAGE, *slo.TICKET)] == [Decimal("14.4"), 6, 3, 1]


@pytest.mark.parametrize("days", range(7, 31))
def test_the_factors_keep_their_order_and_never_alert_on_what_the_budget_allows_for(days: int) -> None:
    factors = [burn.factor(days) for burn in (*slo.PAGE, *slo.TICKET)]
    assert factors == sorted(factors, reverse=True)
    assert factors[2] > 1
    assert factors[3] > Decimal("0.9")


def test_every_objective_has_as_many_recordings_as_the_capacity_counts() -> None:
    settings = stack_settings("prod")
    recordings = [rule for group in slo.groups(settings) for rule in group.rules if isinstance(rule, Recording)]
    assert len(recordings) == OBJECTIVE_RECORDINGS * len(settings.objectives)


def test_many_objectives_are_many_documents_that_fit_a_config_map() -> None:
    settings = stack_settings("prod")
    few = {group.name: group for group in slo.groups(settings)}
    same = settings.objectives["api-latency"]
    groups = slo.groups_of({f"service-{number}": same for number in range(600)})
    assert [*few] == ["slo-ratios", "slo-budgets", "slo-alerts"]
    assert [group.name for group in groups[:6]] == [*few, *(f"{name}-2" for name in few)]
    assert len({group.name for group in groups}) == len(groups)
    rules = [rule for group in groups for rule in group.rules]
    assert len(rules) * len(settings.objectives) == 600 * sum(len(group.rules) for group in few.values())
    assert max(len(to_yaml(group.document(links(settings)))) for group in groups) < BYTES / 2
