"""How end-to-end tests are shared out."""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # pyright: ignore[reportMissingTypeStubs]

from tests.e2e.checkout import ENGINE_RUNS, clear

_HERE = Path(__file__).parent
_USUAL_SECONDS = 120.0
_RUN = pytest.StashKey[str]()


def group(test: str) -> str:
    """What is run by one worker, in its order, since it may share servers.

    A file; and the whole folder where its files share a fixture, which is in its `conftest.py`.
    """
    file = Path(test.partition("::")[0])
    folder = _HERE.parent.parent / file.parent
    return str(file.parent if folder != _HERE and (folder / "conftest.py").exists() else file)


class Together(LoadFileScheduling):
    """Hands out groups. (xdist's own way, marks of groups, has no effect with pytest 9.)"""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest: begun last, it would keep one worker busy while the others idle."""
    longest: dict[str, float] = {}
    for item in items:
        of = group(item.nodeid)
        longest[of] = max(longest.get(of, 0), _seconds(item))
    items.sort(key=lambda item: (-longest[group(item.nodeid)], group(item.nodeid)))


def _seconds(item: pytest.Item) -> float:
    """How long a test says it may take."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else _USUAL_SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the number of its engine runs to who shows it."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["engine runs"] = dict(ENGINE_RUNS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    ENGINE_RUNS.update(getattr(node, "workeroutput", {}).get("engine runs", {}))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.config.stash[_RUN] = node.workerinput["testrunuid"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """What shows the run ends last."""
    if run := config.stash.get(_RUN, None):
        clear(run)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ENGINE_RUNS:
        counted = ", ".join(f"{number} {verb}" for verb, number in ENGINE_RUNS.most_common())
        terminalreporter.write_line(f"commands that ran the engine: {ENGINE_RUNS.total()} ({counted})")
