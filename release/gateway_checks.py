"""What has to be true before the next step: a gateway works by its new routing, a slot answers as it should.

That pods are ready is waited for by the engine: an update of a Deployment ends when its pods are.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from components.flows import GATEWAY_METRICS_PORT
from components.routing import VERSION_PATH, version
from release.cluster import Cluster, ClusterError
from release.errors import ReleaseError
from release.web import is_loopback
from settings import Settings
from settings.values import Slot

_SECONDS: Final = 5.0
"""How long one answer may take."""
_PAUSE_SECONDS: Final = 1.0
_PORT: Final = 443
_IN_A_ROW: Final = 3
"""New connections per pod, where pods cannot be told from each other: a balancer spreads them."""


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Https:
    """Asks a host name at an address, whatever the resolvers say of it.

    Attributes:
        addresses: `address:port` to ask in the place of another, for a world where the gateways' are not.
        authorities: File with the authorities to trust; the system's when None.
        loopback_only: Whether nobody beyond this machine is asked.
    """

    addresses: Mapping[str, str] = field(default_factory=dict[str, str])
    authorities: str | None = None
    loopback_only: bool = False

    def get(self, host: str, address: str, path: str) -> Answer:
        """Ask once, on a connection of its own.

        Raises:
            OSError: When there is no answer (TLS included).
            http.client.HTTPException: When it is none of HTTP.
        """
        place = self.addresses.get(f"{address}:{_PORT}", f"{address}:{_PORT}")
        where, _, port = place.rpartition(":")
        if self.loopback_only and not is_loopback(where):
            raise ConnectionRefusedError("nobody beyond loopback is asked")
        context = ssl.create_default_context(cafile=self.authorities)
        raw = socket.create_connection((where, int(port)), timeout=_SECONDS)
        connection = http.client.HTTPConnection(host, timeout=_SECONDS)
        try:
            connection.sock = context.wrap_socket(raw, server_hostname=host)
            connection.request("GET", path, headers={"User-Agent": "luxima-release", "Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()})
        finally:
            connection.close()
            raw.close()


@dataclass
class GatewayChecks:
    """The two gateways of a stack, from here."""

    https: Https
    cluster: Callable[[], Cluster]
    """Gives the cluster that the gateways are in; raises ClusterError when it cannot be reached."""
    say: Callable[[str], None]
    timeout_seconds: float = 180
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_loaded(self, settings: Settings, slots: Sequence[Slot]) -> None:
        """Wait until all pods of these gateways use the routing that the settings give.

        Raises:
            ReleaseError: When some still use another one in the end.
        """
        end = self.clock() + self.timeout_seconds
        for slot in slots:
            path = VERSION_PATH + version(settings, slot)
            while True:
                behind = self._behind(settings, slot, path)
                if not behind:
                    break
                if self.clock() + _PAUSE_SECONDS > end:
                    raise ReleaseError(
                        f"gateway {slot} has not loaded its new routing after {self.timeout_seconds:g} s: {behind}. "
                        "It still uses the old one; read its log, then run again"
                    )
                self.sleep(_PAUSE_SECONDS)

    def smoke(self, settings: Settings, service: str, slot: Slot, rounds: int) -> None:
        """Ask everything that has to answer 200, some times in a row, under the slot's own name.

        Raises:
            ReleaseError: When anything else is answered, or by another slot or image.
        """
        found = settings.services[service]
        host, address = settings.service_fqdn(service, slot), settings.edge.gateways[slot].address
        content = settings.releases.services[service].slots[slot]
        if content is not None:
            self._replaced(settings, service, slot, content.image)
        for _ in range(rounds):
            for path in (found.health_path, *found.smoke_paths):
                url = f"https://{host}{path}"
                try:
                    answer = self.https.get(host, address, path)
                except ssl.SSLError as error:
                    raise ReleaseError(
                        f"this machine does not trust the certificate of {url}: {error.reason}; give the file of its "
                        "authority with --ca-bundle"
                    ) from None
                except (OSError, http.client.HTTPException) as error:
                    raise ReleaseError(f"{url} does not answer at {address}: {_why(error)}") from None
                if answer.status == 403:
                    raise ReleaseError(
                        f"{url} answers 403: this machine is in none of luxima:edge.trusted_networks; run this from a "
                        "machine that is"
                    )
                if answer.status != 200:
                    raise ReleaseError(f"{url} answers {answer.status}, not 200; slot {slot} is not healthy")
                image = "" if content is None else content.image
                for header, wanted in (("x-slot", slot), ("x-image", image)):
                    given = answer.headers.get(header, wanted)
                    if given != wanted:
                        raise ReleaseError(f"{url} answers with {header}: {given}; expected {wanted}")

    def _replaced(self, settings: Settings, service: str, slot: Slot, image: str) -> None:
        """See that every pod of the slot runs the image: where a rollout got stuck, the image before still answers.

        Raises:
            ReleaseError: When another one runs there.
        """
        selector = f"app.kubernetes.io/name={service},luxima.id/slot={slot}"
        try:
            found = self.cluster().images(settings.services[service].namespace, selector)
        except ClusterError as error:
            self._note(f"the pods of slot {slot} cannot be read ({error}); only its answers are checked")
            return
        others = sorted(pod for pod, running in found.items() if running != image)
        if others or not found:
            what = (
                f"{', '.join(others)} of slot {slot} still run another image" if others else f"slot {slot} has no pods"
            )
            raise ReleaseError(f"{what}: the rollout of {image} is not done; deploy it once more, then run again")

    def _behind(self, settings: Settings, slot: Slot, path: str) -> str:
        """Who does not use that routing yet; empty when all do."""
        if not self.https.addresses:
            try:
                return self._pods_behind(settings, slot, path)
            except ClusterError as error:
                self._note(
                    f"the gateways' pods cannot be asked one by one ({error}); asking through the slot's name instead"
                )
        return self._outside_behind(settings, slot, path)

    def _pods_behind(self, settings: Settings, slot: Slot, path: str) -> str:
        cluster = self.cluster()
        selector = f"app.kubernetes.io/name=traefik,luxima.id/slot={slot}"
        pods = cluster.pods(settings.edge.namespace, selector)
        if not pods:
            return "it has no pods"
        states = {pod: cluster.ask_pod(settings.edge.namespace, pod, GATEWAY_METRICS_PORT, path) for pod in pods}
        return ", ".join(f"{pod} answers {status}" for pod, status in states.items() if status != 200)

    def _outside_behind(self, settings: Settings, slot: Slot, path: str) -> str:
        released = sorted(settings.releases.services.items())
        host = next((settings.service_fqdn(name, slot) for name, each in released if each.slots[slot]), None)
        if host is None:
            self._note(f"gateway {slot} serves no slot yet, so nobody waits for it")
            return ""
        address = settings.edge.gateways[slot].address
        for _ in range(_IN_A_ROW * settings.edge.replicas):
            try:
                status = self.https.get(host, address, path).status
            except (OSError, http.client.HTTPException) as error:
                return f"{host} does not answer at {address}: {_why(error)}"
            if status != 200:
                return f"{host} answers {status}"
        return ""

    def _note(self, sentence: str) -> None:
        if sentence not in self._noted:
            self._noted.add(sentence)
            self.say(sentence)

    def __post_init__(self) -> None:
        self._noted: set[str] = set()


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
