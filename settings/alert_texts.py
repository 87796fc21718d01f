"""Whether Prometheus would take an alert's text: it parses all of them when it starts, and starts with no wrong one."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from settings.report import suggest

FUNCTIONS: Final = frozenset(
    {
        "first",
        "graphLink",
        "humanize",
        "humanize1024",
        "humanizeDuration",
        "humanizePercentage",
        "humanizeTimestamp",
        "label",
        "match",
        "printf",
        "query",
        "reReplaceAll",
        "stripDomain",
        "stripPort",
        "tableLink",
        "title",
        "toLower",
        "toUpper",
        "urlQueryEscape",
        "value",
    }
)
"""Functions of the templates of Prometheus 3.13 that an alert's text can need."""
_ACTION: Final = re.compile(r"\{\{(?:- )?(.*?)(?: -)?\}\}", re.DOTALL)
_OPERAND: Final = re.compile(
    r'\$value|\$(?:labels|externalLabels)\.[A-Za-z_]\w*|\$externalURL|"(?:[^"\\\n]|\\[abfnrtv\\"])*"|`[^`]*`|[0-9]+'
)
_RIGHT: Final = 'give $value or $labels.<name>, or a function of them, such as {{ $value | printf "%.2f" }}'
_TOKEN: Final = re.compile(rf"{_OPERAND.pattern}|\w+|\S")


def mistakes(text: str) -> Iterator[str]:
    """What is wrong with the actions of `text`: each is a value, or functions that hand on what they made of values.

    Go's templates can do more, such as `if` and `range`; who needs that in one line of text needs another alert.
    """
    if "{{" in _ACTION.sub("", text):
        yield "has a {{ without its }}; add that"
    for action in _ACTION.findall(text):
        commands: list[list[str]] = [[]]
        for token in _TOKEN.findall(action):
            if token == "|":  # noqa: S105 - a part of a text, and no secret
                commands.append([])
            else:
                commands[-1].append(token)
        wrong = next((wrong for i, command in enumerate(commands) if (wrong := _wrong(command, first=i == 0))), None)
        if wrong is not None:
            yield f"{{{{{action}}}}} cannot stand here: {wrong}"


def _wrong(command: Sequence[str], *, first: bool) -> str | None:
    if first and len(command) == 1 and _OPERAND.fullmatch(command[0]):
        return None
    if not command or not command[0].isalnum():
        return _RIGHT
    name, *values = command
    if name not in FUNCTIONS:
        return f"{name} is no function; {suggest(name, sorted(FUNCTIONS), 'functions')}"
    return None if all(map(_OPERAND.fullmatch, values)) else _RIGHT
