"""`python -m tests SUITE...` runs suites one after the other, all of them, and ends with a summary.

A suite that fails stops no later one. The last line counts the tests as `N passed, N failed, N skipped`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.table import PROGRAMS

ROOT = Path(__file__).parent.parent

_PYTHON = (sys.executable, "-m")
_PYTEST = (*_PYTHON, "pytest", "-n", "2", "--no-loadscope-reorder")
"""Two at a time: every stack has servers of its own, and with them two end-to-end tests keep two cores busy."""
_BY_FILE = ("--dist", "loadfile")
_SHORT = ("-m", "not long")
_NO_TESTS_COLLECTED = 5
_INTERRUPTED = 130


@dataclass(frozen=True)
class Step:
    """One command of a suite, named as the summary shows it."""

    name: str
    command: Sequence[str]
    counts_tests: bool = False


_READERS = (
    "promtool",
    "alertmanager",
    "amtool",
    "loki",
    "promtail",
    "sloth",
    "traefik",
    "kube-score",
    "cyclonus",
    "deno",
    "postgres",
    "initdb",
    "psql",
    "cert-manager-crds",
    "pod-security-pass",
    "pod-security-fail",
    "go",
)
"""What tests/documents has its documents read by; built before, so that no test waits for a compiler."""

_LATER = ("go", "chromium-headless-shell", "qemu")
"""Got when something needs them: what compiles programs, a browser that only Debian has so, what long tests run."""
_ALL_PROGRAMS = Step(
    "third-party programs", (*_PYTHON, "tools", "ensure", *(name for name in PROGRAMS if name not in _LATER))
)
_END_TO_END = (*_PYTEST, *_BY_FILE, "--durations=20", "--durations-min=5", "tests/e2e")
"""A folder may be one group (tests/e2e/conftest.py). A table of what takes longest closes the run."""

SUITES = {
    "lint": (
        Step("ruff check", (*_PYTHON, "ruff", "check", "--quiet", ".")),
        Step("ruff format", (*_PYTHON, "ruff", "format", "--quiet", "--check", ".")),
        Step("pyright", (*_PYTHON, "pyright", "--pythonpath", sys.executable)),
        Step("import-linter", (str(Path(sys.executable).with_name("lint-imports")), "--no-cache")),
        Step("stack files are right", (*_PYTHON, "settings", "check")),
        Step("settings schema is current", (*_PYTHON, "settings.schema", "--check")),
        Step("policy reference is current", (*_PYTHON, "policy.docs", "--check")),
        Step("every requirement has its proof", (*_PYTHON, "tests.proofs", "--check")),
        Step("reference of the stand-ins is current", (*_PYTHON, "sandbox.providers.reference", "--check")),
        Step("lock files are current", (*_PYTHON, "tools.lock", "--check")),
    ),
    "quick": (
        Step("programs that read documents", (*_PYTHON, "tools", "ensure", *_READERS)),
        Step(
            "unit, policy, documents",
            (*_PYTEST, *_BY_FILE, *_SHORT, "tests/unit", "tests/policy", "tests/documents"),
            True,
        ),
    ),
    "e2e": (_ALL_PROGRAMS, Step("end to end", (*_END_TO_END, *_SHORT), True)),
    "long": (
        _ALL_PROGRAMS,
        Step("the long ones", (*_END_TO_END, "tests/unit", "tests/documents", "tests/policy", "-m", "long"), True),
    ),
}


@dataclass
class Counted:
    """Tests by how they ended."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, report: Path) -> None:
        """Add what a JUnit report counts; a report that is missing adds nothing, its step has failed anyway."""
        if not report.exists():
            return
        written_by_pytest = ElementTree.parse(report)  # noqa: S314 - not from a stranger
        for suite in written_by_pytest.getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            self.failed += bad
            self.skipped += skipped
            self.passed += max(0, int(suite.get("tests", 0)) - bad - skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(names: Sequence[str]) -> int:
    """Run suites and print the summary; the exit status is 0 only if every step of every suite succeeded."""
    steps = [step for name in names for step in SUITES[name]]
    rows: list[str] = []
    counted = Counted()
    succeeded = True
    with tempfile.TemporaryDirectory() as folder:
        for number, step in enumerate(steps):
            print(f"── {step.name}", flush=True)
            report = Path(folder) / f"{number}.xml"
            started = time.monotonic()
            command = [*step.command, f"--junitxml={report}"] if step.counts_tests else list(step.command)
            status = _finish(command)
            counted.add(report)
            succeeded = succeeded and status == 0
            rows.append(f"  {_verdict(status):7} {time.monotonic() - started:6.1f} s  {step.name}")
    print("\n".join(("── summary", *rows)))
    if any(step.counts_tests for step in steps):
        print(counted)
    return 0 if succeeded else 1


def _finish(command: Sequence[str]) -> int:
    """Run a command to its end; Ctrl-C reaches it too, and it is given the time to stop what it started."""
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | _ENVIRONMENT) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise


def _verdict(status: int) -> str:
    return {0: "ok", _NO_TESTS_COLLECTED: "EMPTY"}.get(status, "FAILED")


_ENVIRONMENT = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_GLOBAL_NODE": "off"}
"""Pyright comes with its own Node and does not advertise its newer versions."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run suites of checks, then a summary.")
    parser.add_argument("suite", nargs="+", choices=list(SUITES), help="in the order they are to run")
    try:
        sys.exit(run(parser.parse_args().suite))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
