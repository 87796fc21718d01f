"""`python -m settings check [STACK…]`: checks stack and release files, without an engine and without secrets."""

import argparse
import sys
from pathlib import Path

from settings.loading import check, stacks
from settings.report import SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Prints `ok` or all mistakes for each stack; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m settings", description="Settings of the stacks.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="check stack and release files; secrets need not be set")
    checking.add_argument("stacks", nargs="*", metavar="STACK", help="all that have a file, by default")
    checking.add_argument("--root", type=Path, default=Path.cwd(), help="folder with the Pulumi.<stack>.yaml files")
    given = parser.parse_args(arguments)
    wrong = False
    for stack in given.stacks or stacks(given.root):
        try:
            check(stack, given.root)
        except SettingsError as error:
            wrong = True
            print(error, file=sys.stderr)
        else:
            print(f"Pulumi.{stack}.yaml, releases/{stack}.yaml: ok")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
