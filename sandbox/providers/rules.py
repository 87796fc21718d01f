"""Checks of single input values, told in one sentence each; a table of rules says which value has to hold which.

A rule gets a value and gives the reason why it is wrong, or None. A path of the table names properties, `[]` stands for
the items of a list (`networkDevices[].model`), `*` for any name (`tmpfs.*`). What is not known yet is not checked.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.providers.base import UNKNOWN

Failures = list[tuple[str, str]]


@dataclass(frozen=True)
class Rule:
    """What a value has to be."""

    says: str
    """In words, for the reference; empty where any value of the SDK's type will do."""
    judge: Callable[[Any], str | None]

    def __call__(self, value: Any) -> str | None:
        """Why the value is wrong; None if it is not."""
        return self.judge(value)

    def unnamed(self) -> "Rule":
        """The same, for a value that is secret: the reason does not name it."""
        return Rule(self.says, lambda value: f"is not {self.says}" if self.judge(value) else None)


def one_of(*allowed: str) -> Rule:
    """The value is one of these."""
    words = ", ".join(map(repr, allowed))
    return Rule(f"one of {words}", lambda value: None if value in allowed else f"{value!r} is not one of {words}")


def word(words: str) -> Rule:
    """The value is one of these words, which are separated by spaces."""
    return one_of(*words.split())


def between(low: float, high: float | None = None) -> Rule:
    """The number is within these bounds, both included."""
    bounds = f"at least {low}" if high is None else f"between {low} and {high}"

    def check(value: Any) -> str | None:
        if not isinstance(value, int | float):
            return None  # that the type is wrong is said elsewhere
        return None if value >= low and (high is None or value <= high) else f"{value} is not {bounds}"

    return Rule(bounds, check)


def matching(pattern: str, meaning: str) -> Rule:
    """The whole text has this form; `meaning` says it in words."""
    compiled = re.compile(pattern)
    return Rule(meaning, lambda value: None if compiled.fullmatch(str(value)) else f"{value!r} is not {meaning}")


def _ip_network(value: Any) -> str | None:
    try:
        ipaddress.ip_network(str(value))
    except ValueError:
        return f"{value!r} is not an IP address or network"
    return None


def _ip_address(value: Any) -> str | None:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return f"{value!r} is not an IP address"
    return None


ip_address = Rule("an IP address", _ip_address)
ip_network = Rule("an IP address or network", _ip_network)
not_empty = Rule("not empty", lambda value: None if value else "must not be empty")
anything = Rule("", lambda _value: None)


def length(low: int, high: int) -> Rule:
    """The text has so many characters."""
    return Rule(
        f"{low} to {high} characters",
        lambda value: (
            None if low <= len(str(value)) <= high else f"has {len(str(value))} characters, allowed are {low} to {high}"
        ),
    )


_NOT_DONE = "is not done by the local provider; use the official plugin"


def driven(table: Mapping[str, Rule], inputs: Mapping[str, Any]) -> Failures:
    """As `failures`; and every value that the table has no path for is not done by the local provider."""
    beyond = [(at, _NOT_DONE) for at, path in _leaves(inputs) if not any(_leads(path, known) for known in table)]
    return failures(table, inputs) + beyond


def _leads(path: str, known: str) -> bool:
    """Whether a path is another one, or stands for all that is below it: of something unknown no more is seen."""
    free = known.endswith(".*") and path.startswith(known[:-1])
    return free or known == path or known.startswith((f"{path}.", f"{path}["))


def _leaves(value: Any, at: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """(concrete path, path as in a table) of every single value."""
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            if not key.startswith("__"):
                yield from _leaves(item, f"{at}.{key}".lstrip("."), f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _leaves(item, f"{at}[{index}]", f"{path}[]")
    elif value is not None:
        yield at, path


def needed(inputs: Mapping[str, Any], *paths: str) -> Failures:
    """What the official plugin would choose by itself, and the local one does not."""
    found: Failures = []
    for path in paths:
        above, _, name = path.rpartition(".")
        for at, value in values_at(above, inputs):
            if isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get(name) is None:
                found.append((f"{at}.{name}".lstrip("."), "has to be given to the local provider"))
    return found


def failures(table: Mapping[str, Rule], inputs: Mapping[str, Any]) -> Failures:
    """(path, reason) of every declared value that breaks its rule."""
    found: Failures = []
    for path, rule in table.items():
        for at, value in values_at(path, inputs):
            if reason := rule(value):
                found.append((at, reason))
    return found


def values_at(path: str, inputs: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """(concrete path, value) of every value that a path of a table stands for; unknown and missing ones left out."""
    if inputs is None or inputs is UNKNOWN:
        return
    if not path:
        yield at, inputs
    elif path.startswith("[]"):
        for index, item in enumerate(cast("list[Any]", inputs) if isinstance(inputs, list) else []):
            yield from values_at(path[2:].removeprefix("."), item, f"{at}[{index}]")
    elif isinstance(inputs, Mapping):
        key = re.split(r"[.\[]", path, maxsplit=1)[0]
        value = cast("Mapping[str, Any]", inputs).get(key)
        yield from values_at(path[len(key) :].removeprefix("."), value, f"{at}.{key}" if at else key)
