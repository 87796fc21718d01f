"""How the gateways do TLS: certificates by name, version and ciphers (SEC-1)."""

from typing import Any, Final

DYNAMIC: Final = "/etc/traefik/dynamic"
"""Folder that is watched: the routing document, the logins and the certificates."""
ZONE_KEYS: Final = ("public", "core")
"""Keys of the stack's zones, in the order of `Environment.zones`; each has a certificate."""
_CIPHERS: Final = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""For TLS 1.2; those of 1.3 are not chosen."""


def tls() -> dict[str, Any]:
    """The part `tls` of a routing document."""
    return {
        "certificates": [
            {"certFile": f"{DYNAMIC}/tls/{key}/tls.crt", "keyFile": f"{DYNAMIC}/tls/{key}/tls.key"} for key in ZONE_KEYS
        ],
        "options": {
            "default": {
                "minVersion": "VersionTLS12",
                "cipherSuites": list(_CIPHERS),
                # A name without a certificate gets no self-signed one.
                "sniStrict": True,
                "alpnProtocols": ["h2", "http/1.1"],
            }
        },
    }
