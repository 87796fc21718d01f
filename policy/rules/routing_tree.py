"""Where an Alertmanager's routes lead to, found as Alertmanager finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..values import Value

_MATCHER = re.compile(r"""\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets a notification."""

    ways: frozenset[tuple[str, str]] = frozenset()
    """`slack`, `pagerduty` and so on, each with the channel or the address, "" where there is none."""

    @classmethod
    def of(cls, value: Value) -> Receiver:
        """What a receiver of the document does."""
        return cls(
            frozenset(
                (name.removesuffix("_configs"), where.strip())
                for name, configs in value.entries()
                if name.endswith("_configs")
                for config in configs.items()
                for where in (
                    config.at("to").text.split(",") if name == "email_configs" else [config.at("channel").text]
                )
            )
        )


@dataclass(frozen=True, slots=True)
class End:
    """A route that an alert ends at."""

    receiver: str
    repeat: Value
    wait: Value


def _matches(route: Value, labels: Mapping[str, str]) -> bool:
    return all(_holds(each, labels) for each in route.at("matchers").texts())


def _holds(matcher: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.fullmatch(matcher)
    if found is None:
        return False
    name, operator, wanted = found[1], found[2], found[3]
    value = labels.get(name, "")
    same = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return same is not operator.startswith("!")


def all_routes(route: Value) -> Iterator[Value]:
    """A route, and all below it."""
    yield route
    for below in route.at("routes").items():
        yield from all_routes(below)


def reached(route: Value, labels: Mapping[str, str], above: End | None = None) -> Iterator[End]:
    """The routes at which an alert with these labels ends."""
    inherited = above or End("", route.at("repeat_interval"), route.at("group_wait"))
    here = End(
        route.at("receiver").text or inherited.receiver,
        route.at("repeat_interval") if route.at("repeat_interval").present else inherited.repeat,
        route.at("group_wait") if route.at("group_wait").present else inherited.wait,
    )
    matched = False
    for below in route.at("routes").items():
        if _matches(below, labels):
            matched = True
            yield from reached(below, labels, here)
            if below.at("continue").flag is not True:
                break
    if not matched:
        yield here
