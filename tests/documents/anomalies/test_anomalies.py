"""Verdicts on simulated weeks, by the rules as promtool evaluates them; time 0 is a Thursday, day five a Monday."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.observability.rules import anomalies
from components.observability.rules.model import Recording
from settings import Settings
from settings.capacity.series import SIGNAL_RECORDINGS
from settings.observability import Signal
from tests.documents.anomalies.simulation import DAY, HOUR, STEP_MINUTES, WEEK, Traffic, notation
from tests.documents.slo.evaluation import World, run_case, write_rules
from tests.recording import stack_settings

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]
CASES = Path(__file__).parent / "cases"

WEEKS = 6
LEARNING = 2
"""Weeks before alarms are counted; the four that are left are."""
MOST_FALSE_ALARMS = 2
"""In four weeks of all five normal series together; there is none with these seeds."""
MONDAY = 4 * WEEK + 4 * DAY
NOON = MONDAY + 14 * HOUR

NORMAL = {
    "usual": Traffic(seed=11),
    "small": Traffic(level=2, seed=12),
    "large": Traffic(level=100, wander=0.03, seed=13),
    "restless": Traffic(wander=0.08, day_to_day=0.10, seed=14),
    "idle": Traffic(level=0.3, seed=15),
}
FIRING = 'ALERTS{alertname="AnomalyDetected",alertstate="firing"}'
STEP = f"{STEP_MINUTES}m"


def _spike(step: int) -> float:
    return 3.0 if NOON <= step < NOON + HOUR else 1.0


def _drop(step: int) -> float:
    return 0.2 if NOON <= step < NOON + HOUR else 1.0


def _drift(step: int) -> float:
    return 1 + min(max(step - MONDAY, 0) / (4 * DAY), 1)


def _growth(step: int) -> float:
    return 1 + 0.05 * step / WEEK


def _with(signal: Signal) -> Settings:
    settings = stack_settings("prod")
    observability = settings.observability.model_copy(update={"anomalies": {"traffic": signal}})
    return settings.model_copy(update={"observability": observability})


@dataclass(frozen=True)
class Verdict:
    """What came of a series."""

    alarms: float
    """Alarms in the four weeks."""
    first: float | None
    """Step of the first value that was alarmed on from the Monday of the fifth week on."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    folder = tmp_path_factory.mktemp("weeks")
    signal = Signal(expression="traffic", by=("service_name",), floor=0.5)
    rules = write_rules(anomalies.groups(_with(signal)), folder / "traffic.yml")
    steps = WEEKS * WEEK
    series = {name: traffic.values(steps) for name, traffic in NORMAL.items()}
    series |= {
        name: Traffic(seed=11).values(steps, event)
        for name, event in {"spike": _spike, "drop": _drop, "drift": _drift, "growth": _growth}.items()
    }
    texts = {name: notation(values) for name, values in series.items()}
    # Born on Sunday, a day before; everything that it does is new.
    texts["newborn"] = f"_x{MONDAY - DAY} " + notation(Traffic(level=50, seed=16).values(8 * DAY - HOUR))
    texts["flat"] = f"2x{NOON} 2.3x{HOUR} 2x{steps - NOON}"
    world = World(
        [rules],
        {f'traffic{{service_name="{name}"}}': text for name, text in texts.items()},
        interval=STEP,
        evaluation=STEP,
    )
    end, window = f"{WEEKS * 7}d", f"{(WEEKS - LEARNING) * 7}d"
    since = (WEEKS * WEEK - MONDAY) * STEP_MINUTES
    alarms, first = world.ask(
        folder,
        [
            (f"count_over_time(({FIRING} unless {FIRING} offset {STEP})[{window}:{STEP}])", end),
            (f"min_over_time(timestamp({FIRING})[{since}m:{STEP}])", end),
        ],
    )
    return {
        name: Verdict(
            sum(value for labels, value in alarms.items() if ("service_name", name) in labels),
            min(
                (value / 60 / STEP_MINUTES for labels, value in first.items() if ("service_name", name) in labels),
                default=None,
            ),
        )
        for name in texts
    }


@pytest.mark.long
def test_four_normal_weeks_make_few_false_alarms(
    verdicts: dict[str, Verdict], record_property: Callable[[str, object], None]
) -> None:
    count = {name: verdicts[name].alarms for name in NORMAL}
    record_property("false_alarms", count)
    assert sum(count.values()) <= MOST_FALSE_ALARMS, count


@pytest.mark.long
def test_a_spike_is_told_within_a_quarter_of_an_hour(verdicts: dict[str, Verdict]) -> None:
    first = verdicts["spike"].first
    assert first is not None
    assert NOON <= first <= NOON + HOUR / 4


@pytest.mark.long
def test_a_drop_is_told_within_a_quarter_of_an_hour(verdicts: dict[str, Verdict]) -> None:
    first = verdicts["drop"].first
    assert first is not None
    assert NOON <= first <= NOON + HOUR / 4


@pytest.mark.long
def test_a_drift_to_twice_the_level_in_four_days_is_told_on_the_way(verdicts: dict[str, Verdict]) -> None:
    first = verdicts["drift"].first
    assert first is not None
    assert MONDAY < first < MONDAY + 3 * DAY


@pytest.mark.long
def test_growth_of_five_percent_a_week_is_normal(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["growth"].alarms <= 1


@pytest.mark.long
def test_a_normal_monday_is_normal_though_it_is_nearly_twice_the_sunday(verdicts: dict[str, Verdict]) -> None:
    values = NORMAL["usual"].values(WEEKS * WEEK)
    assert values[NOON] > 1.5 * values[NOON - DAY]
    first = verdicts["usual"].first
    assert first is None or not MONDAY <= first < MONDAY + DAY


@pytest.mark.long
def test_a_new_series_is_not_judged_in_its_first_week(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["newborn"].alarms == 0


@pytest.mark.long
def test_the_floor_keeps_a_flat_line_quiet(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["flat"].alarms == 0


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_the_alert_fires_and_keeps_quiet(case: Path, tmp_path: Path) -> None:
    rules = {f"{group.name}.yml": [group] for group in anomalies.groups(stack_settings("prod"))}
    done = run_case(case, rules, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_more_signal_is_one_more_group_of_as_many_recordings_as_the_capacity_counts() -> None:
    (group,) = anomalies.groups(_with(Signal(expression="x", by=("y",))))
    assert group.name == "anomaly-traffic"
    assert sum(isinstance(rule, Recording) for rule in group.rules) == SIGNAL_RECORDINGS == anomalies.RECORDINGS


@pytest.mark.parametrize(("direction", "sides"), [("up", [">"]), ("down", ["<"]), ("both", [">", "<"])])
def test_only_the_wanted_direction_is_judged(direction: str, sides: list[str]) -> None:
    signal = Signal.model_validate({"expression": "x", "by": ("y",), "direction": direction})
    (alert,) = anomalies.groups(_with(signal))[0].alerts
    assert [side for side in (">", "<") if side in alert.expr] == sides
