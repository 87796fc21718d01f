"""The rules of an objective decide as those that Sloth generates for the same objective."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from components.observability.rules import slo
from components.observability.rules.model import Group
from components.text import to_yaml
from settings.observability import Objective, Promise
from tests.documents.slo.evaluation import World, write_rules
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

NAME, SERVICE = "storefront-availability", "storefront"
_LIMIT = re.compile(r"slo:sli_error:ratio_rate(\w+)\{[^}]*\} > \(([\d.]+) \* ([\d.]+)\)")


def _groups(objective: Promise) -> list[Group]:
    return slo.groups_of({NAME: Objective(service=SERVICE, **dict(objective))})


def _sloth(objective: Promise, folder: Path) -> Path:
    """What Sloth generates for the objective; its catalogue knows periods of 28 and 30 days."""
    total = f'sum(rate(http_requests_total{{service_name="{SERVICE}"}}[{{{{.window}}}}]))'
    bad = f'sum(rate(http_requests_total{{service_name="{SERVICE}",code=~"5.."}}[{{{{.window}}}}]))'
    spec = {
        "version": "prometheus/v1",
        "service": SERVICE,
        "slos": [
            {
                "name": NAME,
                "objective": objective.objective_percent,
                "sli": {"events": {"error_query": bad, "total_query": total}},
                "alerting": {
                    "name": "Sloth",
                    "page_alert": {"labels": {"severity": "critical"}},
                    "ticket_alert": {"labels": {"severity": "warning"}},
                },
            }
        ],
    }
    (folder / "spec.yml").write_text(to_yaml(spec))
    period = f"--default-slo-period={objective.window_days}d"
    command = [str(ensure("sloth")["sloth"]), "generate", "-i", "spec.yml", "-o", "sloth.yml", period]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return folder / "sloth.yml"


def _group_names(rules: Path) -> list[str]:
    """Names of the groups in a file, in its order."""
    return re.findall(r"^- name: (\S+)$", rules.read_text(), re.MULTILINE)


def _limits(text: str) -> list[tuple[str, Decimal]]:
    """Window and ratio from which it counts, of every comparison in the alerts' expressions."""
    return sorted(
        (window, round(Decimal(factor) * Decimal(budget), 9)) for window, factor, budget in _LIMIT.findall(text)
    )


@pytest.mark.parametrize("days", [28, 30])
@pytest.mark.parametrize("percent", [99.9, 99.5, 99.0])
def test_windows_and_limits_are_sloths(percent: float, days: int, tmp_path: Path) -> None:
    objective = Promise(indicator="availability", objective_percent=percent, window_days=days)
    ours = _limits("\n".join(alert.expr for group in _groups(objective) for alert in group.alerts))
    assert len(ours) == 8
    theirs = _limits(_sloth(objective, tmp_path).read_text())
    assert [window for window, _ in ours] == [window for window, _ in theirs]
    # Factors are written with four digits.
    assert [float(limit) for _, limit in ours] == pytest.approx([float(limit) for _, limit in theirs], rel=1e-3)


MINUTES = 5
"""Step of what is compared."""
SETTLING = 2
"""Steps that one side may be ahead: the sums reach 5 minutes further back, `keep_firing_for` is 5 minutes."""

TROUBLES: Mapping[str, Sequence[tuple[float, float]]] = {
    "half of what the budget allows for": [(0.0005, 48)],
    "ten minutes of nothing but errors": [(1.0, 1 / 6)],
    "seven times too fast for eight hours": [(0.007, 8)],
    "four times too fast for a day and a half": [(0.004, 36)],
    "nearly twice as fast for two days": [(0.0018, 48)],
}
_SHORT = "ten minutes of nothing but errors"
_OTHERS = [name for name in TROUBLES if name != _SHORT]
CALM_HOURS, AFTER_HOURS = 24, 12


def _counters(trouble: Sequence[tuple[float, float]]) -> tuple[dict[str, str], int]:
    """Counters of good and bad requests, 6,000 a minute, and how many minutes there are."""
    shares = [(0.0, CALM_HOURS), *trouble, (0.0, AFTER_HOURS)]
    good, bad, minutes, values = 0, 0, 0, dict[str, list[str]](good=["0"], bad=["0"])
    for share, hours in shares:
        steps, wrong = round(hours * 60), round(6000 * share)
        values["good"].append(f"{good + 6000 - wrong}+{6000 - wrong}x{steps - 1}")
        values["bad"].append(f"{bad + wrong}+{wrong}x{steps - 1}")
        good, bad, minutes = good + (6000 - wrong) * steps, bad + wrong * steps, minutes + steps
    series = {"good": "200", "bad": "500"}
    return {
        f'http_requests_total{{service_name="{SERVICE}",code="{code}"}}': " ".join(values[name])
        for name, code in series.items()
    }, minutes


@pytest.mark.parametrize("trouble", [_SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in _OTHERS)])
def test_the_same_requests_lead_to_the_same_decisions(trouble: str, tmp_path: Path) -> None:
    objective = Promise(indicator="availability")
    ours, theirs = write_rules(_groups(objective), tmp_path / "ours.yml"), _sloth(objective, tmp_path)
    series, minutes = _counters(TROUBLES[trouble])
    times = [f"{minute}m" for minute in range(10, minutes, MINUTES)]
    pairs = {"SLOErrorBudgetBurnFast": "critical", "SLOErrorBudgetBurnSlow": "warning"}
    asks = [
        (f'ALERTS{{alertname="{name}",severity="{severity}",alertstate="firing"}}', time)
        for alert, severity in pairs.items()
        for name in (alert, "Sloth")
        for time in times
    ]
    # Both make series of the same names, so they are asked in worlds of their own.
    order = [group.name for group in _groups(objective)]
    said = {
        "ours": World([ours], series, "1m", f"{MINUTES}m", order).ask(tmp_path, asks),
        "theirs": World([theirs], series, "1m", f"{MINUTES}m", _group_names(theirs)).ask(tmp_path, asks),
    }
    for number, severity in enumerate(pairs.values()):
        start = 2 * number * len(times)
        mine = [bool(answer) for answer in said["ours"][start : start + len(times)]]
        sloths = [bool(answer) for answer in said["theirs"][start + len(times) : start + 2 * len(times)]]
        for at, fires in enumerate(mine):
            around = sloths[max(0, at - SETTLING) : at + SETTLING + 1]
            assert fires in around, f"{severity} at {times[at]}: {fires}, Sloth says {sloths[at]}"
        assert any(mine) == any(sloths)
