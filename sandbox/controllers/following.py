"""All objects of a kind as they change: listed, then watched, listed anew after a gap."""

import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import urllib3

from sandbox.controllers.api import Api, ApiError

_RETRY_SECONDS = 0.5

Objects = dict[str, dict[str, Any]]
"""Objects by uid."""


def follow(api: Api, path: str, changed: Callable[[Objects], None], stopped: Event) -> None:
    """Tell all objects of a kind, in a thread of its own: in the beginning and after every change.

    Args:
        api: The cluster.
        path: Path of the kind's list.
        changed: Told all objects, in a mapping of its own: other threads may look at it while this one goes on.
        stopped: Ends it.
    """
    Thread(target=_follow, args=(api, path, changed, stopped), daemon=True).start()


def _follow(api: Api, path: str, changed: Callable[[Objects], None], stopped: Event) -> None:
    while not stopped.is_set():
        try:
            listed = api.call("GET", path)
            seen = {item["metadata"]["uid"]: item for item in listed["items"]}
            changed(dict(seen))
            for event in api.watch(path, listed["metadata"]["resourceVersion"]):
                if event["type"] == "ERROR":
                    break
                uid = event["object"]["metadata"]["uid"]
                if event["type"] == "DELETED":
                    seen.pop(uid, None)
                elif event["type"] in {"ADDED", "MODIFIED"}:
                    seen[uid] = event["object"]
                changed(dict(seen))
        except (ApiError, urllib3.exceptions.HTTPError, ValueError) as error:
            say(f"{path}: {short(error)}")
            stopped.wait(_RETRY_SECONDS)


def short(error: Exception) -> str:
    """An error in a word, without what it is about."""
    return str(error) if isinstance(error, ApiError) else type(error).__name__


def say(text: str) -> None:
    """A line of the log."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()
