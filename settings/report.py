"""What is wrong with settings, as sentences: which setting, what it is, what would be right."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a setting is: area, keys and list positions."""

SERVICES = "services"
RELEASES = "releases"
OWN_FILES = (SERVICES, RELEASES)
"""Areas with a file of their own for each stack, `<area>/<stack>.yaml`. All others are in the stack file."""

_SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    text: str
    line: int | None = None
    """Line of the file the setting is in, where that is known."""
    file: str | None = None
    """The file, from the checkout's root on, where it is no file of a stack."""

    @property
    def own_file(self) -> str | None:
        """The area whose own file the setting is in; None for the stack file."""
        return own_file(self.path)

    def __str__(self) -> str:
        where = [] if self.line is None else [f"line {self.line}"]
        if shown := show_path(self.path):
            where.append(shown)
        return ": ".join([*where, self.text])


class SettingsError(Exception):
    """Settings that cannot be used. `str()` is the full report; `problems` holds one entry per mistake."""

    def __init__(self, stack: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 mistake" if len(self.problems) == 1 else f"{len(self.problems)} mistakes"
        lines = [f"The settings of stack {stack} have {count}; nothing was changed."]
        files = [problem.file or file_name(problem.own_file, stack) for problem in self.problems]
        for file in dict.fromkeys([*(file_name(area, stack) for area in (None, *OWN_FILES)), *files]):
            here = [f"  {problem}" for problem, of in zip(self.problems, files, strict=True) if of == file]
            if here:
                lines += [f"{file}:", *here]
        super().__init__("\n".join(lines))


def file_name(area: str | None, stack: str) -> str:
    """The file that holds an area, as it is called in the checkout; None is the stack file."""
    return f"Pulumi.{stack}.yaml" if area is None else f"{area}/{stack}.yaml"


def own_file(path: Path) -> str | None:
    """The area of `path` when it has a file of its own."""
    return next((area for area in OWN_FILES if path[:1] == (area,)), None)


def show_path(path: Path) -> str:
    """A path in the user's notation, as the file has it: luxima:compute.vms.docker-1.memory_mib, storefront.host."""
    text = ""
    own = own_file(path) is not None
    for part in path[1:] if own else path:
        if isinstance(part, str) and re.fullmatch(r"[\w-]+", part, re.ASCII):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return text if own or not path else f"luxima:{text}"


def show(value: object) -> str:
    """A value as the user wrote it, short; what looks like a secret in the wrong place is left out."""
    if isinstance(value, str) and "PRIVATE KEY" in value:
        return "a private key"
    if isinstance(value, str):
        text = re.sub(r"://[^/\s]*@", "://…@", value)
        if len(text) > _SHOWN_CHARACTERS:
            text = f"{text[:_SHOWN_CHARACTERS]}…"
        quoted = json.dumps(text, ensure_ascii=False)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in quoted)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value)


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    *head, tail = [str(word) for word in words] or ["nothing"]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def suggest(word: str, known: Iterable[str], what: str) -> str:
    """`did you mean storefront?`, or all that are known when none is near."""
    options = list(known)
    near = nearest(word, options)
    if near is not None:
        return f"did you mean {near}?"
    return f"{what}: {listed(options)}" if options else f"there is no {what}"
