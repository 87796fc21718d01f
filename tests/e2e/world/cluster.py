"""The Kubernetes API by the official client, as plain JSON; its `Any` stays here."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import urllib3
from kubernetes import client, config  # pyright: ignore[reportMissingTypeStubs]

Object = dict[str, Any]

_SECONDS = 30
_SYSTEM = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "cert-manager"})
"""Namespaces that are there before the platform is."""
_PATCH = "application/strategic-merge-patch+json"


class Refused(Exception):  # noqa: N818 - an answer
    """The API server did not do it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Cluster:
    """The API server of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        load: Any = config.new_client_from_config  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._client: Any = load(config_file=str(kubeconfig), persist_config=False)

    def _ask(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> Object:
        headers = {"Content-Type": kind, "Accept": "application/json"}
        url = f"{self._client.configuration.host}{path}"
        try:
            answer = self._client.call_api(method, url, headers, body, _request_timeout=_SECONDS)
            content = answer.read()
        except client.ApiException as error:
            problem: Any = error
            raise Refused(problem.status, problem.body) from error
        except urllib3.exceptions.HTTPError as error:
            raise Refused(0, str(error)) from error
        if not 200 <= int(answer.status) < 300:
            raise Refused(int(answer.status), content.decode())
        return cast("Object", json.loads(content))

    def get(self, path: str) -> Object:
        """An object, or a list of objects."""
        return self._ask("GET", path)

    def items(self, path: str) -> list[Object]:
        """The objects of a list."""
        return cast("list[Object]", self.get(path)["items"])

    def patch(self, path: str, body: Object) -> None:
        """Change an object as somebody with kubectl would."""
        self._ask("PATCH", path, body, _PATCH)

    def try_out(self, path: str, body: Object) -> Object:
        """Have the server check a new object without keeping it."""
        return self._ask("POST", f"{path}?dryRun=All&fieldValidation=Strict", body)

    def namespaces(self) -> set[str]:
        """Namespaces of the platform."""
        return {item["metadata"]["name"] for item in self.items("/api/v1/namespaces")} - _SYSTEM

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """The values of a Secret."""
        data = cast("dict[str, str]", self.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")["data"])
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def versions(self, namespace: str) -> dict[str, str]:
        """The version of each object whose spec is the platform's, by kind and name."""
        paths = {
            "Deployment": "apis/apps/v1",
            "Service": "api/v1",
            "Secret": "api/v1",
            "NetworkPolicy": "apis/networking.k8s.io/v1",
            "PodDisruptionBudget": "apis/policy/v1",
            "ServiceAccount": "api/v1",
        }
        plurals = {kind: kind.lower() + "s" for kind in paths} | {"NetworkPolicy": "networkpolicies"}
        return {
            # A generation counts the changes of what is asked for; kinds without a status have none.
            f"{kind}/{item['metadata']['name']}": str(
                item["metadata"].get("generation") or item["metadata"]["resourceVersion"]
            )
            for kind, root in paths.items()
            for item in self.items(f"/{root}/namespaces/{namespace}/{plurals[kind]}")
        }
