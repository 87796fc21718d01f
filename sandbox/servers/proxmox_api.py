"""Serves the sandbox's Proxmox VE API over TLS on a loopback address.

    python -m sandbox.servers.proxmox_api --host H --port P --cert C --key K --nodes pve1,pve2 --state FILE …

The API token (`user@realm!name=uuid`) comes from a file, never from the command line. Prints `ready
https://ADDRESS:PORT/` when it answers; ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import ipaddress
import re
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.servers import proxmox_state
from sandbox.servers.proxmox_cluster import Cluster

# Proxmox VE's own rule for token names: two characters at least, the first a letter.
TOKEN = re.compile(r"([^\s@!=]+@[^\s@!=]+![A-Za-z][A-Za-z0-9._-]+)=([A-Za-z0-9-]+)")


def read_token(file: str) -> tuple[str, str]:
    """(token id, secret) of the `user@realm!name=uuid` in a file."""
    found = TOKEN.fullmatch(Path(file).read_text(encoding="utf-8").strip())
    if not found:
        raise argparse.ArgumentTypeError("its API token is not of the form user@realm!name=uuid, name of two letters")
    return found.group(1), found.group(2)


def loopback(host: str) -> str:
    """An address that nobody else reaches."""
    if not ipaddress.ip_address(host).is_loopback:
        raise argparse.ArgumentTypeError(f"{host}: give a loopback address, such as 127.0.0.2")
    return host


def persisting(cluster: Any, path: Path) -> Any:
    """A middleware that saves the cluster after every request that may have changed it."""

    @web.middleware
    async def save(request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        if request.method not in ("GET", "HEAD"):
            proxmox_state.save(cluster, path)
        return response

    return save


@web.middleware
async def without_final_slash(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer `…/qemu/100/?purge=1` as Proxmox VE does, which drops the slash; official clients send it on removal."""
    path = request.path
    if not path.endswith("/") or not path.strip("/"):
        return await handler(request)
    shorter = request.clone(rel_url=request.rel_url.with_path(path.rstrip("/")).with_query(request.rel_url.query))
    application: Any = request.app
    return await application._handle(shorter)


class Server(Cluster):
    """A cluster that answers one API token and remembers its state in a file."""

    def __init__(self, *, token: tuple[str, str], state: Path | None, **options: Any) -> None:
        super().__init__(**options)
        self.apitokens = {token[0]: token[1]}
        # No password login: its default is public.
        self.password = None
        self._state = state
        if state is not None:
            proxmox_state.load(self, state)

    def _build_app(self) -> web.Application:
        base: Any = super()
        app: web.Application = base._build_app()
        if self._state is not None:
            app.middlewares.insert(0, persisting(self, self._state))
        app.middlewares.insert(0, without_final_slash)
        return app


async def serve(server: Any, cert: Path, key: Path) -> None:
    """Answer until a signal asks to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.start(str(cert), str(key))
    try:
        sys.stdout.write(f"ready {server.url}/\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await server.stop()


def names(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return text.split(",")


def main() -> None:
    """Run the server."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.proxmox_api", description=__doc__)
    parser.add_argument("--host", type=loopback, required=True, help="loopback address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port; 0 takes a free one")
    parser.add_argument("--cert", type=Path, required=True, help="PEM certificate chain")
    parser.add_argument("--key", type=Path, required=True, help="PEM key of the certificate")
    parser.add_argument("--nodes", type=names, required=True, help="node names, separated by commas")
    parser.add_argument("--disks", type=names, required=True, help="datastores for disks")
    parser.add_argument("--files", type=names, required=True, help="datastores for files")
    parser.add_argument("--state", type=Path, required=True, help="file that keeps the cluster across a restart")
    parser.add_argument("--token-file", type=read_token, required=True, dest="token", help="file with the API token")
    options = vars(parser.parse_args())
    cert, key = options.pop("cert"), options.pop("key")
    asyncio.run(serve(Server(**options), cert, key))


if __name__ == "__main__":
    main()
