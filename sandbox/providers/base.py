"""What handlers and their clients share: errors, waiting, and the request that is being served."""

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from sandbox.providers.values import UNKNOWN as UNKNOWN

Properties = dict[str, Any]
"""A resource's inputs or outputs, plain, keys in camelCase."""

CONNECT_TIMEOUT = 5.0
"""Seconds in which a server on loopback has to take a connection."""

READ_TIMEOUT = 20.0
"""Seconds in which a server has to answer one request."""


class ProviderError(Exception):
    """Why an operation failed: one sentence that names the object and what its server said; never a secret value."""


class InitError(ProviderError):
    """The object exists, but did not become ready; it stays in the state, and the next `up` tries again.

    Args:
        reason: one sentence.
        resource_id: the id of the object that exists.
        outputs: its properties as far as they are known.
    """

    def __init__(self, reason: str, resource_id: str, outputs: Properties) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.outputs = outputs


@dataclass(frozen=True)
class Operation:
    """The engine's request that the calling thread is serving."""

    name: str = ""
    """Logical name of the resource."""
    timeout: float = 0.0
    """Seconds from the resource's `customTimeouts`; 0 if it sets none."""
    outputs: Properties = field(default_factory=dict[str, Any])
    """Old outputs, where there are any (diff, update, read, delete)."""


_current: ContextVar[Operation] = ContextVar("operation", default=Operation())  # noqa: B039 - frozen
_stopped = threading.Event()


def operation() -> Operation:
    """The request that the calling thread is serving."""
    return _current.get()


@contextmanager
def running(request: Operation) -> Generator[None]:
    """Make `request` the calling thread's `operation()`; `service` does this around each call of a driver."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)


def stop() -> None:
    """End all waiting in this process: the engine was interrupted."""
    _stopped.set()


def pause(seconds: float) -> None:
    """Sleep between two looks at a server; raises `ProviderError` when the engine was interrupted."""
    if _stopped.wait(seconds):
        raise ProviderError("interrupted while waiting")


def wait_until(done: Callable[[], bool], timeout: float, interval: float = 0.1) -> bool:
    """Look at `done` until it is true (True) or `timeout` seconds are over (False); at the end once a second."""
    end = time.monotonic() + timeout
    while not done():
        left = end - time.monotonic()
        if left <= 0:
            return False
        pause(min(interval, left))
        interval = min(interval * 1.5, 1.0)
    return True


def reason(error: BaseException) -> str:
    """What a connection failed of, in a few words and without addresses of objects."""
    text = str(error).lower()
    for known in ("connection refused", "certificate verify failed", "name or service not known", "timed out", "reset"):
        if known in text:
            return known
    return type(error).__name__


def sandbox_dir() -> Path:
    """The stack's folder (`LUXIMA_SANDBOX_DIR`)."""
    folder = os.environ.get("LUXIMA_SANDBOX_DIR")
    if not folder:
        raise ProviderError("LUXIMA_SANDBOX_DIR is not set: local providers are started by the sandbox (make up)")
    return Path(folder)


def sdk_version(package: str) -> str:
    """Version of the Python SDK of `package`, which is that of the official plugin too."""
    return metadata.version(f"pulumi-{package}")
