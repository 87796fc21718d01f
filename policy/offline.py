"""Judges a state or a plan in a file: `python -m policy.offline FILE`, without an engine and without a program.

FILE is what `pulumi stack export --show-secrets` or `pulumi preview --json` writes, of any program. A value that is
encrypted in it, or not known yet, is listed and does not fail: the engine judges it when it knows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .exemptions import EXEMPTIONS
from .judging import Declared, Level, Rule, Subject
from .table import RULES
from .values import UNKNOWNS, Finding

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks one, is none
_UNKNOWN = sorted(UNKNOWNS)[0]
_SARIF_LEVELS = {Level.MANDATORY: "error", Level.ADVISORY: "warning"}


@dataclass(frozen=True, slots=True)
class Said:
    """One finding, by the rule that made it."""

    rule: Rule
    level: Level
    finding: Finding

    @property
    def stops(self) -> bool:
        """Whether an update would be stopped for it."""
        return self.level is Level.MANDATORY and not self.finding.unknown


def _plain(value: Any) -> Any:
    """The value with secrets unwrapped; what is encrypted, or an asset, is not known."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        if _SIGNATURE in entries:
            if entries[_SIGNATURE] == _SECRET and "plaintext" in entries:
                return json.loads(entries["plaintext"])
            return _UNKNOWN
        return {key: _plain(entry) for key, entry in entries.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[Any]", value)]
    return value


def declared(document: Mapping[str, Any]) -> Iterator[Declared]:
    """The resources of an exported state, or those that a plan would leave.

    Raises:
        ValueError: When the document is neither.
    """
    if "deployment" in document:
        resources: list[Any] = document["deployment"].get("resources") or []
    elif "steps" in document:
        resources = [step["newState"] for step in document["steps"] if step.get("newState")]
    else:
        raise ValueError(
            "has neither a deployment nor steps: give what `pulumi stack export` or `preview --json` wrote"
        )
    for each in resources:
        urn = str(each["urn"])
        refers = cast("dict[str, list[str]]", each.get("propertyDependencies") or {})
        if not each.get("delete"):
            yield Declared(
                Subject(str(each["type"]), urn.rpartition("::")[2], urn),
                _plain(each.get("inputs") or {}),
                bool(each.get("protect")),
                {name: tuple(urns) for name, urns in refers.items()},
            )


def judge(resources: Sequence[Declared], stack: str) -> list[Said]:
    """What the rules say, as they are enforced in a stack of this name."""
    return [
        Said(rule, rule.level(stack), finding)
        for rule in RULES
        if rule.level(stack) is not Level.OFF
        for finding in rule.judge(resources, EXEMPTIONS)
    ]


def markdown(said: Sequence[Said]) -> str:
    """A table for a pull request."""
    stopping = sum(each.stops for each in said)
    lines = [f"### Policies: {stopping} to mend", "", "| rule | level | what is wrong |", "|---|---|---|"]
    lines += [
        f"| `{each.rule.name}` | {_word(each)} | {each.rule.message(each.finding).replace('|', chr(92) + '|')} |"
        for each in said
    ]
    return "\n".join(lines if said else lines[:1]) + "\n"


def _word(said: Said) -> str:
    return "not known" if said.finding.unknown else said.level.value


def sarif(said: Sequence[Said], file: str) -> str:
    """The findings in the Static Analysis Results Interchange Format 2.1.0."""
    results = [
        {
            "ruleId": each.rule.name,
            "level": "note" if each.finding.unknown else _SARIF_LEVELS[each.level],
            "message": {"text": each.rule.message(each.finding)},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": {"uri": file}},
                    "logicalLocations": [{"fullyQualifiedName": f"{each.finding.subject.urn}#{each.finding.path}"}],
                }
            ],
        }
        for each in said
    ]
    rules = [{"id": each.name, "shortDescription": {"text": each.says}} for each in RULES]
    run = {"tool": {"driver": {"name": "luxima-policy", "rules": rules}}, "results": results}
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; exit 1 when an update would be stopped, 2 when the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m policy.offline", description=__doc__)
    parser.add_argument("file", type=Path, help="an exported state, or a plan")
    parser.add_argument("--stack", default="", help="dev is judged more leniently; by default the strictest")
    parser.add_argument("--format", choices=("text", "markdown", "sarif"), default="text")
    options = parser.parse_args(arguments)
    try:
        resources = list(declared(json.loads(options.file.read_text(encoding="utf-8"))))
    except OSError as error:
        sys.stderr.write(f"error: {options.file} cannot be read: {error.strerror}; make policy STATE=state.json\n")
        return 2
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"error: {options.file}: {error}\n")
        return 2
    said = judge(resources, options.stack)
    if options.format == "sarif":
        sys.stdout.write(sarif(said, options.file.name))
    elif options.format == "markdown":
        sys.stdout.write(markdown(said))
    else:
        for each in said:
            sys.stdout.write(f"[{_word(each)}] {each.rule.name}: {each.rule.message(each.finding)}\n")
        sys.stdout.write(
            f"{len(resources)} resources, {sum(each.stops for each in said)} findings that stop an update\n"
        )
    return 1 if any(each.stops for each in said) else 0


if __name__ == "__main__":
    sys.exit(main())
