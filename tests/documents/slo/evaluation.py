"""Rules evaluated by promtool over series that a test makes: what an expression gives at a time."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.observability.rules.model import Group, Links
from components.text import to_yaml
from tools import ensure

LINKS = Links("https://runbooks.example.org", "https://grafana.example.org")
_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)?\{(?P<labels>[^{}]*)\} (?P<value>[-+]?(?:Inf|NaN|[\d.]+E[-+]\d+))")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def promtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ensure("promtool")["promtool"]), *arguments]
    # Memory is looked through more rarely, for which a fifth of the time was spent.
    environment = os.environ | {"GOGC": "400"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def write_rules(groups: Sequence[Group], path: Path) -> Path:
    path.write_text(to_yaml({"groups": [group.document(LINKS) for group in groups]}))
    return path


def run_case(case: Path, rules: Mapping[str, Sequence[Group]], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a file of cases beside the rule files that it names."""
    for name, groups in rules.items():
        write_rules(groups, folder / name)
    (folder / case.name).write_text(case.read_text())
    return promtool("test", "rules", case.name, cwd=folder)


@dataclass(frozen=True)
class World:
    """Series from time 0 on, and rules over them."""

    rule_files: Sequence[Path]
    series: Mapping[str, str]
    """Series to its values in promtool's notation."""
    interval: str
    """Step of the values."""
    evaluation: str
    """Step of the rules."""
    order: Sequence[str] = ()
    """Names of groups in the order in which they need each other; promtool takes any order otherwise."""

    def ask(self, folder: Path, asks: Sequence[tuple[str, str]]) -> list[dict[frozenset[tuple[str, str]], float]]:
        """For each (expression, time) what it gives: labels to value, in the order of `asks`."""
        document: dict[str, Any] = {
            "rule_files": [str(path) for path in self.rule_files],
            "evaluation_interval": self.evaluation,
            **({"group_eval_order": list(self.order)} if self.order else {}),
            "tests": [
                {
                    "interval": self.interval,
                    "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
                    # Nothing is expected, so promtool tells what it got; the label says of which question.
                    "promql_expr_test": [
                        {
                            "expr": f'label_replace({expr}, "ask", "{number}", "", "")',
                            "eval_time": time,
                            "exp_samples": [],
                        }
                        for number, (expr, time) in enumerate(asks)
                    ],
                }
            ],
        }
        (folder / "asked.yml").write_text(to_yaml(document))
        done = promtool("test", "rules", "asked.yml", cwd=folder)
        output = done.stdout + done.stderr
        assert ", err: " not in output and "yaml:" not in output, output[:2000]  # noqa: PT018 - one thing
        answers: list[dict[frozenset[tuple[str, str]], float]] = [{} for _ in asks]
        for sample in _SAMPLE.finditer(output):
            labels = dict(_LABEL.findall(sample["labels"]))
            number = int(labels.pop("ask"))
            answers[number][frozenset(labels.items())] = float(sample["value"])
        return answers
