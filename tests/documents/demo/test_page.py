"""The page of the demo as a parser reads it; what a browser makes of it is in test_browser.py."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from demo.chart import Chart
from demo.model import Run
from demo.page import figures, page, picture
from tests.documents.demo.made import SHARP, edge, run

_VOID = {"meta"}
_LOADS = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}


class Reader(HTMLParser):
    """Keeps the text of each element that has an id, and what the page would ask others for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.asked += [f"{tag} {name}" for name in given if name in _LOADS]
        self.asked += ["link"] if tag in ("link", "iframe", "object", "embed", "base") else []
        if tag not in _VOID:
            self.open.append((tag, given.get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, name in self.open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data


def read(content: str) -> Reader:
    reader = Reader()
    reader.feed(content)
    reader.close()
    return reader


def test_it_is_whole_and_asks_nobody_for_anything() -> None:
    found = read(page(run()))
    assert found.open == []
    assert found.asked == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page(run()))


def test_its_data_and_its_figures_are_those_of_the_run() -> None:
    made = run()
    found = read(page(made))
    assert Run.model_validate_json(found.texts["data"]) == made
    assert {key: found.texts[f"figure-{key}"] for key, _, _ in figures(made)} == {k: v for k, _, v in figures(made)}
    assert found.texts["figure-failed"] == str(made.figures.failed_by_bad)
    assert all(record.what in found.texts["records"] for record in made.records)


def test_what_was_said_is_text_and_no_markup() -> None:
    assert SHARP in read(page(run())).texts["verdicts"]


def test_every_second_is_drawn_at_its_height() -> None:
    made = run()
    chart = Chart(made, headline=True)
    drawn = ElementTree.fromstring(picture(made))  # noqa: S314 - our own
    for name, values in {
        "requests": [each.requests for each in made.seconds],
        "failed": [each.failed for each in made.seconds],
        "blue": [100 * each.slots.get("blue", 0) / each.requests for each in made.seconds],
    }.items():
        (path,) = [each for each in drawn.iter() if each.get("id") == f"series-{name}"]
        heights = [float(height) for height in re.findall(r"V([\d.]+)H", path.get("d", ""))]
        lane = chart.lanes["slots" if name == "blue" else name]
        assert heights == pytest.approx([edge(lane, value) for value in values], abs=0.1)
    (line,) = [each for each in drawn.iter() if each.get("id") == "series-p95"]
    points = [float(point) for point in re.findall(r"[ML][\d.]+ ([\d.]+)", line.get("d", ""))]
    expected = [edge(chart.lanes["latency"], each.p95 or 0) for each in made.seconds]
    assert points == pytest.approx(expected, abs=0.1)
    assert len(picture(made)) < 200_000


def test_a_run_that_ended_before_anything_was_asked_has_a_page() -> None:
    early = run().model_copy(update={"seconds": (), "verdicts": (), "records": (), "fault": "`up` ended with 1"})
    assert "`up` ended with 1" in page(early)
    ElementTree.fromstring(picture(early))  # noqa: S314 - our own
