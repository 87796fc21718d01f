"""A simulated Proxmox API on a free port of loopback, for the tests that drive it."""

import asyncio
import importlib
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.servers.proxmox_api import Server

TOKEN = "root@pam!tests=6f0c5a0e-5c2b-4f0a-9a58-0d3b8f3f3a11"


@dataclass
class Running:
    """A server that answers."""

    cluster: Any
    """What it keeps, for asserting on it."""
    endpoint: str
    certificate: Path


@contextmanager
def running(
    folder: Path, *, nodes: tuple[str, ...] = ("pve1", "pve2"), state: Path | None = None
) -> Generator[Running]:
    """Serve in a thread until the block ends."""
    make_cert: Any = importlib.import_module("fakepve.certs").make_cert
    cert, key, _ = make_cert(str(folder), hosts=("127.0.0.1",))
    name, _, secret = TOKEN.partition("=")
    server: Any = Server(
        token=(name, secret),
        state=state,
        host="127.0.0.1",
        port=0,
        nodes=list(nodes),
        disks=["local-lvm"],
        files=["local"],
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(cert, key), loop).result(60)
        yield Running(server, f"{server.url}/", Path(cert))
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
