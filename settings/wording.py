"""Turns what pydantic found into sentences for somebody who has never heard of pydantic."""

from collections.abc import Collection, Mapping
from typing import Any, get_origin

from pydantic_core import ErrorDetails

from settings.report import Path, Problem, listed, show, suggest
from settings.shape import Place, place

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}


def explain(error: ErrorDetails, hidden: Collection[str]) -> Problem:
    """One sentence for one finding; no value is shown of the areas in `hidden`, which are secret."""
    is_key = error["loc"][-1:] == ("[key]",)
    path: Path = error["loc"][:-1] if is_key else error["loc"]
    here = place(path)
    shown = "its value" if path[:1] and path[0] in hidden else show(error["input"])
    if error["type"] == "extra_forbidden":
        parent = place(path[:-1])
        return Problem(
            path, f"is not a setting; {suggest(str(path[-1]), parent.fields if parent else (), 'known here')}"
        )
    if error["type"] == "missing":
        return Problem(path, f"is missing; give {_what(here)}")
    if is_key:
        return Problem(path, f"{shown} cannot be a name here; give {_right(error)}")
    if error["type"] in _EXPECTED:
        return Problem(path, _wrong_type(error, here, shown))
    fault = _fault(error) if _kind(error["input"]) in ("a list", "a table") else f"{shown} {_fault(error)}"
    return Problem(path, f"{fault}; give {_right(error)}{_meaning(here)}")


def _fault(error: ErrorDetails) -> str:
    match error["type"]:
        case "greater_than_equal" | "greater_than":
            return "is too small"
        case "less_than_equal" | "less_than":
            return "is too large"
        case "too_short":
            return "has too few entries"
        case "too_long":
            return "has too many entries"
        case "slots":
            return "lacks a slot"
        case _:
            return "is not right"


def _right(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "form":
            return str(context["right"])
        case "literal_error":
            return str(context["expected"]).replace("'", "")
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "less_than":
            return f"less than {context['lt']}"
        case "too_short":
            return f"at least {context['min_length']}"
        case "too_long":
            return f"at most {context['max_length']}"
        case "slots":
            return "both blue and green"
        case _:
            return "another value"


def _wrong_type(error: ErrorDetails, here: Place | None, shown: str) -> str:
    value: object = error["input"]
    expected = _EXPECTED[error["type"]]
    if value is None:
        return f"is empty; give {_what(here)}"
    if error["type"] in ("int_type", "float_type") and isinstance(value, str) and _is_number(value):
        return f"{shown} is text, not {expected}; write {value.strip()} without quotes"
    if error["type"] == "string_type" and isinstance(value, int | float) and shown != "its value":
        return f'{shown} is {_kind(value)}, not text; put it in quotes: "{shown}"'
    if _kind(value) in ("a list", "a table"):
        return f"is {_kind(value)}, not {expected}; give {_what(here)}"
    if here and here.fields:
        return f"{shown} is {_kind(value)}, not a table; give {_what(here)}"
    return f"{shown} is {_kind(value)}, not {expected}; give {expected}{_meaning(here)}"


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int():
            return "a whole number" if abs(value) < 2**63 else "far too large"
        case float():
            return "a number with a fraction"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a table"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _what(here: Place | None) -> str:
    """What belongs into a place: `a table with bridge, vlan and cidr`, `its value (memory, in MiB)`."""
    if here is None:
        return "a value"
    if here.fields:
        return f"a table with {listed(here.fields)}"
    if get_origin(here.kind) is tuple:
        return f"a list ({_lower(here.description)})"
    return f"its value ({_lower(here.description)})" if here.description else "a table"


def _meaning(here: Place | None) -> str:
    return f" ({_lower(here.description)})" if here and here.description else ""


def _lower(text: str) -> str:
    """The description inside a sentence; names such as VLAN keep their capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
