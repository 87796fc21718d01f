"""The page of the demo in a real browser: it shows the numbers of the run, at their height, and asks no network."""

import json
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from demo.chart import WIDTH, Chart
from demo.page import figures, page
from tests.documents.demo.made import edge, run
from tools import ToolError, ensure

pytestmark = [pytest.mark.long, pytest.mark.needs_tools, pytest.mark.timeout(300)]

_FIRST = """<head>
<script>
  const faults = [];
  for (const kind of ["error", "securitypolicyviolation"])
    addEventListener(kind, (event) => faults.push(event.message ?? event.blockedURI));
</script>
"""
_LOOK = """
<script>
  const seen = {faults, asked: performance.getEntriesByType("resource").length, figures: {}, verdicts: [], said: []};
  for (const each of document.querySelectorAll("dd")) seen.figures[each.id] = each.innerText;
  for (const each of document.querySelectorAll("#verdicts tbody tr")) seen.verdicts.push(each.cells[3].innerText);
  const box = timeline.getBoundingClientRect();
  seen.wide = document.documentElement.scrollWidth - innerWidth;
  for (const x of points.x) {
    timeline.dispatchEvent(new MouseEvent("mousemove", {clientX: box.left + box.width * x / width}));
    seen.said.push(readout.innerText);
  }
  const drawn = (name) => document.getElementById("series-" + name);
  seen.drawn = points.y.map(([name, x, y]) => drawn(name).isPointInFill(new DOMPoint(x, y)));
  document.body.innerHTML = "<pre></pre>";
  document.body.firstChild.innerText = JSON.stringify(seen);
</script>
"""


def look(content: str, folder: Path, x: list[float], y: list[tuple[str, float, float]]) -> dict[str, Any]:
    """What a browser in a narrow window sees: texts, texts when somewhere is pointed at, whether points are filled."""
    given = f"<script>const points = {json.dumps({'x': x, 'y': y})}, width = {WIDTH};</script>"
    (folder / "page.html").write_text(content.replace("<head>", _FIRST) + given + _LOOK, encoding="utf-8")
    try:
        program = str(ensure("chromium-headless-shell")["chromium-headless-shell"])
    except ToolError as error:
        pytest.skip(f"there is no browser here: {error}")
    arguments = ("--no-sandbox", f"--user-data-dir={folder / 'own'}", "--window-size=500,900", "--dump-dom")
    done = subprocess.run(
        [program, *arguments, (folder / "page.html").as_uri()], capture_output=True, text=True, check=True
    )
    return json.loads(unescape(re.findall("<pre>(.*)</pre>", done.stdout, re.DOTALL)[-1]))


def test_a_browser_shows_the_numbers_of_the_run_and_asks_no_network(tmp_path: Path) -> None:
    made, chart = run(), Chart(run())
    edges: list[tuple[str, float, float]] = []
    values: list[float] = []
    for second in made.seconds:
        share = 100 * second.slots.get("blue", 0) / second.requests
        for name, value in {"requests": second.requests, "failed": second.failed, "blue": share}.items():
            y = edge(chart.lanes["slots" if name == "blue" else name], value)
            # Half a unit under and over its edge.
            edges += [(name, chart.x(second.at + 0.5), y + 0.5), (name, chart.x(second.at + 0.5), y - 0.5)]
            values.append(value)
    seen = look(page(made), tmp_path, [chart.x(each.at + 0.5) for each in made.seconds], edges)
    assert (seen["faults"], seen["asked"]) == ([], 0)
    assert seen["wide"] <= 0
    assert seen["figures"] == {f"figure-{key}": value for key, _, value in figures(made)}
    assert seen["verdicts"] == [verdict.text for verdict in made.verdicts]
    assert seen["drawn"] == [inside for value in values for inside in (value > 0, False)]
    for second, said in zip(made.seconds, seen["said"], strict=True):
        assert said.startswith(f"second {second.at}: {second.requests} requests, {second.failed} failed, ")
        assert f"p50 {second.p50:g} ms, p95 {second.p95:g} ms; " in said
        assert all(f"{count} by {slot}" in said for slot, count in second.slots.items())
