"""Probes as the kubelet asks them: when, how, and how many answers make a verdict."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.agent.objects import parts


@dataclass(frozen=True)
class Probe:
    """A probe of a container; defaults are Kubernetes' own."""

    port: int
    path: str | None
    """Of an HTTP probe; None where a connection is enough."""
    https: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3


def parse(raw: dict[str, Any] | None, ports: Mapping[str, int]) -> Probe | None:
    """A probe from a spec; None when there is none, or one that no process of this machine can be asked."""
    if not raw:
        return None
    http, tcp = raw.get("httpGet"), raw.get("tcpSocket")
    action = http or tcp
    if not action:
        return None
    port = ports.get(str(action["port"]))
    if port is None:
        try:
            port = int(action["port"])
        except ValueError:
            return None
    return Probe(
        port=port,
        path=(http.get("path") or "/") if http else None,
        https=bool(http) and http.get("scheme") == "HTTPS",
        headers=tuple((item["name"], item["value"]) for item in parts(http or {}, "httpHeaders")),
        delay=float(raw.get("initialDelaySeconds") or 0),
        period=float(raw.get("periodSeconds") or 10),
        timeout=float(raw.get("timeoutSeconds") or 1),
        successes=int(raw.get("successThreshold") or 1),
        failures=int(raw.get("failureThreshold") or 3),
    )


class Verdict:
    """Counts answers until they are enough in a row."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._last: bool | None = None
        self._count = 0

    def feed(self, *, good: bool) -> bool | None:
        """One more answer; gives the verdict as soon as, and as long as, there are enough of a kind in a row."""
        self._count = self._count + 1 if good == self._last else 1
        self._last = good
        return good if self._count >= (self._probe.successes if good else self._probe.failures) else None


async def ask(probe: Probe, host: str) -> bool:
    """Ask once; whatever goes wrong is a bad answer."""
    try:
        async with asyncio.timeout(probe.timeout):
            return await _ask(probe, host)
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def _ask(probe: Probe, host: str) -> bool:
    context = None
    if probe.https:
        # As the kubelet does: whether the certificate is right is not what is asked.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(host, probe.port, ssl=context)
    try:
        if probe.path is None:
            return True
        given = {
            "Host": f"{host}:{probe.port}",
            "User-Agent": "kube-probe/1.34",
            "Accept": "*/*",
            "Connection": "close",
        }
        headers = "".join(f"{name}: {value}\r\n" for name, value in (given | dict(probe.headers)).items())
        writer.write(f"GET {probe.path} HTTP/1.1\r\n{headers}\r\n".encode())
        status = int((await reader.readline()).split()[1])
        # Read to the end, so that the server never finds its answer refused.
        await reader.read(65_536)
        return 200 <= status < 400
    except IndexError:
        return False
    finally:
        writer.transport.abort() if probe.https else writer.close()


async def keep_asking(probe: Probe, host: str, tell: Callable[[bool], None]) -> None:
    """Ask at the probe's pace and tell each verdict, until cancelled."""
    verdict = Verdict(probe)
    await asyncio.sleep(probe.delay)
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        found = verdict.feed(good=await ask(probe, host))
        if found is not None:
            tell(found)
        await asyncio.sleep(max(0.01, began + probe.period - loop.time()))
