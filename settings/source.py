"""Reads a YAML file the way the engine does, and remembers on which line every setting is.

The engine's rules are YAML 1.2's for words (`on` and `yes` are text) and YAML 1.1's for numbers (010 is octal).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import cast

import yaml

from settings.report import Path, Problem

_WORDS: Mapping[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
_INTEGER = re.compile(r"[-+]?([0-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass
class Document:
    """What a file holds."""

    data: object = None
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    """Line of each setting, from 1 on."""
    problems: list[Problem] = field(default_factory=list[Problem])
    """What YAML lets pass, though it is never meant: a key twice, a number with a leading 0; or that it is no YAML."""

    def line(self, path: Path) -> int | None:
        """Line of the setting, or of the innermost table around it that the file has."""
        return next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)


Naming = Callable[[Path], Path]
"""Gives the setting that is at a place of a file; () for what is no setting."""


def _hint(error: yaml.MarkedYAMLError) -> str:
    """What usually makes a file end too early."""
    return "; a bracket or quote is probably not closed" if "<stream end>" in str(error.problem) else ""


def read(file: File, setting: Naming) -> Document:
    """Content of `file`, whose places are called as `setting` says."""
    document = Document()
    try:
        text = file.read_text(encoding="utf-8")
        node = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        document.problems.append(Problem(setting(()), f"the file is not YAML: {error.problem}{_hint(error)}", line))
    except (yaml.YAMLError, UnicodeDecodeError):
        document.problems.append(Problem(setting(()), "the file is not YAML in UTF-8"))
    except FileNotFoundError:
        document.problems.append(Problem(setting(()), "the file is missing"))
    except OSError as error:
        document.problems.append(Problem(setting(()), f"the file cannot be read: {error.strerror}"))
    else:
        document.data = None if node is None else _Builder(document, setting).build(node, ())
    return document


@dataclass(frozen=True)
class _Builder:
    document: Document
    setting: Naming

    def build(self, node: yaml.Node, place: Path) -> object:
        self.document.lines.setdefault(self.setting(place), node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._table(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        text = str(node.value)
        if isinstance(node, yaml.ScalarNode) and node.style is not None:
            return text
        value = _plain(text)
        path = self.setting(place)
        if path and isinstance(value, int) and _LEADING_ZERO.fullmatch(text):
            decimal = int(text.replace("_", ""))
            meant = f"write {value}" if decimal == value else f"write {decimal}, or {value} if that is meant"
            octal = f"{text} has a leading 0, with which a number can be read as octal; {meant}"
            self.document.problems.append(Problem(path, octal, node.start_mark.line + 1))
        return value

    def _table(self, node: yaml.MappingNode, place: Path) -> dict[str, object]:
        table: dict[str, object] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in table:
                twice = f"{name} is there twice, first on line {first[name]}; remove one of them"
                self.document.problems.append(Problem(self.setting((*place, name)), twice, line))
                continue
            first[name] = line
            self.document.lines[self.setting((*place, name))] = line
            table[name] = self.build(value, (*place, name))
        return table


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        digits = text.replace("_", "")
        if _LEADING_ZERO.fullmatch(text):
            return int(digits, 10 if re.search("[89]", digits) else 8)
        return int(digits, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return int(number) if number.is_integer() else number
    return text
