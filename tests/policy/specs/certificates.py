"""Specs of policy/rules/certificates.py."""

from __future__ import annotations

from typing import Any

from policy.judging import Declared
from policy.rules import kinds
from policy.rules.certificates import LETS_ENCRYPT

from ..spec import DROP, UNKNOWN, Spec, but, declared, one, wrong

_SOLVER = {
    "selector": {"dnsZones": ["acehcommerce.id"]},
    "dns01": {
        "rfc2136": {
            "tsigAlgorithm": "HMACSHA256",
            "nameserver": "10.10.30.53:53",
            "tsigKeyName": "acme",
            "tsigSecretSecretRef": {"name": "acme"},
        }
    },
}
_ACME = {
    "server": LETS_ENCRYPT,
    "email": "alerts@luxima.id",
    "privateKeySecretRef": {"name": "account"},
    "solvers": [_SOLVER],
}
_ISSUER = {"metadata": {"name": "edge"}, "spec": {"acme": _ACME}}
_PRIVATE = {"metadata": {"name": "edge"}, "spec": {"ca": {"secretName": "root"}}}
_CERTIFICATE = {
    "metadata": {"name": "public"},
    "spec": {
        "dnsNames": ["acehcommerce.id", "*.acehcommerce.id"],
        "issuerRef": {"kind": "ClusterIssuer", "name": "edge"},
        "privateKey": {"algorithm": "ECDSA", "size": 256.0, "rotationPolicy": "Always"},
        "renewBefore": "720h0m0s",
        "secretName": "edge-public",
    },
}
_KIND = kinds.ISSUERS[0]
_ROUTES = (
    "http:\n  routers:\n    a: {entryPoints: [websecure], rule: Host(`%s`)}\n    b: {entryPoints: [metrics], rule: x}\n"
)
_GATEWAY = declared(
    kinds.DEPLOYMENT,
    {"spec": {"template": {"spec": {"volumes": [{"projected": {"sources": [{"secret": {"name": "edge-public"}}]}}]}}}},
    "gateway",
)


