"""Who may use the programs behind a gateway that have no login of their own, by a real Traefik."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from components.programs import Client
from components.routing.access import GRANTS, OWN_LOGIN
from release.guard import query
from release.web import login
from tests.e2e.edge.backends import Backend, Received
from tests.e2e.edge.clients import Answer, ask
from tests.e2e.edge.gateway import MACHINES, PASSWORDS, Gateway, stack_with
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools

TRUSTED = "127.0.0.2"
PORTS = {"grafana": 3000, "prometheus": 9090, "loki": 3100, "alertmanager": 9093, "alertmanager-record": 9093}
NEW = "another-password-of-this-test"


CLIENTS: tuple[Client, ...] = ("log-agent", "release", "operator")


def known(client: Client) -> dict[str, str]:
    """The header of a client that logs in, as the release tool makes it."""
    return login(client, PASSWORDS[client])


@dataclass(frozen=True)
class Room:
    gateway: Gateway
    programs: Mapping[str, Backend]

    def ask(self, program: str, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        body = b"{}" if method == "POST" else None
        host = f"{program}.luxima.id"
        return ask(self.gateway, host, path, source=TRUSTED, method=method, headers=headers, body=body)

    def came(self, program: str) -> Received:
        """The last request that a program got."""
        return self.programs[program].received[-1]

    @property
    def total(self) -> int:
        """Requests that any program got."""
        return sum(each.total for each in self.programs.values())


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("access")
    settings = stack_with(folder / "settings", {"edge.trusted_networks": [f"{TRUSTED}/32", MACHINES]})
    programs = {name: Backend(name) for name in PORTS}
    for each in programs.values():
        each.__enter__()
        each.behaviour.keeps = True
    urls = {f"http://{name}.observability.svc:{port}": programs[name].url for name, port in PORTS.items()}
    try:
        with Gateway(settings, folder / "gateway", urls=urls) as gateway:
            yield Room(gateway, programs)
    finally:
        for each in programs.values():
            each.__exit__(None, None, None)


USES: list[tuple[str, str, str, set[Client]]] = [
    ("loki", "POST", "/loki/api/v1/push", {"log-agent"}),
    ("loki", "GET", f"{query.LOKI}?query=x", {"release", "operator"}),
    ("loki", "GET", "/loki/api/v1/query_range?query=x", {"release", "operator"}),
    ("loki", "GET", "/loki/api/v1/label/service/values", {"release", "operator"}),
    ("prometheus", "GET", f"{query.PROMETHEUS}?query=up", {"release", "operator"}),
    ("prometheus", "POST", "/api/v1/query_range", {"release", "operator"}),
    ("prometheus", "GET", "/graph", {"operator"}),
    ("prometheus", "GET", "/api/v1/rules", {"operator"}),
    ("alertmanager", "POST", "/api/v2/alerts", {"release"}),
    ("alertmanager", "GET", "/", {"operator"}),
    ("alertmanager", "GET", "/api/v2/silences", {"operator"}),
    ("alertmanager", "POST", "/api/v2/silences", {"operator"}),
    ("alertmanager", "DELETE", "/api/v2/silence/0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10", {"operator"}),
    ("alertmanager-record", "POST", "/api/v2/alerts", {"release"}),
]
"""Program, method, path, and which clients may; everybody else is asked to log in."""

NEVER = [
    ("loki", "GET", "/config"),
    ("loki", "GET", "/loki/api/v1/tail?query=x"),
    ("loki", "POST", "/loki/api/v1/delete?query=x"),
    ("loki", "POST", "/loki/api/v1/rules/fake"),
    ("loki", "POST", "/flush"),
    ("loki", "POST", "/otlp/v1/logs"),
    ("loki", "POST", "/api/prom/push"),
    ("prometheus", "POST", "/api/v1/write"),
    ("prometheus", "POST", "/api/v1/otlp/v1/metrics"),
    ("prometheus", "POST", "/api/v1/admin/tsdb/delete_series"),
    ("prometheus", "PUT", "/api/v1/admin/tsdb/snapshot"),
    ("prometheus", "GET", "/api/v1/admin/tsdb/snapshot"),
    ("prometheus", "POST", "/-/quit"),
    ("prometheus", "GET", "/debug/pprof/heap"),
    ("alertmanager", "POST", "/-/reload"),
    ("alertmanager", "GET", "/debug/pprof/heap"),
    ("alertmanager-record", "POST", "/api/v2/silences"),
    ("alertmanager-record", "GET", "/api/v2/alerts"),
    ("grafana", "GET", "/metrics"),
    ("grafana", "GET", "/Metrics/"),
    ("grafana", "POST", "/api/datasources/proxy/uid/loki-audit/loki/api/v1/push"),
    ("grafana", "GET", "/api/datasources/proxy/uid/loki/ingester/shutdown"),
    ("grafana", "GET", "/api/datasources/proxy/1/flush"),
    ("grafana", "GET", "/api/datasources/proxy/uid/tempo/shutdown"),
    ("grafana", "GET", "/api/datasources/proxy/uid/tempo/api/../shutdown"),
    ("grafana", "POST", "/api/datasources/proxy/uid/tempo/api/overrides"),
]
"""What nobody may, whoever logs in."""


@pytest.mark.parametrize(("program", "method", "path", "may"), USES)
def test_each_client_may_what_it_needs_and_no_other(
    room: Room, program: str, method: str, path: str, may: set[Client]
) -> None:
    for client in CLIENTS:
        before = room.total
        answer = room.ask(program, method, path, known(client))
        assert answer.status == (200 if client in may else 401), client
        assert room.total == before + (client in may)
        if client in may:
            # The password is for the gateway alone.
            assert "authorization" not in room.came(program).headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/d/system-overview"),
        ("POST", "/api/ds/query"),
        ("GET", "/api/datasources/uid/loki/resources/labels"),
        ("GET", "/api/datasources/proxy/uid/tempo/api/v2/search/tags"),
    ],
)
def test_grafana_s_pages_get_what_they_ask_for(room: Room, method: str, path: str) -> None:
    before = room.programs["grafana"].total
    assert room.ask("grafana", method, path, {}).status == 200
    assert room.programs["grafana"].total == before + 1


@pytest.mark.parametrize(("program", "method", "path", "_may"), USES)
@pytest.mark.parametrize(
    "headers",
    [{}, login("release", "wrong"), login("nobody", "x"), login("", ""), {"Authorization": "Bearer x"}],
    ids=["none", "wrong", "unknown", "empty", "other"],
)
def test_nobody_comes_in_without_a_login(
    room: Room, program: str, method: str, path: str, _may: Any, headers: dict[str, str]
) -> None:
    before = room.total
    forwarded = {"X-Forwarded-For": TRUSTED, "X-Scope-OrgID": "luxima", "X-Webauth-User": "admin"}
    answer = room.ask(program, method, path, {**headers, **forwarded})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="luxima"')
    assert room.total == before


@pytest.mark.parametrize(("program", "method", "path"), NEVER)
def test_what_is_not_granted_has_no_route(room: Room, program: str, method: str, path: str) -> None:
    before = room.total
    for client in CLIENTS:
        assert room.ask(program, method, path, known(client)).status == 404, client
    assert room.total == before


@pytest.mark.parametrize(
    "path",
    ["/api/v1//admin/tsdb/snapshot", "/api/v1/./admin/tsdb/snapshot", "/api/v1/%61dmin/tsdb/snapshot", "//-/quit"],
)
def test_a_path_written_in_another_way_leads_to_nothing_more(room: Room, path: str) -> None:
    before = [len(each.received) for each in room.programs.values()]
    room.ask("prometheus", "GET", path, known("operator"))
    came = [
        request.target
        for old, each in zip(before, room.programs.values(), strict=True)
        for request in each.received[old:]
    ]
    assert not [target for target in came if "admin" in target or "quit" in target]


@pytest.mark.parametrize(
    ("claimed", "given"),
    [(None, "luxima"), ("luxima", "luxima"), ("audit", "audit"), ("other", "luxima"), ("luxima|audit", "luxima")],
)
def test_a_log_agent_s_tenant_is_one_of_two(room: Room, claimed: str | None, given: str) -> None:
    headers = {} if claimed is None else {"X-Scope-OrgID": claimed}
    room.ask("loki", "POST", "/loki/api/v1/push", {**known("log-agent"), **headers})
    assert room.came("loki").headers["x-scope-orgid"] == given


@pytest.mark.parametrize("claimed", [None, "audit", "luxima|audit", "fake"])
def test_nobody_reads_the_audit_trail_through_a_gateway(room: Room, claimed: str | None) -> None:
    headers = {} if claimed is None else {"X-Scope-OrgID": claimed, "X_Scope_OrgID": claimed}
    for client in CLIENTS[1:]:
        room.ask("loki", "GET", "/loki/api/v1/query?query=x", {**known(client), **headers})
        came = room.came("loki").headers
        assert (came["x-scope-orgid"], came.get("x_scope_orgid")) == ("luxima", None)


def test_every_grant_is_used_here() -> None:
    hosts = {grant.program.name for grant in GRANTS}
    assert hosts == PORTS.keys() - OWN_LOGIN == {program for program, *_ in USES}
    assert {client for grant in GRANTS for client in grant.clients} == PASSWORDS.keys()


def test_a_new_password_is_taken_up_without_a_restart(room: Room) -> None:
    pid = room.gateway.pid
    asked = ("prometheus", "GET", "/api/v1/query?query=up")
    changed: dict[Client, str] = {**PASSWORDS, "release": NEW}
    room.gateway.passwords = changed
    room.gateway.change(room.gateway.settings)
    wait_for(lambda: room.ask(*asked, login("release", NEW)).status == 200, "use of the new password")
    wait_for(lambda: room.ask(*asked, known("release")).status == 401, "the old one is refused")
    assert room.ask(*asked, known("operator")).status == 200
    assert room.gateway.pid == pid
