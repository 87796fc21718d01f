"""The timeline of a run as one SVG: steps, requests, errors, latency, share of slots, switches and verdicts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from demo.model import Run

WIDTH: Final = 960
LEFT: Final = 66
RIGHT: Final = 14
_GAP: Final = 26
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#334}.s{font-size:11px}.h{font-size:17px;font-weight:600}"
    ".g{stroke:#dde2ea}.requests{fill:#9db0cc}.failed{fill:#d43a3a}.p50,.p95{fill:none;stroke:#6b4fbb;stroke-width:1.5}"
    ".p95{stroke:#e08a1e}.blue{fill:#3b7ddd}.green{fill:#2ba46a}.mark{stroke:#334;stroke-dasharray:3 3}"
    ".bad{stroke:#d43a3a;stroke-width:1.5}"
)


@dataclass(frozen=True)
class Lane:
    """A strip of the chart with an axis of its own."""

    name: str
    title: str
    """In SVG."""
    height: float
    most: float
    top: float

    def y(self, value: float) -> float:
        """Where a value is."""
        return round(self.top + self.height * (1 - min(value, self.most) / self.most), 1)


def nice(value: float) -> float:
    """The least of 1, 2, 5, 10, 20, … that is not under a value: the end of an axis."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


class Chart:
    """The chart of a run."""

    def __init__(self, run: Run, *, headline: bool = False) -> None:
        """Lay it out.

        Args:
            run: What is shown.
            headline: Whether it says by itself what it is, as a picture does.
        """
        self._run, self._headline = run, headline
        self.lasted = max(len(run.seconds), 1)
        self._top = 62.0 if headline else 6.0
        top = self._top + 98
        lanes: list[Lane] = []
        p50, p95 = _word("p50", "#6b4fbb"), _word("p95", "#c8760f")
        blue, green = _word("blue", "#3b7ddd"), _word("green", "#2ba46a")
        for name, title, height, most in (
            ("requests", "requests per second", 70, max((each.requests for each in run.seconds), default=0)),
            ("failed", "failed requests per second", 46, max((each.failed for each in run.seconds), default=0)),
            ("latency", f"latency in ms: {p50} and {p95}", 90, max((each.p95 or 0 for each in run.seconds), default=0)),
            ("slots", f"answers by slot in %: {blue} and {green}", 56, 100),
        ):
            lanes.append(Lane(name, title, height, nice(most), top))
            top += height + _GAP
        self.lanes = {lane.name: lane for lane in lanes}
        self.height = round(top + 6)

    def x(self, at: float) -> float:
        """Where a moment is."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(max(at, 0), self.lasted) / self.lasted, 1)

    def svg(self) -> str:
        """The whole picture."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" id="timeline" viewBox="0 0 {WIDTH} {self.height}" role="img" '
            f'aria-label="Timeline of a run of make demo"><style>{_STYLE}</style>',
            f'<rect width="{WIDTH}" height="{self.height}" rx="6" fill="#fff"/>',
            *(self._head() if self._headline else ()),
            *self._steps(),
            *(part for lane in self.lanes.values() for part in self._axis(lane)),
            *self._series(),
            *self._ticks(),
            *self._marks(),
            "</svg>",
        ]
        return "\n".join(parts)

    def _head(self) -> Iterable[str]:
        found = self._run.figures
        yield _text(LEFT, 26, "make demo: a good release, and a bad one that the guard takes back", "h")
        verdict = "no verdict" if found.to_verdict is None else f"verdict after {found.to_verdict:.1f} s"
        last = "" if found.to_last_bad is None else f", its last answer {found.to_last_bad:.1f} s later"
        said = (
            f"{found.requests} requests, {found.lost} lost; bad version: {found.failed_by_bad} failed, {verdict}{last}"
        )
        yield _text(LEFT, 46, f"{said}; ended early: {self._run.fault}" if self._run.fault else said)

    def _steps(self) -> Iterable[str]:
        """Each step as a box, as wide as it took."""
        for number, step in enumerate(each for each in self._run.steps if each.at + each.seconds > 0):
            left, right = self.x(step.at), self.x(step.at + step.seconds)
            shade = "#f6e3e3" if step.name.startswith("bad") else "#e3f1e9" if step.name.startswith("good") else "#eee"
            yield (
                f'<rect x="{left}" y="{self._top}" width="{max(right - left - 1, 1):.1f}" height="34" rx="3" '
                f'fill="{shade}"><title>{escape(step.name)}: {step.seconds:.1f} s</title></rect>'
            )
            # What has not enough room for its name is told by its title.
            for row, word in enumerate(step.name.split(": ")):
                if right - left > 6.5 * len(word) + 6:
                    yield _text(left + 4, self._top + 14 + 14 * row, word, "s", f"step-{number}-{row}")

    def _axis(self, lane: Lane) -> Iterable[str]:
        yield f'<text class="s" x="{LEFT}" y="{lane.top - 6}">{lane.title}</text>'
        for value in (0, lane.most):
            y = lane.y(value)
            yield f'<path class="g" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
            yield f'<text class="s" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>'

    def _series(self) -> Iterable[str]:
        seconds = self._run.seconds
        if not seconds:
            return
        yield self._area("requests", "requests", [each.requests for each in seconds])
        yield self._area("failed", "failed", [each.failed for each in seconds])
        yield self._line("p50", [each.p50 for each in seconds])
        yield self._line("p95", [each.p95 for each in seconds])
        totals = [sum(each.slots.values()) for each in seconds]
        for name, counted in (("green", ("blue", "green")), ("blue", ("blue",))):
            counts = [sum(each.slots.get(slot, 0) for slot in counted) for each in seconds]
            shares = [100 * count / total if total else 0 for count, total in zip(counts, totals, strict=True)]
            yield self._area("slots", name, shares)

    def _area(self, lane: str, name: str, values: Sequence[float]) -> str:
        y = self.lanes[lane].y
        steps = "".join(f"V{y(value):g}H{self.x(at + 1):g}" for at, value in enumerate(values))
        return f'<path id="series-{name}" class="{name}" d="M{LEFT} {y(0):g}{steps}V{y(0):g}Z"/>'

    def _line(self, name: str, values: Sequence[float | None]) -> str:
        y, parts, up = self.lanes["latency"].y, list[str](), True
        for at, value in enumerate(values):
            if value is not None:
                parts.append(f"{'M' if up else 'L'}{self.x(at + 0.5):g} {y(value):g}")
            up = value is None
        return f'<path id="series-{name}" class="{name}" d="{"".join(parts)}"/>'

    def _ticks(self) -> Iterable[str]:
        bottom = self.lanes["slots"].y(0)
        every = next((every for every in (30, 60, 120, 300) if self.lasted <= 14 * every), 600)
        for at in range(0, self.lasted + 1, every):
            said = f"{at // 60}:{at % 60:02}"
            yield f'<text class="s" x="{self.x(at)}" y="{bottom + 16}" text-anchor="middle">{said}</text>'

    def _marks(self) -> Iterable[str]:
        """Where users are led over, and where a verdict changes what happens."""
        marks = [(each.at, f"users to {each.slot}", "mark") for each in self._run.switches if each.at > 1]
        words: dict[str, tuple[str, str]] = {
            "failing:": ("verdict: failing", "mark bad"),
            "trusted:": ("verdict: trusted", "mark"),
        }
        for begins, (said, style) in words.items():
            at = min((each.at for each in self._run.verdicts if each.text.startswith(begins)), default=None)
            marks += [] if at is None else [(at, said, style)]
        ends = [0.0, 0.0, 0.0]
        for at, said, style in sorted(marks):
            x, wide = self.x(at), 6.2 * len(said)
            left = x + 3 if x + wide < WIDTH - RIGHT else x - 3 - wide
            row = next((row for row, end in enumerate(ends) if left > end), len(ends) - 1)
            ends[row] = left + wide
            y = self._top + 48 + 13 * row
            yield f'<path class="{style}" d="M{x} {y - 10}V{self.lanes["slots"].y(0)}"/>'
            yield _text(left, y, said, "s")


def _word(said: str, colour: str) -> str:
    return f'<tspan style="fill:{colour};font-weight:600">{said}</tspan>'


def _text(x: float, y: float, said: str, style: str = "", name: str = "") -> str:
    more = "".join(f' {key}="{value}"' for key, value in (("class", style), ("id", name)) if value)
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(said)}</text>'
