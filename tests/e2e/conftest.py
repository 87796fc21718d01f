"""How end-to-end tests are shared out."""

import pytest

_USUAL_SECONDS = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that may take longest: begun last, one of them would keep a worker busy while others idle.

    A file stays together and in its order, since its tests may share servers.
    """
    longest: dict[str, float] = {}
    for item in items:
        longest[item.location[0]] = max(longest.get(item.location[0], 0), _seconds(item))
    items.sort(key=lambda item: -longest[item.location[0]])


def _seconds(item: pytest.Item) -> float:
    """How long a test says it may take."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else _USUAL_SECONDS
