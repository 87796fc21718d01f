"""A client of a gateway: one connection over TLS, from any loopback address."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.e2e.edge.gateway import Gateway


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case; of several with one name all, joined with a comma and a space."""
    body: bytes
    certificate: Mapping[str, Any]
    """Of the server, as the ssl module tells it."""

    @property
    def slot(self) -> str:
        """Which backend answered; "" when none did."""
        return self.headers.get("x-slot", "")

    def json(self) -> Any:
        return json.loads(self.body)


class Client(http.client.HTTPSConnection):
    """A connection to one name; it is kept as long as both sides like.

    Args:
        gateway: Whom it talks to.
        host: Name in the certificate and in the Host header.
        source: Loopback address that it comes from.
        context: How it speaks TLS; trusts the gateway's authority if None.
    """

    def __init__(
        self,
        gateway: Gateway,
        host: str,
        *,
        source: str = "127.0.0.1",
        context: ssl.SSLContext | None = None,
        timeout: float = 30,
    ) -> None:
        if context is None:
            context = ssl.create_default_context(cafile=str(gateway.ca))
        super().__init__(host, 443, context=context, timeout=timeout)
        self._context = context
        self._target = (gateway.address, gateway.ports["websecure"])
        self._from = (source, 0)
        self.certificate: Mapping[str, Any] = {}

    def connect(self) -> None:
        raw = socket.create_connection(self._target, self.timeout, self._from)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = self._context.wrap_socket(raw, server_hostname=self.host)
        self.sock = secure
        self.certificate = secure.getpeercert() or {}

    def ask(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """One request and its answer."""
        chunked = body is not None and not isinstance(body, bytes)
        # A server that has refused a body need not wait for the rest of it; its answer has come all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.request(method, path, body, dict(headers or {}), encode_chunked=chunked)
        with self.getresponse() as response:
            found: dict[str, str] = {}
            for name, value in response.getheaders():
                key = name.lower()
                found[key] = f"{found[key]}, {value}" if key in found else value
            return Answer(response.status, found, response.read(), self.certificate)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def ask(gateway: Gateway, host: str, path: str = "/", *, source: str = "127.0.0.1", **request: Any) -> Answer:
    """One request over a connection of its own."""
    with Client(gateway, host, source=source) as client:
        return client.ask(path, **request)
