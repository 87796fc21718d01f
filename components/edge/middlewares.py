"""What every request passes through before it reaches a service (SEC-1, LOG-5)."""

from typing import Any, Final

from settings import Settings

DAY_SECONDS: Final = 86_400
MEBIBYTE: Final = 1024 * 1024
_FIRST: Final = ("headers", "correlation")


def chain(*, trusted: bool = False, retried: bool = True) -> list[str]:
    """Names of the middlewares of a router, from the outside in.

    Args:
        trusted: Whether only the trusted networks may come in.
        retried: Whether a connection that cannot be made is tried again. Not with a mirror: Traefik's copy shares the
            request's context, and could make the original be sent twice. Without it, identifiers that a service sets
            itself are in its answers twice.
    """
    return [*_FIRST, *(["trusted"] if trusted else []), "rate-limit", *(["retry"] if retried else [])]


def middlewares(settings: Settings) -> dict[str, Any]:
    """Definitions by name."""
    edge = settings.edge
    return {
        "headers": {
            "headers": {
                "stsSeconds": edge.hsts_days * DAY_SECONDS,
                "stsIncludeSubdomains": True,
                "contentTypeNosniff": True,
                "customFrameOptionsValue": "SAMEORIGIN",
                "referrerPolicy": "strict-origin-when-cross-origin",
                # What a service runs on is nobody's business.
                "customResponseHeaders": {"Server": "", "X-Powered-By": ""},
            }
        },
        # It also bounds the body: Traefik's own middleware would keep the whole answer back until its end, which breaks
        # streams, and would keep it in memory.
        "correlation": {"plugin": {"correlation": {"maxBodyBytes": edge.max_body_mib * MEBIBYTE}}},
        "trusted": {"ipAllowList": {"sourceRange": list(edge.trusted_networks)}},
        # By the connection's address, which the load balancer leaves as it is.
        "rate-limit": {
            "rateLimit": {
                "average": edge.rate_limit.requests_per_second,
                "period": "1s",
                "burst": edge.rate_limit.burst,
            }
        },
        # Only while nothing was sent: a request that a service may have seen is never sent again.
        "retry": {"retry": {"attempts": 3, "initialInterval": "50ms"}},
    }
