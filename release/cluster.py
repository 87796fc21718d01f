"""The Kubernetes API, as far as a release needs it: which pods a gateway has, and what each of them answers."""

import base64
import http.client
import json
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import yaml

_SECONDS: Final = 10.0


class ClusterError(Exception):
    """The cluster cannot be asked; the text is one sentence without a dot."""


class Cluster:
    """The cluster of a kubeconfig."""

    def __init__(self, kubeconfig: str) -> None:
        """Take server, authority and identity of the current context.

        Raises:
            ClusterError: When it is no kubeconfig, or one with a login program.
        """
        try:
            content: Any = yaml.safe_load(kubeconfig)
            context = _named(content["contexts"], content["current-context"])["context"]
            cluster = _named(content["clusters"], context["cluster"])["cluster"]
            user = _named(content["users"], context["user"])["user"]
            self._server = urlsplit(str(cluster["server"]))
            self._context = _tls(cluster, user)
        except (yaml.YAMLError, KeyError, TypeError, ValueError, StopIteration, OSError) as error:
            raise ClusterError(f"its kubeconfig cannot be used ({type(error).__name__})") from None
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}

    def pods(self, namespace: str, selector: str) -> list[str]:
        """Names of the pods that are there to stay."""
        status, body = self._get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={quote(selector)}")
        if status != 200:
            raise ClusterError(f"its API answers {status} when it is asked for pods")
        items = cast("list[dict[str, Any]]", json.loads(body)["items"])
        return sorted(str(item["metadata"]["name"]) for item in items if not item["metadata"].get("deletionTimestamp"))

    def images(self, namespace: str, selector: str) -> dict[str, str]:
        """Image of the first container of each pod that is there to stay, by the pod's name."""
        status, body = self._get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={quote(selector)}")
        if status != 200:
            raise ClusterError(f"its API answers {status} when it is asked for pods")
        return {
            str(item["metadata"]["name"]): str(item["spec"]["containers"][0]["image"])
            for item in cast("list[dict[str, Any]]", json.loads(body)["items"])
            if not item["metadata"].get("deletionTimestamp") and item["status"].get("phase") in ("Pending", "Running")
        }

    def ask_pod(self, namespace: str, pod: str, port: int, path: str) -> int:
        """The status that a pod answers, through the API server."""
        status, body = self._get(f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}")
        if status in (400, 403) or status >= 500:
            raise ClusterError(f"its API does not lead to pod {pod} ({status}): {_message(body)}")
        return status

    def call(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request; gives the object that the server answers with.

        Raises:
            ClusterError: When it refuses.
        """
        status, body = self._get(path, method, None if document is None else json.dumps(document).encode())
        if not 200 <= status < 300:
            raise ClusterError(f"its API answers {status} to {method} {path.partition('?')[0]}: {_message(body)}")
        return cast("dict[str, Any]", json.loads(body))

    def _get(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
        where = f"{self._server.hostname}:{self._server.port or 443}"
        connection = http.client.HTTPSConnection(where, timeout=_SECONDS, context=self._context)
        try:
            sent = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, body, {**self._headers, **sent, "Accept": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(f"its API at {where} does not answer ({type(error).__name__})") from None
        finally:
            connection.close()


def _named(items: list[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(item for item in items if item["name"] == name)


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = _content(user, "client-certificate"), _content(user, "client-key")
    if certificate and key:
        # The library reads it from a file only.
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "client.pem"
            file.touch(mode=0o600)
            file.write_bytes(certificate + b"\n" + key)
            context.load_cert_chain(file)
    return context


def _content(table: Mapping[str, Any], key: str) -> bytes:
    if f"{key}-data" in table:
        return base64.b64decode(str(table[f"{key}-data"]))
    return Path(str(table[key])).read_bytes() if key in table else b""


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "it does not say why"
