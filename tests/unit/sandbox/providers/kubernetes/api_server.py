"""A stand-in for an API server on loopback, for what a real one does not do on demand: refuse, fail, be late."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, Any]]

_RESOURCES = {
    "/api/v1": [
        ("ConfigMap", "configmaps", True),
        ("Namespace", "namespaces", False),
        ("PersistentVolumeClaim", "persistentvolumeclaims", True),
    ],
    "/apis/storage.k8s.io/v1": [("StorageClass", "storageclasses", False)],
    "/apis/apps/v1": [("Deployment", "deployments", True)],
}


@dataclass
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    content_type: str


@dataclass
class ApiServer:
    """Keeps objects by path; `answer` may answer in its place."""

    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    requests: list[Request] = field(default_factory=list[Request])
    answer: Callable[[Request], Reply | None] = field(default=lambda _request: None)

    @property
    def kubeconfig(self) -> str:
        """What a client needs."""
        return json.dumps(
            {
                "clusters": [{"name": "a", "cluster": {"server": self.url}}],
                "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
                "users": [{"name": "a", "user": {}}],
                "current-context": "a",
            }
        )

    def handle(self, request: Request) -> Reply:
        """What an API server does, as far as the tests need it."""
        self.requests.append(request)
        special = self.answer(request)
        if special:
            return special
        if request.path in _RESOURCES:
            items = [{"kind": k, "name": p, "namespaced": n} for k, p, n in _RESOURCES[request.path]]
            return 200, {"resources": items}
        if request.method == "PATCH":
            self.objects[request.path] = {
                **request.body,
                "metadata": {"uid": "1", "managedFields": [], "generation": 1, **request.body["metadata"]},
            }
        found = self.objects.get(request.path)
        if found is None:
            return 404, {"message": "not found"}
        if request.method == "DELETE":
            del self.objects[request.path]
        return 200, found


@contextmanager
def running() -> Generator[ApiServer]:
    """Serve in threads until the block ends."""
    api = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            request = Request(self.command, parts.path, parse_qs(parts.query), body, self.headers["Content-Type"] or "")
            status, reply = api.handle(request)
            payload = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
