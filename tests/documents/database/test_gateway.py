"""The database's API gateway, by the real Traefik in front of parts that say who they are and what they were asked."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.database.certificate import CertificateProvider
from components.database.gateway import ROUTES_FILE, STATIC_FILE, routes, static
from components.database.model import SECRETS
from components.routing.database import PROBED
from tests.programs import end, free_port, start
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools

ANON, OLD, SERVICE = "anon-key", "old-anon-key", "service-key"


class _Part(ThreadingHTTPServer):
    """Answers with its name, the path and the host that it was asked for."""

    def __init__(self, name: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = f"{name} {self.path} {self.headers['Host']}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Door:
    """Traefik with the documents, its names and ports replaced by those of the test."""

    def __init__(self, folder: Path) -> None:
        settings = stack_settings("dev")
        made = CertificateProvider().create({"names": ["gateway"], "address": "127.0.0.1", "day": "2026-11-26"}).outs
        assert made is not None
        for name, key in (("server.crt", "certificate"), ("server.key", "key")):
            (folder / name).write_text(made[key])
        document = yaml.safe_load(routes(settings, [ANON, OLD], [SERVICE]).replace(SECRETS, str(folder)))
        self.parts = {name: _Part(name) for name in document["http"]["services"]}
        for name, part in self.parts.items():
            servers = document["http"]["services"][name]["loadBalancer"]["servers"]
            servers[0]["url"] = f"http://localhost:{part.server_address[1]}"
        (folder / ROUTES_FILE).write_text(yaml.safe_dump(document))
        configured = yaml.safe_load(static(settings).replace(SECRETS, str(folder)))
        self._port = free_port()
        for name, entry in configured["entryPoints"].items():
            entry["address"] = f"127.0.0.1:{self._port if name == 'api' else free_port()}"
        (folder / STATIC_FILE).write_text(yaml.safe_dump(configured))
        self.log = folder / "log"
        self.traefik = start([ensure("traefik")["traefik"], f"--configFile={folder / STATIC_FILE}"], self.log)
        self._known = ssl.create_default_context(cafile=str(folder / "server.crt"))
        wait_for(lambda: self.asked("/functions/v1/hello")[0] == 200, "the door")

    def asked(self, path: str, key: str = "") -> tuple[int, str]:
        """Status and text of an answer; who answers shows the certificate that is known."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._known, timeout=30)
        connection.request("GET", path, headers={"Host": "supabase.test", **({"apikey": key} if key else {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("door"))
    yield made
    end(made.traefik)
    for part in made.parts.values():
        part.shutdown()
        part.server_close()


@pytest.mark.parametrize(
    ("path", "key", "wanted"),
    [
        ("/rest/v1/orders?select=id", ANON, "rest /orders?select=id supabase.test"),
        ("/rest/v1/rpc/record_alert", SERVICE, "rest /rpc/record_alert supabase.test"),
        ("/rest/v1/orders", OLD, "rest /orders supabase.test"),
        ("/rest/v1/", SERVICE, "rest / supabase.test"),
        ("/graphql/v1", ANON, "rest /rpc/graphql supabase.test"),
        ("/auth/v1/token", ANON, "auth /token supabase.test"),
        ("/auth/v1/verify?token=a", "", "auth /verify?token=a supabase.test"),
        ("/auth/v1/.well-known/jwks.json", "", "auth /.well-known/jwks.json supabase.test"),
        ("/storage/v1/object/a", "", "storage /object/a supabase.test"),
        ("/functions/v1/hello", "", "functions /hello supabase.test"),
        (f"/realtime/v1/websocket?apikey={ANON}", "", "realtime /socket/websocket?apikey=anon-key localhost:"),
        ("/realtime/v1/api/broadcast", ANON, "realtime /api/broadcast localhost:"),
        ("/project/default", "", "studio /project/default supabase.test"),
    ],
)
def test_what_is_asked_reaches_its_part(door: Door, path: str, key: str, wanted: str) -> None:
    status, text = door.asked(path, key)
    assert (status, text.startswith(wanted)) == (200, True), text


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/rest/v1/orders", ""),
        ("/rest/v1/orders", "another"),
        ("/rest/v1/orders", f"{ANON}x"),
        ("/rest/v1/", ANON),
        ("/graphql/v1", ""),
        ("/auth/v1/admin/users", ""),
        ("/auth/v1/verifyx", ""),
        ("/realtime/v1/websocket", ""),
        ("/realtime/v1/api/broadcast", "another"),
    ],
)
def test_who_has_no_key_is_refused(door: Door, path: str, key: str) -> None:
    assert door.asked(path, key)[0] == 401


@pytest.mark.parametrize("path", PROBED)
def test_a_probe_has_no_key_and_is_answered_by_a_part(door: Door, path: str) -> None:
    status, text = door.asked(path)
    assert (status, text.split()[0]) == (200, path.split("/")[1])


def test_no_key_is_in_what_it_writes_down(door: Door) -> None:
    door.asked(f"/realtime/v1/websocket?apikey={ANON}")
    wait_for(lambda: "/realtime/v1/websocket" in door.log.read_text(), "the line of the access log")
    assert not any(key in door.log.read_text() for key in (ANON, OLD, SERVICE))
