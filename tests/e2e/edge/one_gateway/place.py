"""A gateway of slot blue, with what is behind it; and what of one request is seen on both sides."""

import socket
from typing import Any

from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import ask
from tests.e2e.edge.gateway import Gateway
from tests.e2e.edge.shop import DOMAIN
from tests.waiting import wait_for


class Place:
    """A gateway of slot blue, the services behind it, and where its spans go."""

    def __init__(
        self, gateway: Gateway, storefront: Backend, admin: Backend, tempo: Backend, echo: socket.socket
    ) -> None:
        self.gateway, self.storefront, self.admin, self.tempo, self.echo = gateway, storefront, admin, tempo, echo


def seen(place: Place, headers: dict[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """The headers of the backend's request and of the answer, and the line of the access log, of one request."""

    def lines() -> list[dict[str, Any]]:
        return [line for line in place.gateway.access() if line["RequestPath"] == "/ids"]

    before = len(lines())
    answer = ask(place.gateway, DOMAIN, "/ids", headers=headers)
    assert answer.status == 200
    wait_for(lambda: len(lines()) > before, "a line in the access log")
    return answer.json()["headers"], dict(answer.headers), lines()[-1]
