"""No panel asks for a series that nothing makes: neither a rule nor a program that is scraped."""

from functools import cache

import pytest

from components.observability import metrics
from components.observability.grafana import queries
from components.observability.rules import Recording, anomalies, groups, slo
from tests.documents.rules import expressions
from tests.recording import STACKS, stack_settings


@cache
def recorded(stack: str) -> set[str]:
    settings = stack_settings(stack)
    made = [*groups(settings), *slo.groups(settings), *anomalies.groups(settings)]
    return {rule.record for group in made for rule in group.rules if isinstance(rule, Recording)}


@cache
def asked(stack: str) -> dict[str, str]:
    found = [each for each in queries(stack_settings(stack)) if each.language == "promql"]
    return {name: each.place for each in found for name in expressions.metrics(each.sent)}


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        (
            'sum by (host, slot) (rate(a_total{x="b{c}",y=~"d|e"}[5m] offset 1w)) / on (z) group_left () f:g:h',
            {"a_total", "f:g:h"},
        ),
        ("time() - max(a) > 3e2 or vector(0) unless b", {"a", "b"}),
        ('histogram_quantile(0.95, sum by (le) (rate(c_bucket[1m]))) and topk(10, d{e="f"})', {"c_bucket", "d"}),
        ("count_over_time(a [5m])", {"a"}),
    ],
)
def test_names_of_series_are_found(expr: str, names: set[str]) -> None:
    assert expressions.metrics(expr) == names


@pytest.mark.parametrize("stack", STACKS)
def test_every_recorded_series_that_a_panel_shows_is_recorded(stack: str) -> None:
    shown = {name: place for name, place in asked(stack).items() if ":" in name}
    assert shown
    assert not {name: place for name, place in shown.items() if name not in recorded(stack)}


@pytest.mark.parametrize("stack", STACKS)
def test_every_other_series_that_a_panel_shows_has_an_emitter(stack: str) -> None:
    shown = {name: place for name, place in asked(stack).items() if ":" not in name}
    assert len(shown) > 40
    assert not {name: place for name, place in shown.items() if name not in metrics.names()}
