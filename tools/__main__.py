"""`python -m tools list` shows the third-party programs; `python -m tools ensure NAME...` gets them."""

import argparse
import sys

from tools import ToolError, ensure
from tools.getting import available
from tools.table import PROGRAMS
from tools.versions import NOT_ON_PATH


def main() -> int:
    """Run the command line; the exit status is 1 when a program cannot be had."""
    parser = argparse.ArgumentParser(
        prog="python -m tools", description="Third-party programs: what is needed, what is here."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="show every program: pinned version, versions on PATH that are good, where it is")
    wanted = verbs.add_parser("ensure", help="get programs and print their paths")
    wanted.add_argument("name", nargs="+", help=f"one of {', '.join(PROGRAMS)}")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "list":
            _list()
        else:
            for name, path in ensure(*arguments.name).items():
                print(f"{name}\t{path}")
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _list() -> None:
    rows = [("program", "pinned", "good on PATH", "source", "here")]
    for program in PROGRAMS.values():
        source = program.source
        here = available(program)
        good = "-" if program.check == NOT_ON_PATH else program.check.wanted(source.numbers)
        rows.append((program.name, source.version, good, f"{source.kind} {source.name}", str(here or "not yet")))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
