"""How end-to-end tests are shared out."""

from pathlib import Path

import pytest

_USUAL_SECONDS = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares servers, in its order, and begin with what may take longest.

    A file is kept together, and a folder whose files share a fixture, which its `conftest.py` has. Begun last, a long
    one would keep one worker busy while the others idle.
    """
    longest: dict[str, float] = {}
    groups = {item.nodeid: _group(item) for item in items}
    for item in items:
        group = groups[item.nodeid]
        item.add_marker(pytest.mark.xdist_group(group))
        longest[group] = max(longest.get(group, 0), _seconds(item))
    items.sort(key=lambda item: (-longest[groups[item.nodeid]], groups[item.nodeid]))


def _group(item: pytest.Item) -> str:
    folder = item.path.parent
    shares = folder != Path(__file__).parent and (folder / "conftest.py").exists()
    return str(Path(item.location[0]).parent) if shares else item.location[0]


def _seconds(item: pytest.Item) -> float:
    """How long a test says it may take."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else _USUAL_SECONDS
