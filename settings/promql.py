"""Which series a PromQL expression asks for: as much of the language as that takes, and no more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)"""
    r"|(?P<comment>\#[^\n]*)|(?P<number>[0-9][0-9a-zA-Z_.]*)|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<sign>[^\s])"
)
_GROUPING: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_OF_FUNCTION: Final = ("(", "by", "without")
"""What follows a function or an aggregation, and no metric."""
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end", *_GROUPING})


@dataclass(frozen=True)
class Selector:
    """A choice of series."""

    metric: str
    """Name of the metric; empty where only labels choose."""
    equal: dict[str, str]
    """Labels that have to have exactly one value, and that value."""


def selectors(expression: str) -> Iterator[Selector]:
    """Every choice of series in `expression`, which need not be right otherwise."""
    tokens = [(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(expression)]
    tokens = [token for token in tokens if token[0] != "comment"]
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        at += 1
        if kind == "name" and text.lower() in _GROUPING and following == "(":
            at = _after(tokens, at, ")")
        elif text == "[":
            at = _after(tokens, at, "]")
        elif (kind == "name" and text.lower() not in _WORDS and following not in _OF_FUNCTION) or text == "{":
            start = at - 1 if text == "{" else at
            braces = start < len(tokens) and tokens[start][1] == "{"
            at = _after(tokens, start, "}") if braces else at
            yield Selector("" if text == "{" else text, _equal(tokens[start:at]) if braces else {})


def _after(tokens: list[tuple[str, str]], at: int, closing: str) -> int:
    """Position behind the next `closing`."""
    return next((index + 1 for index in range(at, len(tokens)) if tokens[index] == ("sign", closing)), len(tokens))


def _equal(tokens: list[tuple[str, str]]) -> dict[str, str]:
    triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return {
        label: value[1:-1]
        for (kind, label), (_, sign), (value_kind, value) in triples
        if kind == "name" and sign == "=" and value_kind == "text"
    }
