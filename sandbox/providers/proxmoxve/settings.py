"""Where the Proxmox VE API is and who asks, from the provider's inputs; and how it refuses."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sandbox.providers.base import ProviderError

TOKEN = re.compile(r"([^\s@!=]+@[^\s@!=]+)!([A-Za-z][A-Za-z0-9._-]+)=([A-Za-z0-9-]+)")


class ApiError(ProviderError):
    """The server refused a request; `status` is its HTTP status (0: a task failed)."""

    def __init__(self, sentence: str, status: int, message: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.message = message

    @property
    def missing(self) -> bool:
        """Whether the object that was asked for does not exist."""
        return self.status in (400, 404, 500) and (
            "does not exist" in self.message or "no such" in self.message.lower()
        )


class Settings(NamedTuple):
    """Where the server is and who asks."""

    endpoint: str
    user: str
    token_name: str
    token: str

    @property
    def address(self) -> str:
        """`host:port` of the endpoint."""
        url = urlsplit(self.endpoint)
        return f"{url.hostname}:{url.port or 8006}"


def settings(variables: Mapping[str, Any]) -> Settings:
    """The provider's inputs, checked; raises `ProviderError` for what is missing or malformed."""
    endpoint = str(variables.get("endpoint") or os.environ.get("PROXMOX_VE_ENDPOINT", ""))
    url = urlsplit(endpoint)
    if url.scheme != "https" or not url.hostname:
        raise ProviderError(f"proxmoxve: endpoint is {endpoint!r}; give a URL such as https://127.0.0.2:8006/")
    if variables.get("insecure"):
        raise ProviderError("proxmoxve: insecure is set; the local provider always verifies the server's certificate")
    token = str(variables.get("apiToken") or os.environ.get("PROXMOX_VE_API_TOKEN", ""))
    found = TOKEN.fullmatch(token)
    if not found:
        raise ProviderError(
            "proxmoxve: apiToken is missing or malformed; give user@realm!name=uuid, the name of two letters or more"
        )
    return Settings(endpoint, found.group(1), found.group(2), found.group(3))
