"""Users of a service in the sandbox: they look its name up, come through a gateway, and keep what was answered."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import dns.exception
import dns.message
import dns.query

_TIMEOUT_SECONDS: Final = 20
_LEAVE_SECONDS: Final = 90
_NO_ANSWER: Final = (OSError, LookupError, http.client.HTTPException, dns.exception.DNSException)
USER: Final = "7f"
"""Who all of them are; by its end the side of a canary is chosen."""


@dataclass(frozen=True)
class Reply:
    """What came of one request."""

    user: int
    looked: float
    """When this user looked the name up last, in seconds on the monotonic clock; so are `begun` and `ended`."""
    begun: float
    ended: float
    status: int
    """0 when there was no answer."""
    slot: str = ""
    image: str = ""
    error: str = ""
    """Why there was no answer."""

    @property
    def good(self) -> bool:
        """Whether the user got what was asked for."""
        return self.status == 200


class Users:
    """Threads that ask until left; each keeps its connection until the name's TTL is over, the last one for ever."""

    def __init__(
        self, folder: Path, fqdn: str, ttl_seconds: float, *, number: int = 4, pause_seconds: float = 0.2
    ) -> None:
        """Make them; they begin when the block is entered.

        Args:
            folder: What the sandbox keeps of the stack, which is up.
            fqdn: Public name of the service.
            ttl_seconds: How long a user keeps the address of the name.
            number: How many they are.
            pause_seconds: Between an answer and the next request of a user.
        """
        self.number, self._fqdn, self._ttl, self._pause = number, fqdn, ttl_seconds, pause_seconds
        self._port = int(json.loads((folder / "ports.json").read_text(encoding="utf-8"))["dns"])
        self._doors = cast("dict[str, str]", json.loads((folder / "addresses.json").read_text(encoding="utf-8")))
        self._context = ssl.create_default_context(cafile=str(folder / "tls" / "ca-bundle.pem"))
        self.replies: list[Reply] = []
        """Of all of them, in the order in which they ended; it only grows."""
        self.switches: list[tuple[float, str]] = []
        """When the name server was first seen to answer an address, and which."""
        self._stopped = threading.Event()
        threads = (threading.Thread(target=self._user, args=(user,), daemon=True) for user in range(number))
        self._threads = [*threads, threading.Thread(target=self._watch, daemon=True)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(_LEAVE_SECONDS)
            assert not thread.is_alive(), "a user does not leave"  # noqa: S101 - each of its waits is shorter

    def answers(self) -> bool:
        """Whether the service answers somebody who asks once; nothing is kept of it."""
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.request("GET", "/")
                return connection.getresponse().status == 200
        except _NO_ANSWER:
            return False

    def forgets(self, user: int) -> bool:
        """Whether a user looks the name up again when its TTL is over."""
        return user + 1 < self.number

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            with contextlib.suppress(dns.exception.DNSException, OSError, LookupError):
                address = self._look_up()
                if not self.switches or self.switches[-1][1] != address:
                    self.switches.append((time.monotonic(), address))

    def _user(self, user: int) -> None:
        connection: http.client.HTTPConnection | None = None
        looked = 0.0
        while not self._stopped.is_set():
            if connection is not None and self.forgets(user) and time.monotonic() > looked + self._ttl:
                connection.close()
                connection = None
            begun = time.monotonic()
            try:
                if connection is None:
                    looked = begun
                    connection = self._connect()
                connection.request("GET", "/", headers={"X-User-ID": USER})
                answer = connection.getresponse()
                answer.read()
                given = {name: str(answer.headers[f"X-{name}"] or "") for name in ("slot", "image")}
                reply = Reply(user, looked, begun, time.monotonic(), answer.status, **given)
            except _NO_ANSWER as error:
                reply = Reply(user, looked, begun, time.monotonic(), 0, error=repr(error))
                if connection is not None:
                    connection.close()
                connection = None
            if connection is not None and connection.sock is None:
                # The gateway said that it closes.
                connection = None
            self.replies.append(reply)
            self._stopped.wait(self._pause)
        if connection is not None:
            connection.close()

    def _look_up(self) -> str:
        """The address of the service; a datagram may be lost, so it is asked twice."""
        query = dns.message.make_query(f"{self._fqdn}.", "A")
        try:
            answer = dns.query.udp(query, "127.0.0.1", port=self._port, timeout=_TIMEOUT_SECONDS / 2)
        except dns.exception.Timeout:
            answer = dns.query.udp(query, "127.0.0.1", port=self._port, timeout=_TIMEOUT_SECONDS)
        return str(next(iter(cast("Iterable[object]", answer.answer[0]))))

    def _connect(self) -> http.client.HTTPConnection:
        host, _, port = self._doors[f"{self._look_up()}:443"].rpartition(":")
        raw = socket.create_connection((host, int(port)), timeout=_TIMEOUT_SECONDS)
        connection = http.client.HTTPConnection(self._fqdn, timeout=_TIMEOUT_SECONDS)
        connection.sock = self._context.wrap_socket(raw, server_hostname=self._fqdn)
        return connection
