"""No panel asks for a series that nothing makes: neither a rule nor a program that is scraped."""

import pytest

from components.observability import metrics
from components.observability.grafana import queries
from components.observability.rules import Recording, groups
from tests.documents.rules import expressions
from tests.recording import STACKS, stack_settings


@pytest.mark.parametrize("stack", STACKS)
def test_every_other_series_that_a_panel_shows_has_an_emitter(stack: str) -> None:
    settings = stack_settings(stack)
    recorded = {rule.record for group in groups(settings) for rule in group.rules if isinstance(rule, Recording)}
    asked = [each for each in queries(settings) if each.language == "promql"]
    shown = {name: each.place for each in asked for name in expressions.metrics(each.sent)}
    assert sum(":" not in name for name in shown) > 40
    assert {name: place for name, place in shown.items() if name not in recorded | metrics.names()} == {}
