# ruff: noqa: ARG002 - the protocol's signatures
"""The driver: one Kubernetes object for each resource, by server-side apply."""

import time
from pathlib import Path
from typing import Any, cast

from sandbox.providers.base import (
    UNKNOWN,
    Driver,
    InitError,
    Properties,
    ProviderError,
    operation,
    pause,
    random_name,
    wait_until,
)
from sandbox.providers.kubernetes import objects
from sandbox.providers.kubernetes.awaiting import conditions, state
from sandbox.providers.kubernetes.client import ApiError, Cluster, path_of
from sandbox.providers.kubernetes.projection import project

_PATIENCE = 120.0
"""Seconds in which an object becomes ready, or is gone, unless `customTimeouts` says otherwise."""

_PREREQUISITE = 15.0
"""Seconds for which a namespace or a definition that is being made may be missing."""

_SECRET_TYPE = "kubernetes:core/v1:Secret"  # noqa: S105 - a type's name


class KubernetesDriver(Driver):
    """Drives the API server that the provider's kubeconfig names."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._namespace = "default"
        self._config_map_mutable = False
        self._secret_mutable = False

    def configure(self, variables: Properties) -> None:
        """Take kubeconfig (content, or the path of a file), context, namespace and the two `…Mutable` switches."""
        kubeconfig = variables.get("kubeconfig")
        self._namespace = variables.get("namespace") or "default"
        self._config_map_mutable = variables.get("enableConfigMapMutable") is True
        self._secret_mutable = variables.get("enableSecretMutable") is True
        if isinstance(kubeconfig, str) and "\n" not in kubeconfig and Path(kubeconfig).is_file():
            kubeconfig = Path(kubeconfig).read_text("utf-8")
        self._cluster = Cluster(kubeconfig, variables.get("context")) if kubeconfig else None

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """A generated name, where the program gives none."""
        return objects.with_name(inputs, old, random_name(name))

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:
        """Refuse what is no single object."""
        refused = objects.refusal(token)
        if refused:
            return [("", refused)]
        metadata = inputs.get("metadata")
        if isinstance(metadata, dict) and "generateName" in metadata:
            return [
                ("metadata.generateName", "the local kubernetes provider needs metadata.name, or neither of the two")
            ]
        return []

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """The object's identity, and fields that the server does not let change."""
        mutable = {"config_map_mutable": self._config_map_mutable, "secret_mutable": self._secret_mutable}
        return objects.replace_on(new, **mutable)

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Unless the name is a generated one, or another."""
        generated = objects.annotation(new, objects.AUTONAMED) == "true"
        return not generated and objects.identity(old) == objects.identity(new)

    def secrets(self, token: str) -> frozenset[str]:
        """The content of a Secret."""
        return frozenset({"data", "stringData"}) if token == _SECRET_TYPE else frozenset()

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """What is declared is known."""
        return {**inputs, "status": UNKNOWN}

    def preview_update(self, token: str, inputs: Properties, outputs: Properties) -> Properties:
        """The object as it was, with what is declared now."""
        return _merged(outputs, inputs)

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Apply and await; an object of the same name is taken over, as the official provider does."""
        return self._apply(inputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Apply and await; fields that are declared no longer vanish."""
        return self._apply(new)[1]

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The live object, projected."""
        api_version, kind = _type(token, inputs)
        path = self._path(api_version, kind, *_split(resource_id))
        live = self._server().get(path) if path else None
        if live is None:
            return None
        answer = objects.to_outputs(live)
        return (project(inputs, answer, outputs) if inputs else objects.to_inputs(live)), answer

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """Delete with what depends on it, and wait until it is gone."""
        api_version, kind = _type(token, outputs)
        path = self._path(api_version, kind, *_split(resource_id))
        if path is None:
            return
        server, uid = self._server(), outputs.get("metadata", {}).get("uid")
        server.delete(path, objects.annotation(outputs, objects.PROPAGATION) or "Foreground", uid)
        last: Properties = {}

        def gone() -> bool:
            nonlocal last
            last = server.get(path) or {}
            return not last or (uid is not None and last["metadata"]["uid"] != uid)

        timeout = operation().timeout or _PATIENCE
        if not wait_until(gone, timeout):
            raise ProviderError(f"{kind} {resource_id} is not gone after {timeout:.0f} s{_reasons(last)}")

    def _server(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError("the kubernetes provider has no kubeconfig; the local one never falls back to ~/.kube")
        return self._cluster

    def _path(self, api_version: str, kind: str, namespace: str | None, name: str) -> str | None:
        found = self._server().kind(api_version, kind)
        return path_of(api_version, found, namespace or self._namespace, name) if found else None

    def _apply(self, inputs: Properties) -> tuple[str, Properties]:
        api_version, kind = inputs["apiVersion"], inputs["kind"]
        namespace, name = objects.identity(inputs)
        title = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
        end = time.monotonic() + _PREREQUISITE
        while True:
            path = self._path(api_version, kind, namespace, name)
            try:
                if path is None:
                    raise ApiError(
                        404, f"the API server does not know {api_version} {kind}; is its definition applied?"
                    )
                live = self._server().apply(path, objects.to_apply(inputs))
                break
            except ApiError as error:
                if error.status != 404 or time.monotonic() > end:
                    raise ProviderError(f"{title}: {error}") from error
            pause(0.5)
        live_namespace = live["metadata"].get("namespace")
        resource_id = f"{live_namespace}/{name}" if live_namespace else name
        if objects.annotation(inputs, objects.SKIP_AWAIT) != "true":
            live = self._awaited(path, live, f"{kind} {resource_id}", resource_id)
        return resource_id, objects.to_outputs(live)

    def _awaited(self, path: str, live: Properties, title: str, resource_id: str) -> Properties:
        timeout = operation().timeout or _PATIENCE
        seen = state(live)

        def settled() -> bool:
            nonlocal live, seen
            live = self._server().get(path) or {}
            if not live:
                raise ProviderError("it was deleted while it was waited for")
            seen = state(live)
            return seen.ready or seen.failed

        try:
            if seen.ready or self._waits_for_consumer(live) or (wait_until(settled, timeout) and not seen.failed):
                return live
        except ProviderError as error:
            raise InitError(f"{title}: {error}", resource_id, objects.to_outputs(live)) from error
        late = "" if seen.failed else f" after {timeout:.0f} s"
        reason = f"{title} is not ready{late}: {seen.waits_for}{_reasons(live)}{self._last_warning(live)}"
        raise InitError(reason, resource_id, objects.to_outputs(live))

    def _waits_for_consumer(self, live: Properties) -> bool:
        """Whether it is a claim whose class binds it only when a pod uses it."""
        name = live.get("spec", {}).get("storageClassName")
        if live.get("kind") != "PersistentVolumeClaim" or not name:
            return False
        path = self._path("storage.k8s.io/v1", "StorageClass", None, name)
        found = self._server().get(path) if path else None
        return bool(found) and found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _last_warning(self, live: Properties) -> str:
        """The newest warning about the object or its pods; what makes this up is only words."""
        namespace, name = objects.identity(live)
        found = self._server().get(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type=Warning") or {}
        events = [
            event
            for event in cast("list[Properties]", found.get("items") or [])
            if str(event["involvedObject"].get("name")).startswith(name)
        ]
        if not events:
            return ""
        newest = max(
            events, key=lambda event: str(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])
        )
        return f"; last warning: {newest.get('message')}"


def _type(token: str, properties: Properties) -> tuple[str, str]:
    """Its apiVersion and kind: what the properties say, else what the token says (an object that is imported)."""
    module, _, kind = token.removeprefix("kubernetes:").rpartition(":")
    api_version = properties.get("apiVersion") or module.removeprefix("core/")
    return api_version, properties.get("kind") or kind


def _split(resource_id: str) -> tuple[str | None, str]:
    namespace, _, name = resource_id.rpartition("/")
    return namespace or None, name


def _reasons(live: Properties) -> str:
    """What the object's conditions say that is not well."""
    bad = [
        str(item["message"])
        for item in conditions(live)
        if item.get("message") and (item.get("status") == "False" or "Failure" in str(item.get("type")))
    ]
    return "".join(f"; {message}" for message in bad)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        before = cast("Properties", old)
        return before | {key: _merged(before.get(key), value) for key, value in cast("Properties", new).items()}
    return new
