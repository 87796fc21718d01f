"""The client of one host's Docker engine."""

import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast
from urllib.parse import urlsplit

from docker import APIClient
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from sandbox.providers.base import Properties, ProviderError

HOSTS: Final = "LUXIMA_DOCKER_HOSTS"
"""A JSON object: URL of an engine's socket by address of its host."""
_ANSWER_SECONDS: Final = 120
"""To start a container takes an engine on a busy machine a while."""


class Engine:
    """One engine; safe to be used by several threads."""

    def __init__(self, address: str, url: str) -> None:
        self._address = address
        self._url = url
        self._threads = threading.local()

    @property
    def api(self) -> APIClient:
        """The calling thread's client."""
        made: APIClient | None = getattr(self._threads, "client", None)
        if made is None:
            made = APIClient(base_url=self._url, version="auto", timeout=_ANSWER_SECONDS)
            self._threads.client = made
        return made

    @contextmanager
    def telling(self, what: str) -> Generator[Any]:
        """A client whose errors become sentences about `what`."""
        try:
            yield self.api
        except APIError as error:
            raise ProviderError(f"{what}: {_reason(error)}") from error
        except (RequestException, DockerException) as error:
            raise ProviderError(
                f"{what}: the Docker engine of {self._address} does not answer at {self._url}: {error}"
            ) from error

    def inspect(self, kind: str, name: str) -> Properties | None:
        """What the engine knows of an object (`container`, `image`, `network`, `volume`); None when there is none."""
        with self.telling(f"{kind} {name}") as api:
            try:
                return cast(Properties, getattr(api, f"inspect_{kind}")(name))
            except APIError as error:
                if error.status_code == 404:
                    return None
                raise


def _reason(error: APIError) -> str:
    """What the daemon said."""
    return str(error.explanation or error).strip()


def find(variables: Properties) -> Engine | None:
    """The engine of the host that a provider is configured with; None when the sandbox has none for it."""
    address = urlsplit(str(variables.get("host", ""))).hostname
    hosts: dict[str, str] = json.loads(os.environ.get(HOSTS, "{}"))
    return Engine(address, hosts[address]) if address and address in hosts else None
