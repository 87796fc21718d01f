"""What has to be true before the next step, over real TLS: who answers, with which certificate, for which slot."""

import ssl
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from components.routing.document import VERSION_PATH, version
from release import changes
from release.cluster import Cluster, ClusterError
from release.errors import ReleaseError
from release.gateway_checks import Answer, GatewayChecks, Https
from settings import Settings
from tests import serving
from tests.e2e.edge.authority import Authority
from tests.serving import Serving
from tests.unit.release.outside import SERVICE, image
from tests.unit.release.world import world

Answers = Callable[[str, str], tuple[int, dict[str, str]]]


class Server(Serving):
    """A gateway that answers by host and path."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.answers: Answers = lambda _host, _path: (200, {})
        self.seen: list[tuple[str, str]] = []

    def answer(self, asked: serving.Asked) -> serving.Answer:
        self.seen.append((asked.headers["host"], asked.path))
        status, headers = self.answers(*self.seen[-1])
        return serving.Answer(status, b"", headers)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = world(tmp_path).settings
    releases = changes.deploy_idle(made.releases, SERVICE, image(1))
    return made.model_copy(update={"releases": releases})


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(settings: Settings, authority: Authority, tmp_path: Path) -> Generator[Server]:
    domain = settings.environment.domain
    certificate, key = authority.certificate(domain, f"*.{domain}")
    (tmp_path / "chain.pem").write_bytes(certificate + key)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem")
    with Server(context) as made:
        yield made


def no_cluster() -> Cluster:
    raise ClusterError("there is none")


def checks(settings: Settings, server: Server, ca: Path, said: list[str] | None = None) -> GatewayChecks:
    addresses = {f"{gateway.address}:443": server.address for gateway in settings.edge.gateways.values()}
    https = Https(addresses, str(ca))
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return GatewayChecks(https, no_cluster, (said if said is not None else []).append, 5, lambda: now[0], sleep)


def test_a_slot_is_asked_under_its_own_name_for_all_its_paths(
    settings: Settings, server: Server, tmp_path: Path
) -> None:
    service = settings.services[SERVICE].model_copy(update={"smoke_paths": ("/", "/cart")})
    settings = settings.model_copy(update={"services": {**settings.services, SERVICE: service}})
    server.answers = lambda _host, _path: (200, {"X-Slot": "green", "X-Image": image(1)})
    checks(settings, server, tmp_path / "ca.pem").smoke(settings, SERVICE, "green", 2)
    host = settings.service_fqdn(SERVICE, "green")
    assert server.seen == [(host, "/healthz"), (host, "/"), (host, "/cart")] * 2


WRONG: list[tuple[tuple[int, dict[str, str]], str]] = [
    ((503, {}), "answers 503, not 200; slot green is not healthy"),
    ((403, {}), "answers 403: this machine is in none of luxima:edge.trusted_networks"),
    ((200, {"X-Slot": "blue"}), "answers with x-slot: blue; expected green"),
    ((200, {"X-Image": image(0)}), f"answers with x-image: {image(0)}; expected {image(1)}"),
]


@pytest.mark.parametrize(("answer", "reason"), WRONG)
def test_a_slot_that_is_not_well_or_not_the_right_one_fails(
    settings: Settings, server: Server, tmp_path: Path, answer: tuple[int, dict[str, str]], reason: str
) -> None:
    server.answers = lambda _host, _path: answer
    with pytest.raises(ReleaseError, match=reason):
        checks(settings, server, tmp_path / "ca.pem").smoke(settings, SERVICE, "green", 1)


def test_one_failure_in_a_row_is_enough(settings: Settings, server: Server, tmp_path: Path) -> None:
    server.answers = lambda _host, _path: (200 if len(server.seen) < 3 else 500, {})
    with pytest.raises(ReleaseError, match="answers 500"):
        checks(settings, server, tmp_path / "ca.pem").smoke(settings, SERVICE, "green", 3)
    assert len(server.seen) == 3


def test_a_certificate_of_somebody_else_is_not_trusted(settings: Settings, server: Server, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(Authority().pem)
    with pytest.raises(ReleaseError, match="this machine does not trust the certificate of"):
        checks(settings, server, tmp_path / "other.pem").smoke(settings, SERVICE, "green", 1)


def test_a_gateway_that_is_not_there_is_told(settings: Settings, server: Server, tmp_path: Path) -> None:
    made = checks(settings, server, tmp_path / "ca.pem")
    server.__exit__()
    with pytest.raises(ReleaseError, match="does not answer at"):
        made.smoke(settings, SERVICE, "green", 1)


def test_a_routing_is_waited_for_until_every_new_connection_gets_it(
    settings: Settings, server: Server, tmp_path: Path
) -> None:
    wanted = VERSION_PATH + version(settings, "green")
    # One of two pods is behind for a while: every second connection is answered by it.
    server.answers = lambda _host, path: (
        200 if path == wanted and (len(server.seen) % 2 or len(server.seen) > 6) else 404,
        {},
    )
    checks(settings, server, tmp_path / "ca.pem").wait_loaded(settings, ["green"])
    assert len(server.seen) > 6
    assert {path for _, path in server.seen} == {wanted}


def test_a_gateway_that_stays_behind_is_told(settings: Settings, server: Server, tmp_path: Path) -> None:
    server.answers = lambda _host, _path: (404, {})
    with pytest.raises(ReleaseError, match=r"gateway green has not loaded its new routing after 5 s: .* answers 404"):
        checks(settings, server, tmp_path / "ca.pem").wait_loaded(settings, ["green"])


class Pods(Cluster):
    """A cluster whose API answers as it is told."""

    def __init__(self, states: dict[str, int], images: dict[str, str] | None = None) -> None:
        self.states, self.running = states, images or {}
        self.asked: list[tuple[str, str, int, str]] = []

    def pods(self, namespace: str, selector: str) -> list[str]:  # noqa: ARG002 - the interface
        assert selector == "app.kubernetes.io/name=traefik,luxima.id/slot=green"
        return list(self.states)

    def images(self, namespace: str, selector: str) -> dict[str, str]:
        assert (namespace, selector) == ("commerce", "app.kubernetes.io/name=storefront,luxima.id/slot=green")
        return self.running

    def ask_pod(self, namespace: str, pod: str, port: int, path: str) -> int:
        self.asked.append((namespace, pod, port, path))
        return self.states[pod]


def test_every_pod_of_a_gateway_is_asked_where_the_cluster_can_be_reached(settings: Settings) -> None:
    said: list[str] = []
    pods = Pods({"gateway-green-1": 200, "gateway-green-2": 404})
    made = GatewayChecks(Https(), lambda: pods, said.append, 2, iter(range(100)).__next__, lambda _seconds: None)
    with pytest.raises(ReleaseError, match="gateway-green-2 answers 404"):
        made.wait_loaded(settings, ["green"])
    assert pods.asked[0] == ("edge", "gateway-green-1", 8080, VERSION_PATH + version(settings, "green"))
    pods.states["gateway-green-2"] = 200
    made.wait_loaded(settings, ["green"])
    pods.states.clear()
    with pytest.raises(ReleaseError, match="it has no pods"):
        made.wait_loaded(settings, ["green"])


def test_pods_of_the_image_before_fail_the_test_whatever_they_answer(settings: Settings) -> None:
    content = settings.releases.services["storefront"].slots["green"]
    assert content is not None

    class Fine(Https):
        def get(self, host: str, address: str, path: str) -> Answer:  # noqa: ARG002 - the interface
            return Answer(200, {})

    pods = Pods({}, {"storefront-green-1": content.image, "storefront-green-2": "registry.luxima.id/aceh/storefront@x"})
    made = GatewayChecks(Fine(), lambda: pods, list[str]().append)
    with pytest.raises(ReleaseError, match="storefront-green-2 of slot green still run another image: the rollout of"):
        made.smoke(settings, "storefront", "green", 1)
    del pods.running["storefront-green-2"]
    made.smoke(settings, "storefront", "green", 1)
    pods.running.clear()
    with pytest.raises(ReleaseError, match="slot green has no pods"):
        made.smoke(settings, "storefront", "green", 1)


def test_no_cluster_is_said_and_the_name_is_asked(settings: Settings) -> None:
    said: list[str] = []

    class Nobody(Https):
        def get(self, host: str, address: str, path: str) -> Answer:  # noqa: ARG002 - the interface
            raise OSError("no route")

    made = GatewayChecks(Nobody(), no_cluster, said.append, 1, iter(range(100)).__next__, lambda _seconds: None)
    with pytest.raises(ReleaseError, match="no route"):
        made.wait_loaded(settings, ["green"])
    assert said == [
        "the gateways' pods cannot be asked one by one (there is none); asking through the slot's name instead"
    ]


def test_a_gateway_beyond_loopback_is_not_asked_when_that_is_wished() -> None:
    with pytest.raises(ConnectionRefusedError, match="nobody beyond loopback"):
        Https(loopback_only=True).get("storefront.example", "192.0.2.1", "/")
