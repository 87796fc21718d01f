# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""What a local provider plugin consists of: a `Driver` and a call to `service.run`.

A driver speaks plain Python (dict, list, str, int, float, bool, None; camelCase keys) and is synchronous. Everything
that is the engine's business (gRPC, secrets, unknown values, preview, diff, the check against the Python SDK,
one-sentence errors) is done around it by `service`. Operations run in parallel threads: a driver's clients must be safe
for that.
"""

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from sandbox.providers.values import UNKNOWN

__all__ = [
    "CONNECT_TIMEOUT",
    "READ_TIMEOUT",
    "UNKNOWN",
    "Driver",
    "InitError",
    "Operation",
    "Properties",
    "ProviderError",
    "operation",
    "pause",
    "running",
    "sandbox_dir",
    "sdk_version",
    "stop",
    "wait_until",
]

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


class Driver(Protocol):
    """One provider package. Subclass it: what is not overridden does the plain thing.

    Errors: raise `ProviderError` (or `InitError`); anything else is reported as a defect of the provider.
    """

    def configure(self, variables: Properties) -> None:
        """Take the provider's inputs (secrets unwrapped). Must not connect: a preview works without any server."""

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """The inputs as the state keeps them, e.g. with a generated name (that of the `old` inputs, if any)."""
        return inputs

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:
        """(property, reason) of whatever is wrong beyond what the SDK's types say; values may be `UNKNOWN`."""
        return []

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """Input paths (`bucket`, `spec.selector`; list indexes left out) whose change replaces the object."""
        return frozenset()

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Whether a replacement deletes the old object first although the program does not say so."""
        return False

    def equal(self, token: str, path: str, old: Any, new: Any) -> bool:
        """Whether two unequal leaf values at `path` (indexes left out) mean the same, e.g. `90` and `90.0`."""
        return False

    def secrets(self, token: str) -> frozenset[str]:
        """Top-level properties, inputs or outputs, that are secret even where the program did not say so."""
        return frozenset()

    def stale(self, token: str, inputs: Properties, outputs: Properties) -> frozenset[str]:
        """Output properties that need an update although no input changed; must not connect."""
        return frozenset()

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """Outputs as they are known before creation; computed ones are `UNKNOWN`. Must not connect."""
        return inputs

    def preview_update(self, token: str, inputs: Properties, outputs: Properties) -> Properties:
        """Outputs as they are known before an update: here, computed ones keep their old value. Must not connect."""
        known = {k: v for k, v in self.preview_outputs(token, inputs).items() if k in inputs or v is not UNKNOWN}
        return {**outputs, **known}

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; gives (id, outputs). It may wait as long as `operation().timeout` or a bound of its own."""
        ...

    def imported(self, token: str, resource_id: str) -> str:
        """The id of an object by what it is called where the state has no outputs of it."""
        return resource_id

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Live (inputs, outputs), inputs projected onto what was declared; None when the object is gone.

        `inputs` and `outputs` are what the state has; both are empty when an object is imported.
        """
        ...

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Bring the object from `old` to `new` inputs; gives the outputs. Old outputs: `operation().outputs`."""
        ...

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """Remove the object and wait until it is gone; one that is already gone is fine."""
        ...


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


def sandbox_dir() -> Path:
    """The stack's folder (`LUXIMA_SANDBOX_DIR`)."""
    folder = os.environ.get("LUXIMA_SANDBOX_DIR")
    if not folder:
        raise ProviderError("LUXIMA_SANDBOX_DIR is not set: local providers are started by the sandbox (make up)")
    return Path(folder)


def sdk_version(package: str) -> str:
    """Version of the Python SDK of `package`, which is that of the official plugin too."""
    return metadata.version(f"pulumi-{package}")
