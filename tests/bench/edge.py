"""What the edge adds to a request: the same client over TLS, directly, through a gateway, and through one that mirrors.

`python -m tests.bench.edge` prints it. The three ways take turns request by request, so that what else the machine does
meets them alike. The service answers at once; the gateway is a real Traefik with the generated documents.
"""

import argparse
import asyncio
import os
import ssl
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from tests.e2e.edge.authority import Authority
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.shop import image, verified
from tests.e2e.edge.traffic import LIMIT, Ask, Browser, quantile
from tools import ToolError

DOMAIN: Final = "acehcommerce.id"
DIRECT, EDGE, MIRRORED = "direct", "through the edge", "through the edge, mirrored"
_PAUSE_SECONDS: Final = 0.003
"""Between two requests: a mirror's copy is made after the answer, and is not to be in the next request's time."""


class Secure(Backend):
    """The service behind TLS of its own, as the direct way meets it."""

    def __init__(self, name: str, context: ssl.SSLContext) -> None:
        super().__init__(name)
        self._context = context

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, self.address, 0, ssl=self._context, backlog=128)
        self.port = self._server.sockets[0].getsockname()[1]


def serve(said: Connection, chain: Path, key: Path) -> None:
    """A process of its own with the service, over TLS and without, and its shadow; ends when it is told anything."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    with Secure("direct", context) as direct, Backend("blue") as service, Backend("shadow") as shadow:
        said.send((direct.port, service.port, shadow.port))
        said.recv()


def measure(folder: Path, count: int) -> Mapping[str, Sequence[float]]:
    """Seconds of every request, by its way."""
    authority = Authority()
    chain, key = folder / "direct.crt", folder / "direct.key"
    for path, content in zip((chain, key), authority.certificate(DOMAIN), strict=True):
        path.write_bytes(content)
    spawned = get_context("spawn")
    ours, theirs = spawned.Pipe()
    server = spawned.Process(target=serve, args=(theirs, chain, key), daemon=True)
    server.start()
    try:
        direct, service, shadow = ours.recv()
        urls = {
            "http://storefront-blue.commerce.svc:3000": f"http://127.0.0.1:{service}",
            "http://storefront-shadow.commerce.svc:3000": f"http://127.0.0.1:{shadow}",
        }
        with ExitStack() as stack:
            gateways = [
                stack.enter_context(
                    Gateway(_settings(folder / name, percent), folder / name, urls=urls, authority=authority)
                )
                for name, percent in (("plain", 0), ("mirroring", 100))
            ]
            return asyncio.run(_in_turns(gateways, direct, count))
    finally:
        ours.send("end")
        server.join(20)


def _settings(folder: Path, percent: int) -> Any:
    storefront = {
        "live": "blue",
        "slots": {"blue": verified("storefront", "a"), "green": None},
        "shadow": {"image": image("storefront", "b"), "percent": percent},
    }
    edits = {**LIMIT, "services.storefront.strategy": "shadow", "releases.services": {"storefront": storefront}}
    return stack_with(folder.with_name(f"{folder.name}-settings"), edits)


async def _in_turns(gateways: Sequence[Gateway], direct: int, count: int) -> Mapping[str, Sequence[float]]:
    plain, mirroring = gateways
    browsers = {
        DIRECT: Browser(plain, DOMAIN, port=direct),
        EDGE: Browser(plain, DOMAIN),
        MIRRORED: Browser(mirroring, DOMAIN),
    }
    times: dict[str, list[float]] = {name: [] for name in browsers}
    warm = max(20, count // 20)
    for number in range(warm + count):
        for name, browser in browsers.items():
            reply = await browser.ask(Ask(f"/bench/{number}"))
            if reply.status != 200:
                raise SystemExit(f"error: {name}: {reply.status} {reply.error}")
            if number >= warm:
                times[name].append(reply.seconds)
            await asyncio.sleep(_PAUSE_SECONDS)
    for browser in browsers.values():
        browser.close()
    return times


def table(times: Mapping[str, Sequence[float]]) -> str:
    """The figures: milliseconds, what is added to the direct way, and as a ratio to it."""
    lines = [f"{'milliseconds':30}{'requests':>9}{'p50':>8}{'p99':>8}{'+p50':>8}{'+p99':>8}{'x p50':>8}{'x p99':>8}"]
    base = [1000 * quantile(times[DIRECT], share) for share in (0.5, 0.99)]
    for name, seconds in times.items():
        found = [1000 * quantile(seconds, share) for share in (0.5, 0.99)]
        cells = [*found, *(one - zero for one, zero in zip(found, base, strict=True))]
        cells += [one / zero for one, zero in zip(found, base, strict=True)]
        lines.append(f"{name:30}{len(seconds):9}" + "".join(f"{cell:8.2f}" for cell in cells))
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.edge", description="Latency that the edge adds.")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each way (2000)")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="luxima-edge-") as folder:
        times = measure(Path(folder), options.requests)
    sys.stdout.write(f"cores {len(os.sched_getaffinity(0))}, load at the start {load:.1f}\n\n{table(times)}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"error: {error}")
