"""Serves the sandbox's Proxmox VE API over TLS on a loopback address.

    python -m sandbox.servers.proxmox_api --port 8006 --cert C --key K --nodes pve1,pve2 --state FILE --token-file T

The API token (`user@realm!name=uuid`) comes from the token file or from LUXIMA_SANDBOX_PROXMOX_TOKEN, never from the
command line. Prints `ready https://ADDRESS:PORT/` when it answers; ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import ipaddress
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.servers import proxmox_state
from sandbox.servers.proxmox_cluster import Cluster

TOKEN_VARIABLE = "LUXIMA_SANDBOX_PROXMOX_TOKEN"  # noqa: S105 - the name of a variable, not a token
# Proxmox VE's own rule for token names: two characters at least, the first a letter.
TOKEN = re.compile(r"([^\s@!=]+@[^\s@!=]+![A-Za-z][A-Za-z0-9._-]+)=([A-Za-z0-9-]+)")


class StartError(Exception):
    """Why the server cannot start, in one sentence."""


def parse_token(text: str) -> tuple[str, str]:
    """(token id, secret) of `user@realm!name=uuid`."""
    found = TOKEN.fullmatch(text.strip())
    if not found:
        raise StartError("the API token is not of the form user@realm!name=uuid (a name has two characters or more)")
    return found.group(1), found.group(2)


def read_token(file: Path | None) -> tuple[str, str]:
    """The API token from the file, else from the environment."""
    if file is not None:
        try:
            return parse_token(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise StartError(f"the token file {file} cannot be read: {error.strerror}") from error
    if text := os.environ.get(TOKEN_VARIABLE):
        return parse_token(text)
    raise StartError(f"no API token: give --token-file or {TOKEN_VARIABLE}")


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
    try:
        await server.start(str(cert), str(key))
    except OSError as error:
        raise StartError(f"cannot serve https://{server.host}:{server.port}: {error.strerror or error}") from error
    try:
        sys.stdout.write(f"ready {server.url}/\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await server.stop()


def names(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.proxmox_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.2", help="loopback address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8006, help="port; 0 takes a free one (default %(default)s)")
    parser.add_argument("--cert", type=Path, required=True, help="PEM certificate chain")
    parser.add_argument("--key", type=Path, required=True, help="PEM key of the certificate")
    parser.add_argument("--nodes", type=names, default=["pve1"], help="node names, separated by commas")
    parser.add_argument("--disks", type=names, default=["local-lvm"], help="datastores for disks (default local-lvm)")
    parser.add_argument("--files", type=names, default=["local"], help="datastores for files (default local)")
    parser.add_argument("--state", type=Path, help="file that keeps guests, pools and lists across a restart")
    parser.add_argument("--token-file", type=Path, help=f"file with the API token (else {TOKEN_VARIABLE})")
    options = parser.parse_args(argv)
    try:
        loopback = ipaddress.ip_address(options.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        parser.error(f"--host {options.host}: give a loopback address, such as 127.0.0.2")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run the server; returns the exit code."""
    options = arguments(argv)
    try:
        server = Server(
            token=read_token(options.token_file),
            state=options.state,
            host=options.host,
            port=options.port,
            nodes=options.nodes,
            disks=options.disks,
            files=options.files,
        )
        asyncio.run(serve(server, options.cert, options.key))
    except (StartError, ValueError) as error:
        sys.stderr.write(f"proxmox api: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
