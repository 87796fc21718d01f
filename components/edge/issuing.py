"""Who issues the edge's certificates, and which: pure functions of the settings (SEC-1).

`acme`: Let's Encrypt asks for a TXT record in the zone, which cert-manager makes with the platform's own TSIG key.
`private_ca`: an authority of the platform's own, for names that no public one knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.flows import CERT_MANAGER
from settings import Settings
from settings.storage_server import HOST as STORAGE_HOST
from settings.storage_server import node_host

API_VERSION: Final = "cert-manager.io/v1"
CONTROLLER_NAMESPACE: Final = CERT_MANAGER.namespace
"""Where cert-manager runs, and where it looks for what a ClusterIssuer refers to."""
ISSUER: Final = "edge"
"""The ClusterIssuer of both certificates."""
TSIG_SECRET: Final = "edge-acme-tsig"  # noqa: S105 - an object's name
TSIG_KEY: Final = "secret"
_ACME: Final = "https://acme-v02.api.letsencrypt.org/directory"
_ROOT: Final = "edge-root"
_SELF_SIGNED: Final = "edge-self-signed"
_TSIG_ALGORITHMS: Final = {"hmac-sha256": "HMACSHA256", "hmac-sha512": "HMACSHA512"}
_KEY: Final = {"algorithm": "ECDSA", "size": 256}

LIFETIME_HOURS: Final = 2160
"""90 days, as Let's Encrypt gives them whatever is asked for."""
RENEW_BEFORE_HOURS: Final = 720
"""30 days: failures are noticed, told and mended long before anything expires."""
_ROOT_LIFETIME_HOURS: Final = 87_600
_ROOT_RENEW_BEFORE_HOURS: Final = 8760


@dataclass(frozen=True)
class CustomObject:
    """An object of one of cert-manager's kinds."""

    kind: str
    """ClusterIssuer or Certificate."""
    name: str
    """Its name."""
    namespace: str | None
    """Where it is; None for what belongs to the whole cluster."""
    spec: Mapping[str, Any]
    """Its spec."""


@dataclass(frozen=True)
class Issued:
    """All objects of a stack's certificates."""

    issuers: Sequence[CustomObject]
    """What signs, each after what it needs."""
    certificates: Mapping[str, CustomObject]
    """Certificate by the zone's key."""
    authorities: Sequence[CustomObject]
    """What carries the private CA's certificate to each namespace; empty with a public one."""
    machines: Mapping[str, CustomObject]
    """Certificates that machines outside of the cluster serve, by the label of their name in the core zone."""


def issued(settings: Settings) -> Issued:
    """What a stack declares for its certificates."""
    return Issued(issuers(settings), certificates(settings), authorities(settings), machines(settings))


def issuers(settings: Settings) -> list[CustomObject]:
    """What signs the certificates, each after what it needs."""
    if settings.edge.certificates.issuer == "acme":
        return [CustomObject("ClusterIssuer", ISSUER, None, {"acme": _acme(settings)})]
    root = {
        "isCA": True,
        "commonName": f"Luxima {settings.environment.label} CA",
        "secretName": _ROOT,
        "duration": f"{_ROOT_LIFETIME_HOURS}h0m0s",
        "renewBefore": f"{_ROOT_RENEW_BEFORE_HOURS}h0m0s",
        # Devices that were told to trust it go on doing so.
        "privateKey": {**_KEY, "rotationPolicy": "Never"},
        "issuerRef": _issuer_ref(_SELF_SIGNED),
    }
    return [
        CustomObject("ClusterIssuer", _SELF_SIGNED, None, {"selfSigned": {}}),
        CustomObject("Certificate", _ROOT, CONTROLLER_NAMESPACE, root),
        CustomObject("ClusterIssuer", ISSUER, None, {"ca": {"secretName": _ROOT}}),
    ]


def certificates(settings: Settings) -> dict[str, CustomObject]:
    """One certificate per zone, by the zone's key: the zone itself and every name right below it."""
    environment = settings.environment
    return {
        key: CustomObject(
            "Certificate",
            f"edge-{key}",
            settings.edge.namespace,
            {
                "secretName": f"edge-{key}",
                "secretTemplate": {"labels": labels(environment.label)},
                "dnsNames": [zone, f"*.{zone}"],
                "duration": f"{LIFETIME_HOURS}h0m0s",
                "renewBefore": f"{RENEW_BEFORE_HOURS}h0m0s",
                "privateKey": {**_KEY, "rotationPolicy": "Always"},
                "usages": ["digital signature", "server auth"],
                "issuerRef": _issuer_ref(ISSUER),
            },
        )
        for key, zone in (("public", environment.domain), ("core", environment.core_domain))
    }


def authorities(settings: Settings) -> list[CustomObject]:
    """Certificates that nobody serves: their Secrets carry the private CA's own to those who have to trust it."""
    secret = settings.edge.certificates.authority_secret
    if secret is None:
        return []
    found = certificates(settings)["core"]
    name = f"{secret}.{settings.environment.core_domain}"
    spec = {**found.spec, "secretName": secret, "dnsNames": [name]}
    served = {service.namespace for service in settings.services.values()}
    namespaces = sorted({settings.observability.namespace, settings.edge.namespace, *served})
    return [CustomObject("Certificate", secret, namespace, spec) for namespace in namespaces]


def machines(settings: Settings) -> dict[str, CustomObject]:
    """Certificates of names that lead to a machine, which nobody else may pose as: each has a key of its own."""
    server, environment = settings.storage.server, settings.environment
    if not server.brought:
        return {}
    found = certificates(settings)["core"]
    nodes = [environment.core_fqdn(node_host(host)) for host in server.hosts] if len(server.hosts) > 1 else []
    spec = {**found.spec, "secretName": STORAGE_HOST, "dnsNames": [environment.object_storage_host, *nodes]}
    return {STORAGE_HOST: CustomObject("Certificate", STORAGE_HOST, settings.edge.namespace, spec)}


def labels(environment: str) -> dict[str, str]:
    """Labels of everything that is made for a certificate."""
    return {"app.kubernetes.io/part-of": "luxima", "environment": environment}


def _issuer_ref(name: str) -> dict[str, str]:
    return {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": name}


def _acme(settings: Settings) -> dict[str, Any]:
    primary, tsig = settings.dns.servers[0], settings.edge.certificates.acme_tsig
    if tsig is None:
        raise ValueError("issuer acme without acme_tsig; the settings' rules refuse it")
    return {
        "email": settings.edge.certificates.acme_email,
        "server": _ACME,
        "privateKeySecretRef": {"name": "edge-acme-account"},
        "solvers": [
            {
                "selector": {"dnsZones": list(settings.environment.zones)},
                "dns01": {
                    "rfc2136": {
                        "nameserver": f"{primary.address}:{primary.port}",
                        "tsigKeyName": tsig.name,
                        "tsigAlgorithm": _TSIG_ALGORITHMS[tsig.algorithm],
                        "tsigSecretSecretRef": {"name": TSIG_SECRET, "key": TSIG_KEY},
                    }
                },
            }
        ],
    }
