"""Checks of single input values, told in one sentence each; a table of rules says which value has to hold which.

A rule gets a value and gives the reason why it is wrong, or None. A path of the table names properties, `[]` stands for
the items of a list: `networkDevices[].model`. Values that are not known yet are not checked.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from sandbox.providers.base import UNKNOWN

Rule = Callable[[Any], str | None]
Failures = list[tuple[str, str]]


def one_of(*allowed: str) -> Rule:
    """The value is one of these."""
    return lambda value: None if value in allowed else f"{value!r} is not one of {', '.join(map(repr, allowed))}"


def word(words: str) -> Rule:
    """The value is one of these words, which are separated by spaces."""
    return one_of(*words.split())


def between(low: float, high: float | None = None, *, also: tuple[Any, ...] = ()) -> Rule:
    """The number is within these bounds, both included, or one of `also`."""
    bounds = f"at least {low}" if high is None else f"between {low} and {high}"

    def check(value: Any) -> str | None:
        if not isinstance(value, int | float):
            return None  # that the type is wrong is said elsewhere
        fits = value in also or (value >= low and (high is None or value <= high))
        return None if fits else f"{value} is not {bounds}"

    return check


def matching(pattern: str, meaning: str) -> Rule:
    """The whole text has this form; `meaning` says it in words."""
    compiled = re.compile(pattern)
    return lambda value: None if compiled.fullmatch(str(value)) else f"{value!r} is not {meaning}"


def ip_address(value: Any) -> str | None:
    """The text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return f"{value!r} is not an IP address"
    return None


def not_empty(value: Any) -> str | None:
    """There is something in it."""
    return None if value else "must not be empty"


def length(low: int, high: int) -> Rule:
    """The text has so many characters."""
    return lambda value: (
        None if low <= len(str(value)) <= high else f"has {len(str(value))} characters, allowed are {low} to {high}"
    )


def anything(_value: Any) -> str | None:
    """Whatever it is."""
    return None


def never(reason: str) -> Rule:
    """The property must not be given at all, whatever its value."""
    return lambda _value: reason


_NOT_DONE = "is not done by the local provider; use the official plugin"


def undriven(*paths: str) -> dict[str, Rule]:
    """Rules for properties that the platform does not use and the local provider therefore does not do."""
    return dict.fromkeys(paths, never(_NOT_DONE))


def driven(table: Mapping[str, Rule], inputs: Mapping[str, Any]) -> Failures:
    """As `failures`; and every value that the table has no path for is not done by the local provider."""
    beyond = [(at, _NOT_DONE) for at, path in _leaves(inputs) if not any(_leads(path, known) for known in table)]
    return failures(table, inputs) + beyond


def _leads(path: str, known: str) -> bool:
    """Whether a path is another one, or stands for all that is below it: of something unknown no more is seen."""
    return known == path or known.startswith((f"{path}.", f"{path}["))


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
