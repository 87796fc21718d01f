"""What must be known of a run by the next one, however it ended."""

import json
from collections.abc import Mapping

from sandbox.layout import Layout


def begin(layout: Layout, verb: str) -> None:
    """Note that the engine is about to change things; the note stays when the run is killed."""
    (layout.run / "unfinished").write_text(verb, encoding="utf-8")


def finish(layout: Layout) -> None:
    """Note that the run ended as it should."""
    (layout.run / "unfinished").unlink(missing_ok=True)


def unfinished(layout: Layout) -> bool:
    """Whether the run before was killed, interrupted or failed: objects may exist that the state does not know."""
    return (layout.run / "unfinished").exists()


def doubt(layout: Layout) -> None:
    """Note that the state names what nobody has seen on a server; the note stays until the servers have been read."""
    (layout.run / "doubtful").touch()


def trust(layout: Layout) -> None:
    """Note that the servers have been read."""
    (layout.run / "doubtful").unlink(missing_ok=True)


def doubtful(layout: Layout) -> bool:
    """Whether the servers have to be read before the state is believed."""
    return (layout.run / "doubtful").exists()


def remember_worlds(layout: Layout, worlds: Mapping[str, str]) -> None:
    """Note in which life of each server's data the state's resources are."""
    (layout.run / "worlds").write_text(json.dumps(dict(worlds)), encoding="utf-8")


def remember_kinds(layout: Layout, kinds: Mapping[str, str]) -> None:
    """Note which kind of plugin makes the state's resources, by package, and where containers are."""
    (layout.run / "plugins").write_text(json.dumps(dict(kinds)), encoding="utf-8")


def kinds(layout: Layout) -> Mapping[str, str]:
    """What made the state's resources, as it was noted; nothing when no run has noted it."""
    return _read(layout, "plugins")


def lost_worlds(layout: Layout, worlds: Mapping[str, str]) -> list[str]:
    """The servers whose data is another than that in which the resources were made."""
    return [name for name, world in _read(layout, "worlds").items() if worlds.get(name, "") != world]


def _read(layout: Layout, mark: str) -> Mapping[str, str]:
    try:
        return json.loads((layout.run / mark).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
