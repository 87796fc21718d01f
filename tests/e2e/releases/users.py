"""Users of a service in the sandbox: they look its name up, come through a gateway, and keep what was answered."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.exception

from tests.e2e.world import World
from tests.waiting import wait_for

_PAUSE_SECONDS = 0.2
_TIMEOUT_SECONDS = 20
USER = "7f"
"""Who all of them are; by its end the side of a canary is chosen."""


@dataclass
class Users:
    """Threads that ask until left; each keeps its connection until the name's TTL is over, the last one for ever."""

    world: World
    addresses: Path
    """Which loopback address stands for which of the stack's."""
    number: int = 4
    images: Counter[str] = field(default_factory=Counter[str])
    """Answers by the image that gave them."""
    recent: deque[str] = field(default_factory=lambda: deque[str](maxlen=100))
    """The images that gave the latest answers."""
    slots: list[tuple[float, float, str]] = field(default_factory=list[tuple[float, float, str]])
    """Of answers to those who look the name up again: when they came, when the name was looked up, from which slot."""
    looked: dict[int, float] = field(default_factory=dict[int, float])
    """When each of those last got an answer after a look: the time of the look."""
    switches: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When the name server was first seen to answer an address, and which."""
    failed: list[str] = field(default_factory=list[str])
    """What happened to requests that got no answer, or another one than 200."""

    def __post_init__(self) -> None:
        settings = self.world.settings
        self._name, self._ttl = settings.environment.domain, settings.dns.switch_ttl_seconds
        self._context = ssl.create_default_context(cafile=str(self.world.checkout.sandbox("dev") / "tls/ca-bundle.pem"))
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._user, args=(number,), daemon=True) for number in range(self.number)
        ]
        self._threads.append(threading.Thread(target=self._watch, daemon=True))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(90)
            assert not thread.is_alive()

    @property
    def answered(self) -> int:
        """Number of answers."""
        return self.images.total()

    def led_over(self, slot: str, address: str) -> float:
        """Seconds from the change of the record to that address until the last answer of another slot.

        Everybody has looked the name up again by then; who did after the change got the slot. Those who never look it
        up again are not counted.
        """
        wait_for(lambda: self.switches[-1][1] == address, f"the name server answers {address}", 300)
        since, _ = self.switches[-1]
        wait_for(lambda: min(self.looked.values()) > since, "everybody has looked the name up again")
        with self._lock:
            others = [(moment, looked) for moment, looked, found in self.slots if moment > since and found != slot]
        assert [looked for _, looked in others if looked > since] == []
        return max((moment for moment, _ in others), default=since) - since

    def all_get(self, image: str) -> None:
        """Wait until a hundred answers in a row came from an image."""

        def all_did() -> bool:
            with self._lock:
                return set(self.recent) == {image}

        wait_for(all_did, f"a hundred answers by {image}")

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            with contextlib.suppress(dns.exception.DNSException):
                ((_, address),) = self.world.names.ask(self._name)
                self._noticed(address)

    def _noticed(self, address: str) -> None:
        if not self.switches or self.switches[-1][1] != address:
            self.switches.append((time.monotonic(), address))

    def _user(self, number: int) -> None:
        forgets = number + 1 < self.number
        connection: http.client.HTTPConnection | None = None
        looked_up = 0.0
        while not self._stopped.is_set():
            if connection is not None and forgets and time.monotonic() > looked_up + self._ttl:
                connection.close()
                connection = None
            try:
                if connection is None:
                    looked_up = time.monotonic()
                    connection = self._connect()
                connection.request("GET", "/", headers={"X-User-ID": USER})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise http.client.HTTPException(f"status {answer.status} from {answer.headers['X-Image']}")
            except (OSError, http.client.HTTPException, dns.exception.DNSException) as error:
                self.failed.append(f"{'' if forgets else 'a user who never looks up again: '}{error!r}")
                if connection is not None:
                    connection.close()
                connection = None
                self._stopped.wait(_PAUSE_SECONDS)
                continue
            with self._lock:
                self.images[str(answer.headers["X-Image"])] += 1
                self.recent.append(str(answer.headers["X-Image"]))
                if forgets:
                    self.looked[number] = looked_up
                    self.slots.append((time.monotonic(), looked_up, str(answer.headers["X-Slot"])))
            self._stopped.wait(_PAUSE_SECONDS)
        if connection is not None:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        ((_, address),) = self.world.names.ask(self._name)
        here = json.loads(self.addresses.read_text(encoding="utf-8"))[f"{address}:443"]
        host, _, port = here.rpartition(":")
        raw = socket.create_connection((host, int(port)), timeout=_TIMEOUT_SECONDS)
        connection = http.client.HTTPConnection(self._name, timeout=_TIMEOUT_SECONDS)
        connection.sock = self._context.wrap_socket(raw, server_hostname=self._name)
        return connection