_SOURCE = "spec.template.spec.volumes[0].projected.sources[0]"
_TRUSTS = {"secret": {"name": "private-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
_TRUSTING = declared(
    kinds.DEPLOYMENT, {"spec": {"template": {"spec": {"volumes": [{"projected": {"sources": [_TRUSTS]}}]}}}}, "trusting"
)


def _issuer(path: str, value: Any) -> Any:
    return one(_KIND, but(_ISSUER, (path, value)))


def _certified(path: str, value: Any, issuer: dict[str, Any] = _ISSUER) -> tuple[Declared, ...]:
    return (declared(_KIND, issuer, "issuer"), declared(kinds.CERTIFICATE, but(_CERTIFICATE, (path, value)), "it"))


def _served(host: str) -> tuple[Declared, ...]:
    text = host if host == UNKNOWN else _ROUTES % host
    config = declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": text}}, "routes")
    return (declared(kinds.CERTIFICATE, _CERTIFICATE, "public"), _GATEWAY, config)


def _used(secret: str, read: str = "edge-public") -> tuple[Declared, ...]:
    return (
        declared(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/secretName", secret))),
        declared(kinds.SECRET_PATCH, {"metadata": {"name": read}}, "patch"),
        _GATEWAY,
    )


SPECS = (
    Spec(
        "acme-issuer",
        passes=(one(_KIND, _ISSUER), one(_KIND, _PRIVATE)),
        fails=(
            wrong(_issuer("spec/acme/server", "https://acme.example.com"), "spec.acme.server"),
            wrong(_issuer("spec/acme/solvers", []), "spec.acme.solvers"),
            wrong(_issuer("spec/acme/solvers/0", {"http01": {"ingress": {}}}), "spec.acme.solvers[0]"),
            wrong(_issuer("spec/acme/skipTLSVerify", True), "spec.acme.skipTLSVerify"),
            wrong(_issuer("spec/acme/email", ""), "spec.acme.email"),
            wrong(_issuer("spec/acme/privateKeySecretRef", {}), "spec.acme.privateKeySecretRef.name"),
            wrong(_issuer("spec/vault", {}), "spec.vault"),
            wrong(_issuer("spec/acme/disableAccountKeyGeneration", True), "spec.acme.disableAccountKeyGeneration"),
            wrong(
                _issuer("spec/acme/solvers/0/selector/matchLabels", {"x": "y"}),
                "spec.acme.solvers[0].selector.matchLabels",
            ),
            wrong(
                _issuer("spec/acme/solvers/0/dns01/rfc2136/tsigSecretSecretRef", {}),
                "spec.acme.solvers[0].dns01.rfc2136.tsigSecretSecretRef.name",
            ),
            wrong(one(_KIND, but(_PRIVATE, ("spec/vault", {}))), "spec.vault"),
            wrong(
                _issuer("spec/acme/solvers/0/dns01/rfc2136/nameserver", "8.8.8.8:53"),
                "spec.acme.solvers[0].dns01.rfc2136.nameserver",
            ),
            wrong(
                _issuer("spec/acme/solvers/0/dns01/rfc2136/tsigAlgorithm", "HMACMD5"),
                "spec.acme.solvers[0].dns01.rfc2136.tsigAlgorithm",
            ),
        ),
        unknown=(wrong(_issuer("spec/acme/server", UNKNOWN), "spec.acme.server"),),
    ),
    Spec(
        "certificate-issuer",
        passes=(
            _certified("metadata/name", "public"),
            _certified("spec/dnsNames", ["dev.acehcommerce.local"], _PRIVATE),
        ),
        fails=(
            wrong(_certified("spec/issuerRef/name", "another"), "spec.issuerRef"),
            wrong(_certified("spec/dnsNames", ["dev.acehcommerce.local"]), "spec.dnsNames[0]"),
            wrong(_certified("spec/dnsNames", ["luxima.id"]), "spec.dnsNames[0]"),
            wrong(_certified("spec/isCA", True), "spec.isCA"),
            wrong(_certified("spec/dnsNames", ["luxima.id"], _PRIVATE), "spec.dnsNames[0]"),
        ),
        unknown=(wrong(_certified("spec/dnsNames/0", UNKNOWN), "spec.dnsNames[0]"),),
    ),
    Spec(
        "certificate-strength",
        passes=(
            one(kinds.CERTIFICATE, _CERTIFICATE),
            one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/isCA", True), ("spec/dnsNames", DROP))),
        ),
        fails=(
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/privateKey/size", 128.0))), "spec.privateKey.size"),
            wrong(
                one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/privateKey/rotationPolicy", "Never"))),
                "spec.privateKey.rotationPolicy",
            ),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/renewBefore", "1h0m0s"))), "spec.renewBefore"),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/privateKey/size", 1024.0))), "spec.privateKey.size"),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/duration", "87600h0m0s"))), "spec.duration"),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/dnsNames", []))), "spec.dnsNames"),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/secretName", ""))), "spec.secretName"),
            wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/isCA", True))), "spec.isCA"),
        ),
        unknown=(wrong(one(kinds.CERTIFICATE, but(_CERTIFICATE, ("spec/renewBefore", UNKNOWN))), "spec.renewBefore"),),
    ),
    Spec(
        "public-name-certified",
        passes=(_served("admin.acehcommerce.id"), _served("acehcommerce.id")),
        fails=(wrong(_served("a.b.acehcommerce.id"), 'data["routing.yaml"].http.routers.a.rule'),),
        unknown=(wrong(_served(UNKNOWN), 'data["routing.yaml"]'),),
    ),
    Spec(
        "certificate-used",
        passes=(_used("edge-public"),),
        fails=(
            wrong(_used("another"), "spec.secretName", "metadata.name"),
            wrong(_used("edge-public", read="none"), "metadata.name"),
            wrong((*_used("edge-public"), _TRUSTING), f"{_SOURCE}.secret.name"),
        ),
        unknown=(wrong(_used(UNKNOWN), "spec.secretName"),),
    ),
)
