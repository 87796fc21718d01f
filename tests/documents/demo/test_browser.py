"""The page of the demo in a real browser: what it shows are the numbers of the run, and it asks no network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.chart import Chart
from demo.page import figures, page
from tests.documents.demo.browser import Browser, browser
from tests.documents.demo.made import LASTED, PER_SECOND, TURNED, run
from tools import ToolError

pytestmark = [pytest.mark.long, pytest.mark.needs_tools, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "demo.html").write_text(page(run()), encoding="utf-8")
    try:
        with browser(folder / "own") as opened:
            opened.open((folder / "demo.html").as_uri())
            yield opened
    except ToolError as error:
        pytest.skip(f"there is no browser here: {error}")


def test_nothing_is_asked_of_the_network_and_nothing_goes_wrong(shown: Browser) -> None:
    asked = [event["request"]["url"] for event in shown.seen("Network.requestWillBeSent")]
    assert [Path(url).name for url in asked] == ["demo.html"]
    assert shown.seen("Runtime.exceptionThrown") == shown.seen("Log.entryAdded") == []


def test_the_figures_are_read_as_they_were_measured(shown: Browser) -> None:
    for key, _, value in figures(run()):
        assert shown.value(f"document.getElementById('figure-{key}').innerText") == value
    rows = shown.value("[...document.querySelectorAll('#verdicts tbody tr')].map(row => row.innerText.split('\\t'))")
    assert [row[3] for row in rows] == [verdict.text for verdict in run().verdicts]


@pytest.mark.parametrize("at", [0, TURNED + 4, LASTED - 1])
def test_a_second_that_is_pointed_at_says_what_happened_in_it(shown: Browser, at: int) -> None:
    second = run().seconds[at]
    where = f"(box => [box.left + box.width * {Chart(run()).x(at + 0.5)} / 960, box.top + 20])"
    x, y = shown.value(f"{where}(document.getElementById('timeline').getBoundingClientRect())")
    shown.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    said = str(shown.value("document.getElementById('readout').innerText"))
    assert said.startswith(
        f"second {at}: {PER_SECOND} requests, {second.failed} failed, p50 {second.p50:g} ms, p95 {second.p95:g} ms; "
    )
    assert all(f"{count} by {slot}" in said for slot, count in second.slots.items())


@pytest.mark.parametrize("name", ["requests", "failed", "blue"])
def test_what_is_drawn_has_the_height_of_its_number(shown: Browser, name: str) -> None:
    chart = Chart(run())
    lane = chart.lanes["slots" if name == "blue" else name]
    for second in run().seconds:
        share = 100 * second.slots.get("blue", 0) / second.requests
        value = {"requests": second.requests, "failed": second.failed, "blue": share}[name]
        inside = (
            f"(y => document.getElementById('series-{name}').isPointInFill("
            f"new DOMPoint({chart.x(second.at + 0.5)}, y)))"
        )
        # One step of half a unit under and over its edge.
        assert shown.value(f"{inside}({lane.y(value) + 0.5})") == (value > 0), second
        assert not shown.value(f"{inside}({lane.y(value) - 0.5})"), second


def test_it_fits_a_narrow_window(shown: Browser) -> None:
    shown.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=False)
    assert shown.value("document.documentElement.scrollWidth") <= 390
    shown.call("Emulation.clearDeviceMetricsOverride")
