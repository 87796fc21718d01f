"""The generated documents of a gateway in a real Traefik, on loopback.

What differs from the deployed documents: ports, folders, and the URLs of services. Files are put in place and changed
as the kubelet does it: a new folder, a link beside the files that is swapped to it, and the old folder taken away.
"""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from components.edge.documents import documents
from components.flows import GATEWAY_METRICS_PORT, GATEWAY_PORTS
from components.programs import Client
from components.routing import DYNAMIC
from components.routing.access import ACCESS_FILE, access_yaml
from components.routing.database import TRANSPORT_FILE, transport_yaml
from components.routing.document import ROUTING_FILE, VERSION_PATH, version
from settings import Settings
from settings.values import Slot
from tests.e2e.edge.authority import Authority
from tests.programs import free_port
from tests.unit.settings.stacks import Checkout
from tests.waiting import wait_for
from tools import ensure

NOWHERE: Final = "http://127.0.0.1:1"
"""Stands for services that a test has none of: nothing listens on that port."""
PASSWORDS: Final[Mapping[Client, str]] = {
    "log-agent": "log-agent-of-this-test",
    "release": "release-of-this-test",
    "operator": "operator-of-this-test",
}


MACHINES = "10.10.0.0/16"
"""Networks of the machines of every stack, whose log agents come to the gateways."""


def stack_with(folder: Path, edits: Mapping[str, Any], stack: str = "prod") -> Settings:
    """The settings of a stack with edits at dotted paths, checked as always; `folder` is for files in between."""
    folder.mkdir(parents=True, exist_ok=True)
    return Checkout(folder, stack).load(edits)


class Volume:
    """A folder of files that changes as a whole, as the kubelet changes a projected volume."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()

    def write(self, files: Mapping[str, str | bytes], *, clean: bool = True) -> Path | None:
        """Replace all files, by path; without `clean` the folder of the old ones is left, and returned."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "..data"
        old = data.resolve() if data.is_symlink() else None
        new = self.folder / f"..{time.strftime('%Y_%m_%d_%H_%M_%S')}.{next(self._numbers):09d}"
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        link = self.folder / "..data_tmp"
        link.symlink_to(new.name)
        link.replace(data)
        for first in {name.split("/")[0] for name in files}:
            if not (self.folder / first).is_symlink():
                (self.folder / first).symlink_to(f"..data/{first}")
        if old is not None and clean:
            shutil.rmtree(old)
        return None if clean else old


