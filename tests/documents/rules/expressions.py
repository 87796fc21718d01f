"""The names of metrics in a PromQL expression."""

from settings.promql import selectors


def metrics(expression: str) -> set[str]:
    """Names that are neither functions, operators nor labels."""
    return {each.metric for each in selectors(expression)} - {""}
