"""The Proxmox VE API by `proxmoxer`: bounded in time, its answers to bad requests as one sentence.

`proxmoxer` and `requests` carry no types; the `Any` of both stays in this module.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import requests
from proxmoxer import ProxmoxAPI, ResourceException  # pyright: ignore[reportMissingTypeStubs]

from sandbox.providers.base import CONNECT_TIMEOUT, READ_TIMEOUT, ProviderError, operation, pause, reason
from sandbox.providers.proxmoxve.settings import ApiError, Settings

# A server that is being started refuses connections for a moment: so many tries, so many seconds apart.
_TRIES = 4
_TRY_AGAIN = 0.5
# Seconds in which a task of the server (create, start, migrate ...) has to end, unless the resource gives a timeout.
TASK_TIMEOUT = 120.0


class Client:
    """One server, by API token. Threads share it; each has a connection of its own."""

    def __init__(self, given: Settings) -> None:
        self._settings = given
        self._local = threading.local()

    @property
    def _api(self) -> Any:
        if not hasattr(self._local, "api"):
            factory: Any = ProxmoxAPI
            self._local.api = factory(
                self._settings.address,
                user=self._settings.user,
                token_name=self._settings.token_name,
                token_value=self._settings.token,
                verify_ssl=os.environ.get("SSL_CERT_FILE") or True,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            )
        return self._local.api

    def get(self, path: str, **params: Any) -> Any:
        """GET; `path` as in the API's documentation, without the leading slash."""
        return self._ask("get", path, "", params)

    def post(self, path: str, subject: str, **data: Any) -> Any:
        """POST; `subject` names the object in an error. A task that it starts is waited for."""
        return self._wait(self._ask("post", path, subject, data), subject)

    def put(self, path: str, subject: str, **data: Any) -> Any:
        """PUT; a task that it starts is waited for."""
        return self._wait(self._ask("put", path, subject, data), subject)

    def delete(self, path: str, subject: str, **params: Any) -> Any:
        """DELETE; a task that it starts is waited for, and what is gone is fine."""
        try:
            return self._wait(self._ask("delete", path, subject, params), subject)
        except ApiError as error:
            if not error.missing:
                raise

    def find(self, path: str, **params: Any) -> Any:
        """GET; None when the object does not exist."""
        try:
            return self.get(path, **params)
        except ApiError as error:
            if error.missing:
                return None
            raise

    def _ask(self, verb: str, path: str, subject: str, values: Mapping[str, Any]) -> Any:
        def call() -> Any:
            return getattr(self._api(path), verb)(**values)

        try:
            return self._reached(call)
        except ResourceException as error:
            raise self._refused(cast("Any", error), subject or path) from None

    def _reached(self, call: Callable[[], Any]) -> Any:
        for attempt in range(1, _TRIES + 1):
            try:
                return call()
            except requests.exceptions.SSLError as error:
                raise self._unreachable(f"its certificate is not accepted ({reason(error)})") from None
            except requests.exceptions.ReadTimeout:
                raise self._unreachable(f"no answer within {READ_TIMEOUT:.0f} s") from None
            except requests.exceptions.ConnectionError as error:
                # Refused: the request never reached the server, so it can be sent again.
                if attempt == _TRIES or "refused" not in str(error).lower():
                    raise self._unreachable(reason(error)) from None
                pause(_TRY_AGAIN)
        raise AssertionError("the loop returns or raises")

    def _unreachable(self, reason: str) -> ProviderError:
        return ProviderError(f"the Proxmox API at {self._settings.endpoint} cannot be reached: {reason}")

    def _refused(self, error: Any, subject: str) -> ApiError:
        status = int(error.status_code)
        if status == 401:
            return ApiError(
                f"the Proxmox API at {self._settings.endpoint} does not accept the API token "
                f"{self._settings.user}!{self._settings.token_name}",
                status,
                str(error.content),
            )
        message = str(error.content).strip()
        given: Any = error.errors
        details = cast("dict[str, Any]", given) if isinstance(given, dict) else dict[str, Any]()
        said = "; ".join(f"{key}: {' '.join(str(text).split())}" for key, text in details.items()) or message
        return ApiError(f"{subject}: the Proxmox API said: {said}", status, said)

    def _wait(self, answer: Any, subject: str) -> Any:
        """Wait for the task that an answer names."""
        if not isinstance(answer, str) or not answer.startswith("UPID:"):
            return answer
        node = answer.split(":")[1]
        limit = operation().timeout or TASK_TIMEOUT
        end = time.monotonic() + limit
        interval = 0.05
        while (status := self.get(f"nodes/{node}/tasks/{answer}/status"))["status"] != "stopped":
            if time.monotonic() > end:
                raise ProviderError(f"{subject}: the Proxmox API's task {answer.split(':')[5]} ran over {limit:.0f} s")
            pause(interval)
            interval = min(interval * 2, 1.0)
        result = str(status.get("exitstatus", "OK"))
        if result != "OK" and not result.startswith("WARNINGS"):
            raise ApiError(f"{subject}: the Proxmox API said: {result}", 0, result)
        return answer
