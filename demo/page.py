"""The page that a run leaves: one file with everything in it, which asks no network for anything."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from demo.chart import LEFT, RIGHT, WIDTH, Chart
from demo.model import Run

_TEMPLATE: Final = Path(__file__).with_name("page.html")
_SHORT: Final = 19
"""Characters of a digest that are shown, `sha256:` among them."""


def page(run: Run) -> str:
    """The page of a run."""
    chart = Chart(run)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        begun=f"{run.begun:%Y-%m-%d %H:%M:%S} UTC",
        fault=f'<p class="fault">It ended early: {escape(run.fault)}</p>' if run.fault else "",
        unreal=escape(run.unreal),
        figures="".join(
            f'<div><dt>{escape(name)}</dt><dd id="figure-{key}">{escape(value)}</dd></div>'
            for key, name, value in figures(run)
        ),
        chart=chart.svg(),
        verdicts=_rows((f"{each.at:.1f}", each.guard, each.slot, each.text) for each in run.verdicts),
        records=_rows(
            (f"{each.at:.0f}", each.who, each.what, each.slot, image(each.image), each.result) for each in run.records
        ),
        steps=_rows((f"{each.at:.1f}", each.name, f"{each.seconds:.1f}") for each in run.steps),
        good=escape(image(run.good)),
        bad=escape(image(run.bad)),
        left=LEFT,
        right=WIDTH - RIGHT,
        width=WIDTH,
        lasted=chart.lasted,
        # Within a script element only its end has a meaning of its own.
        data=run.model_dump_json().replace("</", "<\\/"),
    )


def picture(run: Run) -> str:
    """The chart alone, for a document that shows pictures."""
    return Chart(run, headline=True).svg() + "\n"


def figures(run: Run) -> Sequence[tuple[str, str, str]]:
    """Key, name and value of each figure, as people read them."""
    found = run.figures
    spans = {"verdict": found.to_verdict, "last": found.to_last_bad}
    told = {key: "none" if value is None else f"{value:.1f} s" for key, value in spans.items()}
    return (
        ("requests", "requests", str(found.requests)),
        ("lost", "lost by good versions", str(found.lost)),
        ("failed", "failed by the bad version", str(found.failed_by_bad)),
        ("p95", "p95 of good versions", f"{found.p95:.0f} ms"),
        ("trusted", "good version trusted", "yes" if found.trusted else "no"),
        ("back", "bad version taken back", "yes" if found.taken_back else "no"),
        ("verdict", "from the switch to it to the verdict", told["verdict"]),
        ("last", "from the verdict to its last answer", told["last"]),
        ("lasted", "whole demo", f"{run.lasted:.0f} s"),
    )


def image(reference: str) -> str:
    """An image as people read it: repository and the beginning of the digest."""
    repository, _, digest = reference.rpartition("/")[2].partition("@")
    return f"{repository}@{digest[:_SHORT]}…" if digest else repository


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
