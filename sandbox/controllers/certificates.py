"""What cert-manager does, with the sandbox's own authority: its kinds, its namespace, a Secret for each Certificate.

A Certificate is issued when its Secret is missing, is for other names or another issuer, or is due for renewal; so who
wants a new one deletes the Secret, as with the real one. Whoever trusts the sandbox's authority trusts what is issued.
"""

import base64
import datetime
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

import urllib3

from sandbox import tls
from sandbox.controllers.api import Api, ApiError
from sandbox.controllers.certificate_objects import (
    Object,
    condition,
    due,
    duration,
    has_condition,
    is_ready,
    made_secret,
    now,
    ready_status,
)
from sandbox.controllers.following import Objects, follow, say, short

NAMESPACE: Final = "cert-manager"
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_DEFINED: Final = "luxima.id/definitions"
"""Annotation of the namespace: which definitions were applied."""
_RETRY_SECONDS: Final = 0.5
_TICK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0
"""After a refusal of the API server."""
_DEFAULT_LIFETIME: Final = datetime.timedelta(days=90)
_ROOT: Final = "/apis/cert-manager.io/v1"
_KINDS: Final = {
    "certificates": f"{_ROOT}/certificates",
    "issuers": f"{_ROOT}/clusterissuers",
    "secrets": "/api/v1/secrets",
}


