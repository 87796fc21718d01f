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

from sandbox.faults import SandboxError
from sandbox.layout import ROOT
from tests.bench import scale
from tests.bench.checkout import Checkout
from tests.bench.measuring import Report, RunError
from tests.bench.workbench import Workbench
from tools import ToolError

_SCALE = (100, 1000)
"""Services beside those of the stack, few and many."""
_BUDGET = 80
"""Seconds after which no further round of previews, or of ups, is begun."""
_NOTES = """
docs/reference/benchmarks.md says how to read this. Previews and ups: the engine's process from start to end, against
recorded providers that run already, DNS included, and an empty file backend that is thrown away.
"""


def measure_engine(report: Report, folder: Path, stack: str, rounds: int) -> None:
    """Previews with and without policies, and this program against bare ones."""
    bench = Workbench(folder, stack)
    try:
        bare = bench.record()
    except RunError as error:
        report.failures.append(f"up of {stack}: {error}")
        return
    programs = {"bare, without SDKs": bare, "bare": f"{bare}+sdk", "this program": bench.platform}
    packs = {"a trivial pack": Path(__file__).parent / "trivial_pack", "policy/": ROOT / "policy"}
    cases = {f"preview {stack}: {name}": partial(bench.run, "preview", program) for name, program in programs.items()}
    for name, pack in packs.items():
        cases[f"preview {stack}: this program with {name}"] = partial(bench.run, "preview", bench.platform, pack)
    without, typed, ours, trivial, policy = report.in_turns(cases, rounds, _BUDGET)
    report.compare("preview: this program / bare", ours, typed)
    report.compare("preview: this program / bare, without SDKs", ours, without)
    report.compare("preview: added by policy/ / added by a trivial pack", policy, trivial, base=ours)
    del programs["bare, without SDKs"]
    cases = {f"up {stack}: {name}": partial(bench.run, "up", program) for name, program in programs.items()}
    for name, program in programs.items():
        cases[f"up {stack}, state at the end: {name}"] = partial(bench.run, "up", program, at_the_end=True)
    typed, ours, typed_once, ours_once = report.in_turns(cases, max(1, rounds - 2), _BUDGET)
    report.compare("up: this program / bare", ours, typed)
    report.compare("up, state at the end: this program / bare", ours_once, typed_once)


def measure_scale(report: Report, folder: Path) -> None:
    """Processor time of a preview for each resource, with few services and with many."""
    cases = {
        f"preview dev with {count} more services, policy/": partial(
            Workbench(folder / f"engine-{count}", scale.STACK, scale.make(folder / f"checkout-{count}", count)).run,
            "preview",
            str(folder / f"checkout-{count}" / "__main__.py"),
            ROOT / "policy",
        )
        for count in _SCALE
    }
    report.each_resource("processor time a resource, many services / few", report.in_turns(cases))


def measure_make(report: Report, folder: Path, *, cold: bool, test: bool) -> None:
    """`make` as a person types it."""
    found = "nothing cached" if cold else "tools cached"
    copy = Checkout(folder, cold=cold)
    up = partial(copy.make, "up", "STACK=dev")
    try:
        report.in_turns({f"make up, new checkout, {found}": up})
        if not cold and not report.failures:
            report.in_turns({"make up, nothing to change": up})
            report.in_turns({"make down": partial(copy.make, "down")})
            report.in_turns({"make up after make down": up})
            report.in_turns({"make preview STACK=prod": partial(copy.make, "preview", "STACK=prod")})
    finally:
        if copy.used:
            report.in_turns({f"make clean, {found}": partial(copy.make, "clean")})
    if test:
        (folder / "test").mkdir()
        copy = Checkout(folder / "test", cold=cold)
        report.in_turns({f"make test, new checkout, {found}": partial(copy.make, "test")})


def show(report: Report, on: Mapping[str, object]) -> None:
    """The table."""
    print(", ".join(f"{name} {value}" for name, value in on.items()), end="\n\n")
    print(f"{'seconds':52}{'runs':>6}{'min':>8}{'median':>8}{'max':>8}{'imports':>9}")
    for name, runs in report.runs.items():
        times = [run["seconds"] for run in runs] or [float("nan")]
        imports = [f"{median(run['imports'] for run in runs):9.2f}"] if runs and "imports" in runs[0] else []
        print(f"{name:52}{len(runs):6}{min(times):8.2f}{median(times):8.2f}{max(times):8.2f}", *imports, sep="")
    print("\nratios of medians")
    for name, value in report.ratios.items():
        print(f"{name:66}{value:8.2f}")
    print(_NOTES)
    for failure in report.failures:
        print(f"FAILED {failure}")


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the platform's cost in time.")
    parser.add_argument("--stack", default="prod", help="stack of the previews and ups (prod)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of previews; two less of ups (5)")
    parser.add_argument("--only", choices=["engine", "make"], help="leave the other half out")
    parser.add_argument("--scale", action="store_true", help="only previews of 100 and of 1,000 services: 15 min")
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
        if options.scale:
            measure_scale(report, engine)
        elif options.only != "make":
            measure_engine(report, engine, options.stack, options.rounds)
        if options.only != "engine" and not options.scale:
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
    except (SandboxError, ToolError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
