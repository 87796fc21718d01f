"""Whether Prometheus would take a PromQL expression, and which series it asks for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import promql_parser
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, MatchOp, VectorSelector

EXPERIMENTAL: Final = frozenset(
    {
        "double_exponential_smoothing",
        "end",
        "first_over_time",
        "histogram_quantiles",
        "info",
        "limit_ratio",
        "limitk",
        "mad_over_time",
        "max_of",
        "min_of",
        "range",
        "sort_by_label",
        "sort_by_label_desc",
        "start",
        "step",
        "ts_of_first_over_time",
        "ts_of_last_over_time",
        "ts_of_max_over_time",
        "ts_of_min_over_time",
    }
)
"""Functions and aggregations that Prometheus 3.13 has behind a switch that is off: with one of them in a rule file it
does not start. The parser knows no switches."""


@dataclass(frozen=True)
class Selector:
    """A choice of series."""

    metric: str
    """Name of the metric; empty where only labels choose."""
    equal: dict[str, str]
    """Labels that have to have exactly one value, and that value."""


def parsed(expression: str) -> Expr:
    """The tree of `expression`.

    Raises:
        ValueError: When Prometheus would refuse it; says what is wrong with it.
    """
    tree = promql_parser.parse(expression)
    wrong = [text for each in _parts(tree) if (text := _refused(each)) is not None]
    if wrong:
        raise ValueError(wrong[0])
    return tree


def selectors(expression: str) -> Iterator[Selector]:
    """Every choice of series in `expression`.

    Raises:
        ValueError: When Prometheus would refuse it; says what is wrong with it.
    """
    for each in _parts(parsed(expression)):
        if isinstance(each, VectorSelector):
            equal = {one.name: one.value for one in each.matchers.matchers if one.op == MatchOp.Equal}
            yield Selector(each.name or "", equal)


def _parts(tree: Expr) -> list[Expr]:
    found: list[Expr] = []
    promql_parser.walk(tree, found.append)
    return found


def _refused(each: Expr) -> str | None:
    """What Prometheus does not take, though the parser does."""
    called = each.func.name if isinstance(each, Call) else None
    if isinstance(each, AggregateExpr):
        # The parser gives the name of an aggregation in its text only.
        called = re.split(r"\W", each.prettify().lstrip(), maxsplit=1)[0]
    if called in EXPERIMENTAL:
        return f"{called} is experimental, and Prometheus starts with no rule that has it"
    fill = each.modifier.fill_values if isinstance(each, BinaryExpr) and each.modifier is not None else None
    if fill is not None and (fill.lhs, fill.rhs) != (None, None):
        return "fill is experimental, and Prometheus starts with no rule that has it"
    if isinstance(each, VectorSelector) and each.matchers.or_matchers:
        return "between labels Prometheus takes a comma, and no or"
    return None
