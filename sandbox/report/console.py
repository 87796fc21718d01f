"""Where text goes: results to stdout, everything on the way to stderr."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPE_COLUMNS = 120

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
    """A table as a part of the result; what is in the last column is wrapped to the width of the terminal.

    Args:
        columns: The headings.
        rows: Cells; all but the last of a row are shown in one line, however narrow the terminal is.
        title: Said before it.
    """
    if title:
        tell(title, "bold")
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns[:-1]:
        made.add_column(column, no_wrap=True, overflow="ignore", justify="right" if column == "count" else "left")
    made.add_column(columns[-1])
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    *fixed, last = zip(columns, *rows, strict=True)
    least = sum(max(map(len, cells)) + 2 for cells in fixed) + max(len(word) for cell in last for word in cell.split())
    wide = Console(highlight=False, width=max(_out.width if _out.is_terminal else _PIPE_COLUMNS, least + 2))
    with wide.capture() as said:
        wide.print(made)
    for line in said.get().splitlines():
        tell(line.rstrip())
