"""The cluster's objects as they change: one thread a kind lists and watches, the event loop is told."""

import asyncio
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final

import urllib3

from sandbox.agent.pod import say
from sandbox.controllers.api import Api, ApiError

KINDS: Final = {
    "configmaps": "/api/v1/configmaps",
    "secrets": "/api/v1/secrets",
    "services": "/api/v1/services",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "pods": "/api/v1/pods",
}
"""Pods last: what they need is then known already."""
_RETRY_SECONDS = 0.5

Listed = Callable[[str, list[dict[str, Any]]], None]
Changed = Callable[[str, str, dict[str, Any]], None]


class Feed:
    """Watches of all kinds."""

    def __init__(self, api: Api, listed: Listed, changed: Changed) -> None:
        """A feed that has not begun.

        Args:
            api: The cluster.
            listed: Told, in the event loop, all objects of a kind: in the beginning and after a gap.
            changed: Told, in the event loop, each change: kind, type of event, object.
        """
        self._api = api
        self._listed = listed
        self._changed = changed
        self._stopped = Event()
        self._loop = asyncio.get_running_loop()

    def begin(self) -> None:
        """Start the threads; they end with the process."""
        for kind in KINDS:
            Thread(target=self._follow, args=(kind,), daemon=True, name=f"watch-{kind}").start()

    def end(self) -> None:
        """Tell nothing any longer."""
        self._stopped.set()

    def _follow(self, kind: str) -> None:
        path = KINDS[kind]
        while not self._stopped.is_set():
            try:
                listed = self._api.call("GET", path)
                self._tell(self._listed, kind, listed["items"])
                for event in self._api.watch(path, listed["metadata"]["resourceVersion"]):
                    if event["type"] == "ERROR" or self._stopped.is_set():
                        break
                    if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                        self._tell(self._changed, kind, event["type"], event["object"])
            except (ApiError, urllib3.exceptions.HTTPError, ValueError) as error:
                if not self._stopped.is_set():
                    say(f"{kind}: {error if isinstance(error, ApiError) else type(error).__name__}")
                self._stopped.wait(_RETRY_SECONDS)

    def _tell(self, whom: Callable[..., None], *what: object) -> None:
        if not self._stopped.is_set():
            self._loop.call_soon_threadsafe(whom, *what)
