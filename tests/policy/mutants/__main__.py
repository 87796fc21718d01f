"""`python -m tests.policy.mutants` breaks every stack and says what the rules did not notice; `make policy-mutants`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from tests.recording import STACKS

from .engine import Judge, Mutant, Verdict, counted, mutants, platform


def judged(stack: str, *, first_only: bool = False, kind: str = "") -> list[Verdict]:
    """The verdicts on a stack's mutants; a process for each core."""
    platform(stack)
    parts = os.cpu_count() or 1
    context = multiprocessing.get_context("fork")
    with context.Pool(parts) as pool:
        arguments = [(stack, first_only, kind, number, parts) for number in range(parts)]
        return [verdict for part in pool.starmap(_part, arguments) for verdict in part]


def _part(stack: str, first_only: bool, kind: str, number: int, parts: int) -> list[Verdict]:
    judge = Judge(stack)
    found: list[Verdict] = []
    for index, mutant in enumerate(mutants(stack, first_only=first_only)):
        if index % parts == number and (not kind or mutant.kind == kind):
            verdict = judge.judge(mutant)
            found.append(Verdict(_light(mutant), verdict.outcome, verdict.by))
    return found


def _light(mutant: Mutant) -> Mutant:
    """The mutant without what it is made of, which nobody has to carry between processes."""
    return replace(mutant, build=_gone)


def _gone() -> None:
    """No resource."""


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines with the counts by kind."""
    lines = [f"{'kind':24} {'made':>6} {'caught':>7} {'equivalent':>11} {'survived':>9}"]
    total = [0, 0, 0, 0]
    for kind, count in counted(verdicts).items():
        row = [count.made, count.caught, count.equivalent, count.survived]
        total = [left + right for left, right in zip(total, row, strict=True)]
        lines.append(f"{kind:24} {row[0]:6} {row[1]:7} {row[2]:11} {row[3]:9}")
    lines.append(f"{'all':24} {total[0]:6} {total[1]:7} {total[2]:11} {total[3]:9}")
    return lines


def main() -> int:
    """Run, print, and fail if anything survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.policy.mutants", description=__doc__)
    parser.add_argument("--stack", action="append", choices=STACKS, help="more than once for several; all by default")
    parser.add_argument("--kind", default="", help="only mutants of this kind")
    parser.add_argument("--sample", action="store_true", help="only the first of each row and operator")
    parser.add_argument("--reasons", action="store_true", help="also list the equivalent ones, with the reason")
    options = parser.parse_args()
    survived = 0
    for stack in options.stack or STACKS:
        started = time.monotonic()
        verdicts = judged(stack, first_only=options.sample, kind=options.kind)
        print(f"stack {stack}: {len(verdicts)} mutants in {time.monotonic() - started:.1f} s")
        print("\n".join(table(verdicts)))
        for each in verdicts:
            if each.outcome == "survived":
                survived += 1
                print(f"  survived: {each.mutant.title}")
            elif each.outcome == "equivalent" and options.reasons:
                print(f"  equivalent: {each.mutant.title}: {each.by}")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
