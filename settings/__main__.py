"""`python -m settings`: check the stacks' files, without an engine and without secrets, or add a service to each."""

import argparse
import sys
from pathlib import Path

from settings import new_service
from settings.loading import check, stacks, unknown
from settings.new_service import NewServiceError
from settings.report import OWN_FILES, SettingsError, file_name


def main(arguments: list[str] | None = None) -> int:
    """Prints `ok` or all mistakes for each stack; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m settings", description="Settings of the stacks.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="check the files of stacks; secrets need not be set")
    checking.add_argument("stacks", nargs="*", metavar="STACK", help="all that have a file, by default")
    checking.add_argument("--root", type=Path, default=Path.cwd(), help="folder with the Pulumi.<stack>.yaml files")
    adding = commands.add_parser("new-service", help="write a new service into every stack's file of services")
    adding.add_argument("name", help="its name, which is also its host under the stack's domain")
    adding.add_argument("--port", type=int, default=3000, help="TCP port that its container listens on (3000)")
    adding.add_argument("--root", type=Path, default=Path.cwd(), help="folder with the Pulumi.<stack>.yaml files")
    given = parser.parse_args(arguments)
    if given.command == "new-service":
        return _add(given.name, given.port, given.root)
    wrong = False
    for stack in given.stacks or stacks(given.root):
        missing = unknown(stack, given.root)
        if missing:
            wrong = True
            print(f"error: {missing}", file=sys.stderr)
            continue
        try:
            check(stack, given.root)
        except SettingsError as error:
            wrong = True
            print(error, file=sys.stderr)
        else:
            print(f"{', '.join(file_name(area, stack) for area in (None, *OWN_FILES))}: ok")
    return int(wrong)


def _add(name: str, port: int, root: Path) -> int:
    try:
        changed = new_service.add(name, port, root)
    except (SettingsError, NewServiceError) as error:
        print(error if isinstance(error, SettingsError) else f"error: {error}", file=sys.stderr)
        return 1
    print(f"{name} is in {', '.join(str(path.relative_to(root)) for path in changed)}; no image of it is released yet")
    print("next: look at its sizes there, then `make capacity` and `make preview`, each with STACK=")
    for stack in stacks(root):
        print(f"the name servers of {stack} let the guard's key change {check(stack, root).service_fqdn(name)} A too")
    print("see docs/how-to/dns.md; its first image: docs/how-to/rolling.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