class CertManager:
    """Applies the kinds, then issues and renews."""

    def __init__(self, api: Api, definitions: Path, authority: Path) -> None:
        """A controller that has not begun.

        Args:
            api: The cluster.
            definitions: Folder with the CRDs, `<group>_<plural>.yaml`.
            authority: Folder of the sandbox's certificate authority.
        """
        self._api, self._definitions, self._authority = api, definitions, authority
        self._lock = Lock()
        self._seen: dict[str, Objects] = {kind: {} for kind in _KINDS}
        self._listed: set[str] = set()
        self._not_before: dict[str, float] = {}

    def start(self, stopped: Event, defined: Callable[[], None]) -> None:
        """Go on in threads until told to stop.

        Args:
            stopped: Ends them.
            defined: Called when the kinds are there.
        """
        tls.ensure_authority(self._authority)
        Thread(target=self._run, args=(stopped, defined), daemon=True).start()

    def _run(self, stopped: Event, defined: Callable[[], None]) -> None:
        while not stopped.is_set():
            try:
                self._define()
            except (ApiError, urllib3.exceptions.HTTPError) as error:
                say(f"defining cert-manager's kinds: {short(error)}")
                stopped.wait(_RETRY_SECONDS)
            else:
                defined()
                break
        for kind, path in _KINDS.items():
            follow(self._api, path, partial(self._changed, kind), stopped)
        while not stopped.wait(_TICK_SECONDS):
            # Certificates fall due without anything happening in the cluster.
            with self._lock:
                self._reconcile()

    def _define(self) -> None:
        """Make the kinds, unless these very ones were made before: the server takes seconds to read them."""
        path, version = f"/api/v1/namespaces/{NAMESPACE}", self._definitions.parent.name
        live = self._get(path)
        known: dict[str, str] = (live or {"metadata": {}})["metadata"].get("annotations") or {}
        if known.get(_DEFINED) == version:
            return
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(self._define_one, file) for file in sorted(self._definitions.glob("*.yaml"))]:
                done.result()
        namespace = {"metadata": {"name": NAMESPACE, "annotations": {_DEFINED: version}}}
        if live is None:
            self._api.call("POST", "/api/v1/namespaces", namespace)
        else:
            self._api.call("PATCH", path, namespace)

    def _define_one(self, file: Path) -> None:
        group, _, plural = file.stem.partition("_")
        try:
            self._api.write("POST", _DEFINITIONS, file.read_bytes())
        except ApiError as error:
            if error.status != 409:
                raise
            path = f"{_DEFINITIONS}/{plural}.{group}?fieldManager=cert-manager&force=true"
            self._api.write("PATCH", path, file.read_bytes())

    def _changed(self, kind: str, objects: Objects) -> None:
        with self._lock:
            self._seen[kind] = objects
            self._listed.add(kind)
            self._reconcile()

    def _reconcile(self) -> None:
        if self._listed < set(_KINDS):
            return
        secrets = {_key(each): each for each in self._seen["secrets"].values()}
        issuers = {each["metadata"]["name"] for each in self._seen["issuers"].values()}
        for issuer in self._seen["issuers"].values():
            self._guarded(issuer, partial(self._accept, issuer))
        for certificate in self._seen["certificates"].values():
            meta, spec = certificate["metadata"], certificate["spec"]
            secret = secrets.get((meta["namespace"], spec["secretName"]))
            if spec["issuerRef"]["name"] not in issuers:
                self._guarded(certificate, partial(self._refuse, certificate))
            elif not meta.get("deletionTimestamp") and (due(certificate, secret, now()) or not is_ready(certificate)):
                self._guarded(certificate, partial(self._issue, certificate))

    def _guarded(self, about: Object, act: Callable[[], None]) -> None:
        """Do something that the server may refuse; it is then tried again, but not at once."""
        uid = about["metadata"]["uid"]
        if time.monotonic() < self._not_before.get(uid, 0):
            return
        try:
            act()
        except (ApiError, urllib3.exceptions.HTTPError) as error:
            self._not_before[uid] = time.monotonic() + _PAUSE_SECONDS
            say(f"{about['metadata']['name']}: {short(error)}")

    def _issue(self, certificate: Object) -> None:
        meta, spec = certificate["metadata"], certificate["spec"]
        folder = f"/api/v1/namespaces/{meta['namespace']}/secrets"
        # What was seen may be older than what is: only the server knows.
        live = self._get(f"{folder}/{spec['secretName']}")
        reason = due(certificate, live, now())
        if reason:
            secret = made_secret(certificate, self._sign(certificate, live))
            if live is None:
                live = self._api.call("POST", folder, secret)
            else:
                live = self._api.call("PUT", f"{folder}/{spec['secretName']}", secret)
            say(f"certificate {meta['namespace']}/{meta['name']} issued ({reason})")
        assert live is not None  # noqa: S101 - one that is not there is due
        self._status(certificate, ready_status(certificate, live))

    def _sign(self, certificate: Object, secret: Object | None) -> tls.Issued:
        spec = certificate["spec"]
        lifetime = duration(spec.get("duration")) or _DEFAULT_LIFETIME
        key = None
        if spec.get("privateKey", {}).get("rotationPolicy") == "Never" and secret and "tls.key" in secret["data"]:
            key = base64.b64decode(secret["data"]["tls.key"])
        if spec.get("isCA"):
            return tls.issue_root(spec["commonName"], lifetime, key)
        return tls.issue(self._authority, spec["dnsNames"], lifetime, key)

    def _refuse(self, certificate: Object) -> None:
        name = certificate["spec"]["issuerRef"]["name"]
        wanted = condition("False", "DoesNotExist", f"ClusterIssuer {name} does not exist")
        if not has_condition(certificate, wanted):
            self._status(certificate, {"conditions": [wanted]})

    def _accept(self, issuer: Object) -> None:
        wanted = condition("True", "IsReady", "The sandbox's authority signs for it")
        if not has_condition(issuer, wanted):
            path = f"{_KINDS['issuers']}/{issuer['metadata']['name']}/status"
            issuer["status"] = self._api.call("PATCH", path, {"status": {"conditions": [wanted]}})["status"]

    def _status(self, certificate: Object, status: Object) -> None:
        meta = certificate["metadata"]
        path = f"{_ROOT}/namespaces/{meta['namespace']}/certificates/{meta['name']}/status"
        certificate["status"] = self._api.call("PATCH", path, {"status": status})["status"]

    def _get(self, path: str) -> Object | None:
        try:
            return self._api.call("GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return None


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]
