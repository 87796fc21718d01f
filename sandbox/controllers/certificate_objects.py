"""What cert-manager writes down: when a Certificate is due, its Secret, and what its status says."""

import base64
import datetime
import re
from collections.abc import Mapping
from typing import Any, cast

from cryptography import x509

from sandbox import tls

Object = dict[str, Any]


def due(certificate: Object, secret: Object | None, now: datetime.datetime) -> str:
    """Why a Certificate has to be issued now, in cert-manager's words; empty when it does not."""
    spec = certificate["spec"]
    if secret is None:
        return "DoesNotExist"
    try:
        leaf = _leaf(secret)
    except (KeyError, ValueError):
        return "InvalidCertificate"
    annotations: dict[str, str] = secret["metadata"].get("annotations") or {}
    if annotations.get("cert-manager.io/issuer-name") != spec["issuerRef"]["name"]:
        return "IncorrectIssuer"
    if not spec.get("isCA"):
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if sorted(names.get_values_for_type(x509.DNSName)) != sorted(spec["dnsNames"]):
            return "SecretMismatch"
    return "Renewing" if now >= _renewal(certificate, leaf) else ""


def made_secret(certificate: Object, issued: tls.Issued) -> Object:
    """The Secret as cert-manager makes it."""
    meta, spec = certificate["metadata"], certificate["spec"]
    template = cast("dict[str, dict[str, str]]", spec.get("secretTemplate") or {})
    content = {"tls.crt": issued.certificate, "tls.key": issued.key, "ca.crt": issued.authority}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": spec["secretName"],
            "namespace": meta["namespace"],
            "labels": {"controller.cert-manager.io/fao": "true", **(template.get("labels") or {})},
            "annotations": {
                "cert-manager.io/certificate-name": meta["name"],
                "cert-manager.io/alt-names": ",".join(spec.get("dnsNames") or []),
                "cert-manager.io/issuer-name": spec["issuerRef"]["name"],
                "cert-manager.io/issuer-kind": spec["issuerRef"].get("kind", "Issuer"),
                **(template.get("annotations") or {}),
            },
        },
        "data": {name: base64.b64encode(value).decode() for name, value in content.items()},
    }


def ready_status(certificate: Object, secret: Object) -> Object:
    """The status of a Certificate whose Secret is as it should be."""
    leaf = _leaf(secret)
    return {
        "conditions": [
            {
                **condition("True", "Ready", "Certificate is up to date and has not expired"),
                "observedGeneration": certificate["metadata"]["generation"],
            }
        ],
        "notBefore": _text(leaf.not_valid_before_utc),
        "notAfter": _text(leaf.not_valid_after_utc),
        "renewalTime": _text(_renewal(certificate, leaf)),
    }


def duration(text: str | None) -> datetime.timedelta | None:
    """A duration as Go writes it, such as 2160h0m0s."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text or "")
    if not text or found is None:
        return None
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _renewal(certificate: Object, leaf: x509.Certificate) -> datetime.datetime:
    """A third of the lifetime before the end, unless the Certificate says otherwise."""
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    return leaf.not_valid_after_utc - (duration(certificate["spec"].get("renewBefore")) or lifetime / 3)


def _leaf(secret: Object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))


def is_ready(certificate: Object) -> bool:
    """Whether its status says so, of what it asks for now."""
    generation = certificate["metadata"]["generation"]
    return any(
        item["status"] == "True" and item.get("observedGeneration") == generation for item in _conditions(certificate)
    )


def _conditions(obj: Object) -> list[Object]:
    return cast("list[Object]", obj.get("status", {}).get("conditions") or [])


def condition(status: str, reason: str, message: str) -> dict[str, str]:
    """Whether something is ready, and why."""
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": _text(now()),
    }


def has_condition(obj: Object, wanted: Mapping[str, str]) -> bool:
    """Whether a condition of that reason is there."""
    return any(item.get("reason") == wanted["reason"] for item in _conditions(obj))


def now() -> datetime.datetime:
    """The time."""
    return datetime.datetime.now(datetime.UTC)


def _text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
