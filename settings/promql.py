"""Which series a PromQL expression asks for."""

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser
from promql_parser import Expr, MatchOp, VectorSelector


@dataclass(frozen=True)
class Selector:
    """A choice of series."""

    metric: str
    """Name of the metric; empty where only labels choose."""
    equal: dict[str, str]
    """Labels that have to have exactly one value, and that value."""


def selectors(expression: str) -> Iterator[Selector]:
    """Every choice of series in `expression`.

    Raises:
        ValueError: When it is no PromQL; says what is wrong with it.
    """
    found: list[Selector] = []

    def visit(each: Expr) -> None:
        if isinstance(each, VectorSelector):
            equal = {one.name: one.value for one in each.matchers.matchers if one.op == MatchOp.Equal}
            found.append(Selector(each.name or "", equal))

    promql_parser.walk(promql_parser.parse(expression), visit)
    yield from found
