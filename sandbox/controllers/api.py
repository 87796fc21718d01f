"""The Kubernetes API as the controllers need it: plain objects in and out, and a watch."""

import base64
import json
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import urllib3
import yaml

_WATCH_SECONDS = 300


class ApiError(Exception):
    """The API server refused; `status` is its HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


class Api:
    """A connection as the administrator of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        content: dict[str, Any] = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        # The ssl module takes a client's certificate from files only.
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(pair.name)
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, maxsize=8)
        self._server: str = cluster["server"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request; gives the object that the server answers with.

        Raises:
            ApiError: When the server refuses.
            urllib3.exceptions.HTTPError: When it does not answer.
        """
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return cast(
            "dict[str, Any]", json.loads(self._ask(method, path, None if body is None else json.dumps(body), kind))
        )

    def write(self, method: str, path: str, document: bytes) -> None:
        """An object as it is written in YAML: POST makes it, PATCH applies it and takes over fields that others own.

        Raises:
            ApiError: When the server refuses.
            urllib3.exceptions.HTTPError: When it does not answer.
        """
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/yaml"
        self._ask(method, path, document, kind)

    def _ask(self, method: str, path: str, body: bytes | str | None, kind: str) -> bytes:
        response = self._pool.request(
            method,
            f"{self._server}{path}",
            body=body,
            headers={"Accept": "application/json", "Content-Type": kind},
            timeout=urllib3.Timeout(connect=5, read=30),
        )
        if response.status >= 400:
            raise ApiError(response.status, response.data.decode(errors="replace")[:300])
        return response.data

    def watch(self, path: str, version: str) -> Iterator[dict[str, Any]]:
        """The changes since a version, until the server ends the watch.

        Raises:
            ApiError: When the server refuses.
            urllib3.exceptions.HTTPError: When it does not answer.
        """
        response = self._pool.request(
            "GET",
            f"{self._server}{path}?watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}",
            headers={"Accept": "application/json"},
            preload_content=False,
            timeout=urllib3.Timeout(connect=5, read=_WATCH_SECONDS + 30),
        )
        try:
            if response.status >= 400:
                raise ApiError(response.status, "watch refused")
            pending = b""
            for chunk in response.stream():
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line.strip())
        finally:
            response.close()
