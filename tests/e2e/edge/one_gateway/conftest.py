"""What the tests of one gateway share; it is started once."""

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.edge.backends import Backend
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.one_gateway.place import Place
from tests.e2e.edge.shop import EDITS


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("gateway")
    settings = stack_with(folder / "settings", EDITS)
    with (
        Backend("blue") as storefront,
        Backend("admin") as admin,
        Backend("tempo") as tempo,
        socket.create_server(("127.0.0.1", 0)) as echo,
    ):
        tempo.behaviour.keeps = True
        urls = {
            "http://storefront-blue.commerce.svc:3000": storefront.url,
            "http://admin-blue.commerce.svc:3000": admin.url,
            "http://grafana.observability.svc:3000": f"http://127.0.0.1:{echo.getsockname()[1]}",
            "http://tempo.observability.svc:4318": tempo.url,
        }

        def all_traced(text: str) -> str:
            return text.replace("sampleRate: 0.5", "sampleRate: 1.0")

        with Gateway(settings, folder / "gateway", urls=urls, edit=all_traced) as gateway:
            yield Place(gateway, storefront, admin, tempo, echo)
