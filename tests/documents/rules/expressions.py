"""The names of metrics in a PromQL expression."""

from functools import cache

from settings.promql import selectors


@cache
def metrics(expression: str) -> frozenset[str]:
    """Names that are neither functions, operators nor labels."""
    return frozenset(each.metric for each in selectors(expression)) - {""}
