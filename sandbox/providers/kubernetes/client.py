"""The API server: one object at a time, by apiVersion, kind, namespace and name.

Connection, TLS and credentials are the official client's; it is imported at the first request, since that takes a
second and a preview makes none.
"""

import importlib
import json
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from sandbox.providers.base import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    ProviderError,
    at_end,
    pause,
    sandbox_dir,
)

FIELD_MANAGER = "luxima"

Object = dict[str, Any]

_PATIENCE = 10.0
"""Seconds for which a request is repeated that met no server, or one that is starting."""

_ERRNO = re.compile(r"\[Errno \d+\] ")

_AGAIN = frozenset({429, 500, 502, 503, 504})


class ApiError(ProviderError):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Kind(NamedTuple):
    """How objects of a kind are reached."""

    plural: str
    namespaced: bool


class Cluster:
    """A client for one API server; safe for threads. Nothing is connected before the first request."""

    def __init__(self, kubeconfig: str, context: str | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._lock = threading.Lock()
        self._client: Any = None
        self._kinds: dict[str, dict[str, Kind]] = {}

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """How to reach `kind`; None where the server does not know it. Known kinds are asked for once."""
        if kind not in self._kinds.get(api_version, {}):
            found = self._request("GET", _root(api_version))
            resources = cast("list[Object]", found["resources"]) if found else []
            self._kinds[api_version] = {
                item["kind"]: Kind(item["name"], item["namespaced"]) for item in resources if "/" not in item["name"]
            }
        return self._kinds[api_version].get(kind)

    def apply(self, path: str, body: Object) -> Object:
        """Server-side apply, taking over fields that others own."""
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")]
        found = self._request("PATCH", path, body, query, content_type="application/apply-patch+yaml")
        if found is None:
            raise ApiError(404, "the API server does not find what the object belongs to")
        return found

    def get(self, path: str, **query: str) -> Object | None:
        """The object, or list of objects, at `path`; None when there is none."""
        return self._request("GET", path, query=list(query.items()))

    def delete(self, path: str, propagation: str, uid: str | None) -> None:
        """Ask for the removal of the object; one that is gone, or is another by now (`uid`), is fine."""
        body: Object = {"propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._request("DELETE", path, body)
        except ApiError as error:
            if error.status != 409:
                raise

    def _request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        query: list[tuple[str, str]] | None = None,
        content_type: str = "application/json",
    ) -> Object | None:
        end = time.monotonic() + _PATIENCE
        wait = 0.2
        while True:
            try:
                return self._once(method, path, body, query, content_type)
            except ApiError as error:
                if error.status == 404 and method != "PATCH":
                    return None
                if error.status not in _AGAIN or time.monotonic() + wait > end:
                    raise
            except _NoAnswerError as error:
                if time.monotonic() + wait > end:
                    raise ProviderError(str(error)) from error
            pause(wait)
            wait = min(wait * 2, 2.0)

    def _once(
        self, method: str, path: str, body: Object | None, query: list[tuple[str, str]] | None, content_type: str
    ) -> Object:
        client = self._connected()
        transport_error = importlib.import_module("urllib3.exceptions").HTTPError
        api_error = importlib.import_module("kubernetes.dynamic.exceptions").DynamicApiError
        try:
            response = client.request(
                method,
                path,
                body=body,
                query_params=list(query or []),
                content_type=content_type,
                serialize=False,
                _request_timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            )
        except api_error as error:
            raise ApiError(error.status, _message(error.body) or f"HTTP {error.status} {error.reason}") from error
        except transport_error as error:
            host = client.configuration.host
            raise _NoAnswerError(f"the Kubernetes API server at {host} does not answer: {_cause(error)}") from error
        return json.loads(response.data)

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _connect(self._kubeconfig, self._context)
            return self._client


class _NoAnswerError(Exception):
    """No connection, or no answer in time."""


def path_of(api_version: str, kind: Kind, namespace: str | None, name: str | None = None) -> str:
    """URL path of an object, or of the list of them."""
    place = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    return f"{_root(api_version)}{place}/{kind.plural}" + (f"/{name}" if name else "")


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _connect(kubeconfig: str, context: str | None) -> Any:
    try:
        content = yaml.safe_load(kubeconfig)
    except yaml.YAMLError as error:
        raise ProviderError("the kubernetes provider's kubeconfig is not YAML") from error
    if not isinstance(content, dict):
        raise ProviderError("the kubernetes provider's kubeconfig is no mapping; give the content of a kubeconfig file")
    config: Any = importlib.import_module("kubernetes.config")
    dynamic: Any = importlib.import_module("kubernetes.dynamic")
    certificates = tempfile.mkdtemp(prefix="kubernetes-", dir=_private_dir())
    at_end(lambda: shutil.rmtree(certificates, ignore_errors=True))
    try:
        client = config.new_client_from_config_dict(
            content, context=context, persist_config=False, temp_file_path=certificates
        )
    except config.ConfigException as error:
        raise ProviderError(f"the kubernetes provider's kubeconfig cannot be used: {error}") from error
    client.configuration.proxy = None  # the server is on loopback
    client.configuration.retries = False  # `_request` repeats
    client.configuration.connection_pool_maxsize = 64
    client.rest_client = type(client.rest_client)(client.configuration)
    return dynamic.DynamicClient(client, discoverer=_no_discovery)


def _no_discovery(_client: Any, _cache_file: Any) -> None:
    """The library's discovery reads all of the API and caches it by host and port, which a new cluster may reuse."""


def _private_dir() -> Path:
    folder = sandbox_dir() / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _message(body: Any) -> str:
    try:
        return str(json.loads(body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""


def _cause(error: BaseException) -> str:
    """The innermost reason of the transport's nested errors, without its number and its object's address."""
    reason = str(getattr(error, "reason", None) or error)
    if "timed out" in reason:
        return "timed out"
    return _ERRNO.sub("", reason.rpartition(": ")[2]).rstrip(")").lower() or type(error).__name__
