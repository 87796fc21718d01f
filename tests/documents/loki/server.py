"""A real Loki that runs the platform's own documents, with folders of its own instead of the object storage."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.observability import loki
from settings import Settings
from tests.programs import end, free_port
from tools import ensure


def write(documents: Mapping[str, str], folder: Path) -> None:
    """The documents as files in `folder`."""
    for name, text in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@dataclass(frozen=True)
class Loki:
    """A Loki that answers on loopback."""

    url: str
    """Without a slash at the end."""

    def get(self, path: str, tenant: str, **query: str) -> Any:
        """The answer to a request, as JSON."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}{path}?{urllib.parse.urlencode(query)}", headers={"X-Scope-OrgID": tenant}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def push(self, tenant: str, labels: Mapping[str, str], lines: Sequence[tuple[float, str]]) -> None:
        """Send lines, each with the seconds before now at which it was written."""
        now = time.time()
        values = [[str(int((now - ago) * 1e9)), line] for ago, line in sorted(lines, reverse=True)]
        body = json.dumps({"streams": [{"stream": dict(labels), "values": values}]}).encode()
        headers = {"X-Scope-OrgID": tenant, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/loki/api/v1/push", body, headers)  # noqa: S310
        try:
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            raise AssertionError(f"push: {error.code} {error.read().decode()}") from error

    def vector(self, tenant: str, expression: str) -> list[dict[str, str]]:
        """Labels of each series that an instant query gives."""
        answer = self.get("/loki/api/v1/query", tenant, query=expression)
        return [series["metric"] for series in answer["data"]["result"]]

    def lines(self, tenant: str, expression: str) -> list[str]:
        """Lines of the last hour that a query finds, the oldest first."""
        start = str(int((time.time() - 3600) * 1e9))
        answer = self.get("/loki/api/v1/query_range", tenant, query=expression, start=start, direction="forward")
        values = [value for stream in answer["data"]["result"] for value in stream["values"]]
        return [line for _, line in sorted(values)]


def local(settings: Settings, folder: Path, http: int, grpc: int) -> dict[str, Any]:
    """loki.yaml with other ports, and folders in the place of buckets and volumes; all else as it is deployed."""
    document: dict[str, Any] = yaml.load(
        loki.documents(settings)["loki.yaml"]
        .replace("/etc/loki", str(folder))
        .replace(": /loki", f": {folder}/data")
        .replace("object_store: s3", "object_store: filesystem")
        .replace("delete_request_store: s3", "delete_request_store: filesystem"),
        yaml.CSafeLoader,
    )
    document["server"] |= {"http_listen_port": http, "grpc_listen_port": grpc, "http_listen_address": "127.0.0.1"}
    document["server"]["grpc_listen_address"] = "127.0.0.1"
    document["common"]["instance_addr"] = "127.0.0.1"
    document["common"]["storage"] = {"filesystem": {"chunks_directory": f"{folder}/data/chunks"}}
    document["ruler"]["alertmanager_url"] = ""
    document["ingester"]["lifecycler"] = {"min_ready_duration": "0s", "final_sleep": "0s"}
    return document


@contextmanager
def running(settings: Settings, folder: Path) -> Generator[Loki]:
    """Loki with the documents of a stack, until the block ends."""
    http, grpc = free_port(), free_port()
    write(loki.documents(settings), folder)
    (folder / "loki.yaml").write_text(yaml.safe_dump(local(settings, folder, http, grpc)))
    log = folder / "loki.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [ensure("loki")["loki"], f"-config.file={folder / 'loki.yaml'}"], stdout=output, stderr=output
        )
    try:
        server = Loki(f"http://127.0.0.1:{http}")
        _wait(server, process, log)
        yield server
    finally:
        end(process)


def _wait(server: Loki, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{server.url}/ready", timeout=10).close()  # noqa: S310
            # The distributor has a copy of the ring, which comes a moment later.
            with urllib.request.urlopen(f"{server.url}/ring", timeout=10) as ring:  # noqa: S310
                if b">ACTIVE<" in ring.read():
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"Loki is not ready:\n{log.read_text()[-4000:]}")
