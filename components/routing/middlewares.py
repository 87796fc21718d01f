"""What every request passes through before it reaches a service (SEC-1, LOG-5)."""

from collections.abc import Sequence
from typing import Any, Final

from components.routing.access import TENANT_HEADER, tenants
from settings import Settings

DAY_SECONDS: Final = 86_400
MEBIBYTE: Final = 1024 * 1024
REMOVED: Final = (
    # Who somebody is: services believe it of each other, Loki and Grafana believe it of a proxy.
    "X-Tenant-Id",
    TENANT_HEADER,
    # Where a request comes from; what Traefik itself says of that, it sets anew.
    "X-Cluster-Client-Ip",
    "Fastly-Client-Ip",
    "X-Url-Scheme",
    # What it asks for: rules look at its own method, host and path.
    "X-Host",
    "X-Http-Method",
    "X-Http-Method-Override",
    "X-Method-Override",
)
"""Headers of a client that reach no service: programs believe them when a proxy says them, and this one says none.

The plugin removes what is known by the beginning of its name, and names with an underscore, which some programs take
for one with a hyphen.
"""
UNBOUNDED: Final = "correlation-unbounded"
"""As `correlation`, for bodies of any size."""


def chain(
    *, trusted: bool = False, retried: bool = True, granted: Sequence[str] = (), correlation: str = "correlation"
) -> list[str]:
    """Names of the middlewares of a router, from the outside in.

    Args:
        trusted: Whether only the trusted networks may come in.
        retried: Whether a connection that cannot be made is tried again. Not with a mirror: Traefik's copy shares the
            request's context, and could make the original be sent twice. Without it, identifiers that a service sets
            itself are in its answers twice.
        correlation: The one that also bounds the body.
        granted: Who has to log in, and as which tenant: after the limit, which bounds how often a password is tried.
    """
    return [
        "headers",
        correlation,
        *(["trusted"] if trusted else []),
        "rate-limit",
        *granted,
        *(["retry"] if retried else []),
    ]


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
                "customRequestHeaders": dict.fromkeys(REMOVED, ""),
                # What a service runs on is nobody's business.
                "customResponseHeaders": {"Server": "", "X-Powered-By": ""},
            }
        },
        # It also bounds the body: Traefik's own middleware would keep the whole answer back until its end, which breaks
        # streams, and would keep it in memory.
        "correlation": {"plugin": {"correlation": {"maxBodyBytes": edge.max_body_mib * MEBIBYTE}}},
        # A layer of an image is one body, and has no bound but the bucket's quota.
        UNBOUNDED: {"plugin": {"correlation": {"maxBodyBytes": 0}}},
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
        **tenants(),
    }
