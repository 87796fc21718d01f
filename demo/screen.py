"""The demo in the terminal: live where that is one, else a line for each step and each verdict."""

import math
import time
from collections import deque
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.model import Run, Second, Verdict, by_second
from demo.page import figures
from sandbox.users import Reply, Users

_BARS: Final = " ▁▂▃▄▅▆▇█"
_SHOWN_SECONDS: Final = 60
_LINES: Final = 4
COLOURS: Final = {"blue": "dodger_blue1", "green": "green3"}


class Screen:
    """What is shown; a block in which it is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._now: tuple[str, float] | None = None
        self._lines: deque[str] = deque(maxlen=_LINES)
        self.users: Users | None = None
        # It is rendered at once.
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begins(self, step: str) -> None:
        """A step begins."""
        self._now = (step, time.monotonic())

    def ended(self, step: str, seconds: float) -> None:
        """It has ended."""
        self._now = None
        self._console.print(Text(f"{seconds:6.1f} s  {step}"), soft_wrap=True)

    def said(self, line: str) -> None:
        """A line of a command."""
        self._lines.append(line)

    def heard(self, verdict: Verdict) -> None:
        """A line of a guard."""
        text = f"{verdict.at:6.1f} s  guard {verdict.guard}, slot {verdict.slot}: {verdict.text}"
        self._console.print(Text(text, style="bold red" if verdict.failing else "cyan"), soft_wrap=True)

    def _render(self) -> RenderableType:
        rows: list[RenderableType] = []
        if self._now is not None:
            step, since = self._now
            rows.append(Text(f"{time.monotonic() - since:6.1f} s  {step} …", style="bold yellow"))
        if self.users is not None and self.users.replies:
            rows.append(_traffic(list(self.users.replies)))
        rows += [Text(f"    {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in self._lines]
        return Group(*rows)


def _traffic(replies: list[Reply]) -> Table:
    lately = [reply for reply in replies if reply.ended > replies[-1].ended - _SHOWN_SECONDS - 1]
    # The last second is not over.
    shown = by_second(lately, lately[0].ended)[:-1]
    table = Table.grid(padding=(0, 2))
    for name, values in {
        "requests/s": [float(each.requests) for each in shown],
        "failed/s": [float(each.failed) for each in shown],
        "p50, ms": [each.p50 or 0 for each in shown],
        "p95, ms": [each.p95 or 0 for each in shown],
    }.items():
        style = "red" if name == "failed/s" and any(values) else ""
        table.add_row(name, Text(sparkline(values), style=style), f"{values[-1] if values else 0:.0f}")
    table.add_row("slots", _share(shown[-1] if shown else None), "")
    table.add_row("requests", f"{len(replies)}, {sum(not reply.good for reply in replies)} failed", "")
    return table


def sparkline(values: list[float]) -> str:
    """Values as bars, the highest one full; what is not zero is seen."""
    most = max(values, default=0) or 1
    return "".join(_BARS[math.ceil(8 * value / most)] for value in values)


def _share(second: Second | None) -> Text:
    text = Text()
    slots = second.slots if second is not None else dict[str, int]()
    for slot, count in slots.items():
        text.append("█" * round(_SHOWN_SECONDS * count / sum(slots.values())), style=COLOURS.get(slot, ""))
    return text


def tell(console: Console, run: Run) -> None:
    """The figures, for people."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for _, name, value in figures(run):
        table.add_row(name, Text(value, style="bold"))
    console.print(table)
