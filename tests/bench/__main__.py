"""`python -m tests.bench`: measure, print a table; it fails only if something that was measured failed."""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median

from sandbox.layout import ROOT
from tests.bench.checkout import Checkout
from tests.bench.measuring import Report, RunError
from tests.bench.workbench import Workbench

_BUDGET = 100
"""Seconds after which no further round of previews, or of ups, is begun."""
_NOTES = """
Times are of the engine's process, from its start to its end, the program's imports included; CPU is that of all
processes but the providers. Every provider, the one of DNS records among them, is a recorded one that runs already: it
keeps what it is given and asks no server. The state is an empty file backend each time, and thrown away. The bare
programs declare what a recorded `up` of this one did: the same types, inputs, secrets, providers and dependencies, as
plain CustomResources. One of them imports the SDK modules that declaring them as typed resources needs; the other shows
what is left without. Whatever this program knows only after an `up` is known to them before.
`make` runs in a copy of the checkout.
"""


def measure_engine(report: Report, folder: Path, stack: str, rounds: int) -> None:
    """Previews with and without policies, and this program against bare ones."""
    bench = Workbench(folder, stack)
    try:
        bare = bench.record()
    except RunError as error:
        report.failures.append(f"up of {stack}: {error}")
        return
    programs = {"bare, without SDKs": bare, "bare": f"{bare}+sdk", "this program": "platform"}
    packs = {"a trivial pack": Path(__file__).parent / "trivial_pack", "policy/": ROOT / "policy"}
    for verb, times in (("preview", rounds), ("up", max(1, rounds - 2))):
        cases = {f"{verb} {stack}: {name}": partial(bench.run, verb, program) for name, program in programs.items()}
        if verb == "preview":
            for name, pack in packs.items():
                cases[f"preview {stack}: this program with {name}"] = partial(bench.run, verb, "platform", pack)
        without, typed, ours, *judged = report.in_turns(cases, times, _BUDGET)
        report.compare(f"{verb}: this program / bare", ours, typed)
        report.compare(f"{verb}: this program / bare, without SDKs", ours, without)
        if judged:
            report.compare("preview: added by policy/ / added by a trivial pack", judged[1], judged[0], base=ours)


def measure_make(report: Report, folder: Path, *, cold: bool, test: bool) -> None:
    """`make` as a person types it."""
    state = "nothing cached" if cold else "tools cached"
    copy = Checkout(folder, cold=cold)
    try:
        report.in_turns({f"make up, new checkout, {state}": partial(copy.make, "up", "STACK=dev")})
        if not cold and not report.failures:
            report.in_turns({"make up, nothing to change": partial(copy.make, "up", "STACK=dev")})
            copy.make("down")
            report.in_turns({"make up after make down": partial(copy.make, "up", "STACK=dev")})
            copy.make("clean")
            report.in_turns({"make up after make clean": partial(copy.make, "up", "STACK=dev")})
    finally:
        copy.make("clean")
    if test:
        (folder / "test").mkdir()
        copy = Checkout(folder / "test", cold=cold)
        report.in_turns({f"make test, new checkout, {state}": partial(copy.make, "test")})


def show(report: Report, on: Mapping[str, object]) -> None:
    """The table."""
    print(", ".join(f"{name} {value}" for name, value in on.items()), end="\n\n")
    print(f"{'seconds':52}{'runs':>5}{'min':>8}{'median':>8}{'max':>8}{'CPU':>8}{'imports':>8}")
    for row in report.rows:
        times = row.values() or [float("nan")]
        cells = f"{len(row.runs):5}{min(times):8.2f}{median(times):8.2f}{max(times):8.2f}"
        extra = (f"{median(values):8.2f}" for what in ("cpu", "imports") if (values := row.values(what)))
        print(f"{row.name:52}{cells}{''.join(extra)}")
    print(f"\n{'ratios of medians':52}")
    for name, value in report.ratios.items():
        print(f"{name:65}{value:8.2f}")
    print(_NOTES)
    for failure in report.failures:
        print(f"FAILED {failure}")


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the platform's cost in time.")
    parser.add_argument("--stack", default="prod", help="stack of the previews and ups (prod)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of previews; two less of ups (5)")
    parser.add_argument("--only", choices=["engine", "make"], help="leave the other half out")
    parser.add_argument("--cold", action="store_true", help="also with nothing cached: half an hour, needs the network")
    parser.add_argument("--test", action="store_true", help="also make test: 10 min, with --cold another 45")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's figures there")
    options = parser.parse_args()
    # Whatever was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    report = Report()
    on = {
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "load at the start": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory(prefix="luxima-bench-") as temporary:
        engine, warm, cold = (Path(temporary) / name for name in ("engine", "warm", "cold"))
        for folder in (engine, warm, cold):
            folder.mkdir()
        if options.only != "make":
            measure_engine(report, engine, options.stack, options.rounds)
        if options.only != "engine":
            measure_make(report, warm, cold=False, test=options.test)
        if options.cold:
            measure_make(report, cold, cold=True, test=options.test)
    show(report, on)
    if options.json:
        options.json.write_text(json.dumps({"machine": on, **asdict(report)}, indent=1) + "\n", encoding="utf-8")
    return 1 if report.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
