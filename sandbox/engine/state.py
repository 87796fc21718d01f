"""The stack's state as the file backend keeps it: read, mended and completed without starting the engine."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from automation.tokens import STACK, made_by_plugin
from sandbox.faults import SandboxError
from sandbox.layout import EngineFolder
from sandbox.tls import write_private


@dataclass(frozen=True)
class State:
    """What a stack consists of at the moment."""

    resources: list[dict[str, Any]]
    pending: list[dict[str, Any]]
    """Operations that a run began and did not end."""

    @property
    def driven(self) -> list[dict[str, Any]]:
        """The resources that a plugin makes."""
        return [item for item in self.resources if made_by_plugin(item["type"])]

    @property
    def protected(self) -> list[str]:
        """Names of what the engine refuses to delete."""
        return [str(item["urn"]).rpartition("::")[2] for item in self.driven if item.get("protect")]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets masked as in a run's events."""
        from sandbox.engine.events import masked

        for item in self.resources:
            if item["type"] == STACK:
                return cast("dict[str, Any]", masked(item.get("outputs") or {}))
        return {}

    def by_type(self) -> Counter[str]:
        """How many resources of each type there are."""
        return Counter(str(item["type"]) for item in self.driven)


def read(folder: EngineFolder) -> State:
    """The state; an empty one before the first run.

    Raises:
        SandboxError: When the file is damaged.
    """
    try:
        content = json.loads(folder.checkpoint.read_text(encoding="utf-8"))
        latest = cast("dict[str, Any]", content["checkpoint"].get("latest") or {})
    except FileNotFoundError:
        return State([], [])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise SandboxError(
            f"{folder.checkpoint} cannot be read ({type(error).__name__}); put its backup {folder.checkpoint.name}.bak "
            f"in its place, or run make clean and make up to start anew"
        ) from error
    return State(list(latest.get("resources") or []), list(latest.get("pending_operations") or []))


def complete(folder: EngineFolder, found: Mapping[str, str]) -> None:
    """Let what was being made be known under its id, for a refresh to look for it; only called while no engine runs.

    (`pulumi refresh --import-pending-creates` of engine 3.259 forgets it instead.)

    Args:
        folder: The engine's folder.
        found: Ids by URN. What replaces a resource that is still there is left out.
    """
    content = json.loads(folder.checkpoint.read_text(encoding="utf-8"))
    latest = content["checkpoint"]["latest"]
    # What is made in the place of one that was deleted first takes that one's place, which its dependents come after.
    gone = {item["urn"]: at for at, item in enumerate(latest["resources"]) if item.get("pendingReplacement")}
    known = {item["urn"] for item in latest["resources"]} - gone.keys()
    made = [operation["resource"] for operation in latest["pending_operations"] if operation["type"] == "creating"]
    begun = [item for item in made if item["urn"] in found and item["urn"] not in known]
    for item in begun:
        whole = {**item, "id": found[item["urn"]]}
        if item["urn"] in gone:
            latest["resources"][gone[item["urn"]]] = whole
        else:
            latest["resources"].append(whole)
    latest["pending_operations"] = [each for each in latest["pending_operations"] if each["resource"] not in begun]
    write_private(folder.checkpoint, json.dumps(content, indent=4).encode())


def mend(folder: EngineFolder) -> bool:
    """Put right what a killed engine left half written; only called while no engine runs.

    The file backend writes each file under another name first, but not the attributes beside it, and it takes the state
    away for a moment while it keeps the one before as a backup.

    Returns:
        Whether the state had to be taken from its backup, one operation older.
    """
    stacks = folder.checkpoint.parent
    if not stacks.is_dir():
        return False
    for path in stacks.iterdir():
        if path.suffix == ".tmp" or (path.suffix == ".attrs" and not _is_json(path)):
            path.unlink()
    backup = folder.checkpoint.with_suffix(".json.bak")
    if _is_json(folder.checkpoint) or not _is_json(backup):
        return False
    shutil.copyfile(backup, folder.checkpoint)
    return True


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def unlock(folder: EngineFolder) -> bool:
    """Remove the locks that a killed engine left; only called while this stack is held by this run."""
    if not folder.locks.is_dir() or not any(folder.locks.iterdir()):
        return False
    shutil.rmtree(folder.locks)
    return True
