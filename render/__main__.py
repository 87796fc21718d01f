"""`python -m render WHAT`: what a stack is made of, for people and other programs."""

import argparse
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components import edge
from components.database import migrations
from components.observability import documents, postmortem
from render import flows, machines, secrets
from render.versions import ending, table
from settings import Settings, SettingsError, capacity
from settings.loading import check, unknown

_MARK = ".luxima-render"
"""Marks a folder that was written by this command, so that nothing else is ever removed."""


def write_documents(settings: Settings, out: Path) -> int:
    """Write every document below `out`; what an earlier call wrote there and is no longer made goes.

    Raises:
        FileExistsError: When the folder has files that this command did not write.
    """
    mark = out / _MARK
    if out.exists() and any(out.iterdir()) and not mark.exists():
        raise FileExistsError(f"{out} is not empty and was not written by make render: name another folder with OUT=")
    rooms = {"database": migrations(), "edge": edge.documents(settings)}
    below = {f"{room}/{name}": text for room, found in rooms.items() for name, text in found.items()}
    found = {**documents(settings), **below}
    before = mark.read_text(encoding="utf-8").splitlines() if mark.exists() else []
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text("\n".join([*found, *(name for name in before if name not in found)]), encoding="utf-8")
    for name in before:
        if name not in found:
            (out / name).unlink(missing_ok=True)
    for name, text in found.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    mark.write_text("\n".join(found), encoding="utf-8")
    return len(found)


def show_capacity(settings: Settings) -> None:
    """Print every computed size with its formula and source; settings in which one does not fit are refused before."""
    for row in capacity.table(settings):
        limit = "" if row.limit is None else f" of {row.limit:,.1f} ({row.setting})"
        print(f"  {row.name}: {row.value:,.1f}{limit} {row.unit}")
        for text in (row.formula, f"source: {row.source}"):
            print(textwrap.fill(text, 120, initial_indent="      ", subsequent_indent="      "))


def show_versions(settings: Settings, days: int | None) -> int:
    """Print the table of versions; 1 when one of them is supported for fewer days than asked for."""
    print("\n".join(table(settings)))
    if days is None:
        return 0
    ends = ending(settings, datetime.now(UTC).date() + timedelta(days))
    for sentence in ends:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if ends else 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 1 when the settings are wrong or the folder is taken."""
    parser = argparse.ArgumentParser(prog="python -m render", description="Look at what a stack is made of.")
    parser.add_argument(
        "what",
        choices=["documents", "capacity", "versions", "flows", "machines", "secrets", "postmortem"],
        help="files for other programs, computed sizes, what of others it runs, who talks to whom, what runs where, "
        "its secrets, "
        "a page to fill in",
    )
    parser.add_argument("--stack", default="dev", help="the stack (dev)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder that documents are written to")
    parser.add_argument(
        "--warn", type=int, metavar="DAYS", help="fail when support of a version ends within these days"
    )
    parser.add_argument("--alert", metavar="NAME", help="alert that the post-mortem is of")
    given = parser.parse_args(arguments)
    missing = unknown(given.stack, Path.cwd())
    if missing:
        print(f"error: {missing}", file=sys.stderr)
        return 1
    if given.what == "documents" and given.out is None:
        return _unnamed("the folder: make render OUT=DIR")
    if given.what == "postmortem" and given.alert is None:
        return _unnamed("the alert: make postmortem ALERT=NAME")
    try:
        settings = check(given.stack, Path.cwd())
        if given.what == "capacity":
            show_capacity(settings)
            return 0
        if given.what == "versions":
            return show_versions(settings, given.warn)
        if given.what == "flows":
            print("\n".join(flows.table(settings)))
            return 0
        if given.what == "machines":
            print("\n".join(machines.table(settings)))
            return 0
        if given.what == "secrets":
            print("\n".join(secrets.table(settings)))
            return 0
        if given.what == "postmortem":
            print("\n".join(postmortem(settings, given.alert)))
            return 0
        count = write_documents(settings, given.out)
    except (SettingsError, OSError, LookupError) as error:
        print(error if isinstance(error, SettingsError) else f"error: {error}", file=sys.stderr)
        return 1
    print(f"{count} documents of stack {given.stack} are in {given.out}")
    return 0


def _unnamed(what: str) -> int:
    print(f"error: name {what}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
