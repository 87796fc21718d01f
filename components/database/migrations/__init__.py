"""Schema `internal`, as SQL migrations beside this file."""

from importlib.resources import files


def migrations() -> dict[str, str]:
    """The migrations by file name, in the order in which they are to be run.

    Each can be run again without harm. They need PostgreSQL 15 or newer, and a role that may create roles.
    """
    folder = files(__name__)
    scripts = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name[-4:] == ".sql"}
    return dict(sorted(scripts.items()))
