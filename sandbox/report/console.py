"""Where text goes: results to stdout, everything on the way to stderr."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_out = Console(highlight=False, soft_wrap=True)
_err = Console(highlight=False, soft_wrap=True, stderr=True)


def say(text: str, style: str = "") -> None:
    """Something on the way."""
    _err.print(Text(text, style=style))


def tell(text: str = "", style: str = "") -> None:
    """A part of the result."""
    _out.print(Text(text, style=style))


def fault(text: str) -> None:
    """An error, as its own explanation."""
    _err.print(Text("error: ", style="bold red") + Text(text))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """A table as a part of the result; complete in a pipe, however narrow the terminal is."""
    if title:
        tell(title, "bold")
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=True, overflow="ignore", justify="right" if column == "count" else "left")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    width = max((sum(len(cell) + 2 for cell in row) for row in rows), default=0)
    Console(file=sys.stdout, highlight=False, width=max(width + 40, 80)).print(made)