class Gateway:
    """A Traefik with the documents of one slot's gateway, while the block lasts.

    Args:
        settings: What the documents are made from.
        folder: For its files; must not exist or be empty.
        slot: Whose gateway it is.
        urls: Real URLs by those of the documents, such as `http://storefront-blue.commerce.svc:3000`.
        address: Loopback address that it listens on.
        authority: Signs its certificates; one of its own if None.
        edit: Changes the text of traefik.yaml once more, for what a test cannot wait for.
        patient: Whether health checks wait for half a minute: a server of this test that is paused with all of this
            machine is not to be taken for a dead one. One that is dead or ill says so at once.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        slot: Slot = "blue",
        urls: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
        authority: Authority | None = None,
        edit: Callable[[str], str] = str,
        patient: bool = False,
    ) -> None:
        self.settings, self.folder, self.address = settings, folder, address
        self.slot: Slot = slot
        self.urls = dict(urls or {})
        self.authority = authority or Authority()
        self.ports = {"metrics": free_port(), "web": free_port(), "websecure": free_port()}
        self.ca = folder / "ca.pem"
        """The authority that clients have to trust."""
        self.log = folder / "traefik.log"
        """Everything that Traefik says: its own lines and the access log, both JSON."""
        self.passwords: Mapping[Client, str] = PASSWORDS
        """Of the clients of programs behind it; changed with the next `write`."""
        self._edit, self._patient = edit, patient
        self._dynamic = Volume(folder / "dynamic")
        self._process: subprocess.Popen[bytes] | None = None
        environment = settings.environment
        zones = {"public": environment.domain, "core": environment.core_domain}
        self.certificates = {key: self.authority.certificate(zone, f"*.{zone}") for key, zone in zones.items()}
        """Certificate chain and key by zone; change them with `renew`."""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca.write_bytes(self.authority.pem)
        found = documents(self.settings)
        (self.folder / "traefik.yaml").write_text(self._edit(self._local(found[f"{self.slot}/traefik.yaml"])))
        plugin = "src/github.com/luxima/correlation"
        Volume(self.folder / "plugins-local").write(
            {f"{plugin}/{name.removeprefix('plugin/')}": text for name, text in found.items() if name[:7] == "plugin/"}
        )
        self.write(found[f"{self.slot}/routing.yaml"])
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    # Life

    def start(self, seconds: float = 60) -> None:
        """Run it, on the same ports as before, and wait until it routes."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [ensure("traefik")["traefik"], f"--configFile={self.folder / 'traefik.yaml'}"],
                cwd=self.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    # As the pod has it.
                    "GOMEMLIMIT": f"{self.settings.edge.memory_mib * 9 // 10}MiB",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._ready, "a gateway that routes", seconds)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def terminate(self) -> "subprocess.Popen[bytes]":
        """Ask it to leave in order; the caller waits for the process."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-4000:]
        return self.status("/ping") == 200 and self.uses(self.settings)

    # What it is told

    def write(self, routing: str, *, clean: bool = True) -> Path | None:
        """Put a routing document in place, and the certificates; without `clean` the old ones stay beside them."""
        local = self._local(routing)
        if self._patient:
            local = re.sub(r"^( *timeout): \d+m?s$", r"\1: 30s", local, flags=re.MULTILINE)
        files: dict[str, str | bytes] = {ROUTING_FILE: local, ACCESS_FILE: access_yaml(self.passwords)}
        for key, (chain, private) in self.certificates.items():
            files |= {f"tls/{key}/tls.crt": chain, f"tls/{key}/tls.key": private}
        if self.settings.database_host is not None:
            files[TRANSPORT_FILE] = transport_yaml(self.authority.pem.decode())
        return self._dynamic.write(files, clean=clean)

    def change(self, settings: Settings, *, wait: bool = True) -> None:
        """Other settings from now on; what is in traefik.yaml stays."""
        self.settings = settings
        self.write(documents(settings)[f"{self.slot}/routing.yaml"])
        if wait:
            wait_for(lambda: self.uses(settings), "use of the new routing")

    def renew(self) -> None:
        """New certificates for the same names; the routing document stays as it is."""
        environment = self.settings.environment
        zones = {"public": environment.domain, "core": environment.core_domain}
        self.certificates = {key: self.authority.certificate(zone, f"*.{zone}") for key, zone in zones.items()}
        self.write(documents(self.settings)[f"{self.slot}/routing.yaml"])

    def _local(self, text: str) -> str:
        """A document with the ports, folders and URLs of this gateway."""
        for known, real in sorted(self.urls.items(), key=lambda item: -len(item[0])):
            text = text.replace(known, real)
        text = text.replace(DYNAMIC, str(self.folder / "dynamic"))
        for name, port in (
            ("metrics", GATEWAY_METRICS_PORT),
            ("web", GATEWAY_PORTS[80]),
            ("websecure", GATEWAY_PORTS[443]),
        ):
            text = text.replace(f"address: :{port}\n", f"address: {self.address}:{self.ports[name]}\n")
        lines = [line if ".svc:" not in line else line[: line.index("http://")] + NOWHERE for line in text.splitlines()]
        return "\n".join(lines) + "\n"

    # What it says

    @property
    def inside(self) -> str:
        """URL of its metrics and ping."""
        return f"http://{self.address}:{self.ports['metrics']}"

    def status(self, path: str) -> int:
        """Status of an answer on the metrics port; 0 when there is none."""
        try:
            with urllib.request.urlopen(f"{self.inside}{path}", timeout=5) as answer:  # noqa: S310 - loopback
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def uses(self, settings: Settings) -> bool:
        """Whether it routes by the document of these settings."""
        return self.status(f"{VERSION_PATH}{version(settings, self.slot)}") == 200

    def metrics(self) -> str:
        """Its metrics in Prometheus' text format."""
        with urllib.request.urlopen(f"{self.inside}/metrics", timeout=10) as answer:  # noqa: S310 - loopback
            return answer.read().decode()

    def lines(self) -> list[dict[str, Any]]:
        """What it wrote down so far, without the access log."""
        return [line for line in self._json() if "DownstreamStatus" not in line]

    def access(self) -> list[dict[str, Any]]:
        """Lines of the access log so far."""
        return [line for line in self._json() if "DownstreamStatus" in line]

    def _json(self) -> list[dict[str, Any]]:
        *whole, _ = self.log.read_text().split("\n")
        return [json.loads(line) for line in whole if line.startswith("{")]
