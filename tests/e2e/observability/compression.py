"""Time that passes faster: documents whose every duration is divided by one factor, and which are otherwise the same.

Rates stay what they are (both a window and the events in it shrink), so thresholds on rates and ratios are left alone;
only numbers that are seconds themselves are divided: those that an age, computed with `time()`, is compared with, and
what `predict_linear` looks ahead.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, cast

FACTOR: Final = 60
"""A minute passes in a second."""

_UNITS: Final = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
_DURATION: Final = r"(?:\d+(?:ms|[smhdwy]))+"
_KEYS: Final = re.compile(r"for|keep_firing_for|group_wait|resolve_timeout|period|out_of_order_time_window|.*interval")
"""Keys of Prometheus', Alertmanager's and Loki's documents whose values are durations that the story depends on.

How long a program waits for another (`scrape_timeout`, `timeout`) is left alone: a network is not faster here.
"""
_RANGE: Final = re.compile(rf"\[({_DURATION})(?:(:)({_DURATION})?)?\]")
_OFFSET: Final = re.compile(rf"\b(offset\s+-?)({_DURATION})\b")
_SECONDS: Final = re.compile(r"(?<![\w.:$\[\"])\d{3,}(?![\w.\]\"])")
_ABOUT_SECONDS: Final = re.compile(r"\btime\(\)|\bpredict_linear\(")


def duration(text: str, factor: int = FACTOR) -> str:
    """A duration divided by the factor, in milliseconds; 0 stays 0.

    Raises:
        ValueError: When it is no duration, or less than a millisecond is left of it.
    """
    if not re.fullmatch(_DURATION, text):
        raise ValueError(f"{text} is no duration")
    whole = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))
    left = round(whole / factor)
    if whole and not left:
        raise ValueError(f"nothing is left of {text}")
    return f"{left}ms"


def expression(text: str, factor: int = FACTOR) -> str:
    """A PromQL or LogQL expression whose ranges, steps, offsets and numbers of seconds are divided by the factor."""

    def shorter(found: re.Match[str]) -> str:
        window, colon, step = found.groups()
        return f"[{duration(window, factor)}{colon or ''}{duration(step, factor) if step else ''}]"

    text = _RANGE.sub(shorter, text)
    text = _OFFSET.sub(lambda found: found[1] + duration(found[2], factor), text)
    if _ABOUT_SECONDS.search(text):
        text = _SECONDS.sub(lambda found: _number(Fraction(int(found[0]), factor)), text)
    return text


def document(content: Any, factor: int = FACTOR) -> Any:
    """A document, read from YAML, whose durations are divided by the factor, those in expressions included."""
    if isinstance(content, dict):
        items = cast("Mapping[str, Any]", content)
        return {key: _value(key, value, factor) for key, value in items.items()}
    if isinstance(content, list):
        return [document(each, factor) for each in cast("list[Any]", content)]
    return content


def _value(key: str, value: Any, factor: int) -> Any:
    if isinstance(value, str):
        if key == "expr":
            return expression(value, factor)
        if _KEYS.fullmatch(key):
            return duration(value, factor)
    return document(value, factor)


def _number(value: Fraction) -> str:
    return f"{float(value):g}"
