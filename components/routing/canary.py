"""Which users get a canary (REL-3): the same ones on every gateway and device, without anything being remembered."""

from typing import Any, Final

from components.routing import names
from components.routing.middlewares import chain
from settings import Settings

BUCKETS: Final = 256
"""Users are put into as many by the last two hexadecimal digits of their id."""
COOKIE: Final = "luxima-canary"
"""Remembers for a browser without a user which side it is on."""
COOKIE_SECONDS: Final = 86_400
_USER: Final = "X-User-ID"
_TENANT: Final = "X-Tenant-ID"
_SWITCH: Final = "X-Canary"


def bucket_count(percent: int) -> int:
    """Buckets from 0 on that make up `percent` of the users."""
    return round(percent * BUCKETS / 100)


def bucket_pattern(count: int) -> str:
    """Regular expression for ids in one of the first `count` buckets; of all of them, any id is.

    An id that does not end in two hexadecimal digits is in no bucket, so it gets a canary last.
    """
    if not 1 <= count <= BUCKETS:
        raise ValueError(f"{count} buckets: there are 1 to {BUCKETS}")
    if count == BUCKETS:
        return "."
    rows, rest = divmod(count, 16)
    parts = [f"[{_digits(rows)}][0-9a-f]"] if rows else []
    if rest:
        parts.append(f"{rows:x}[{_digits(rest)}]")
    return f"(?i)({'|'.join(parts)})$"


def _digits(count: int) -> str:
    """The first `count` hexadecimal digits, for a character class."""
    return "".join(f"{digit:x}" for digit in range(count))


def routers(settings: Settings, service: str, stable: str, percent: int) -> dict[str, dict[str, Any]]:
    """Routers of a service's public name while it has a canary, but for the last one, which takes what is left.

    What a header asks for goes before the user's bucket, that before the tenant's, that before a browser's cookie.
    """
    host = names.public_rule(settings, service)
    canary, some = names.candidate(service, "canary"), f"{service}-canary-or-stable"
    pattern = bucket_pattern(bucket_count(percent))
    rules = {
        canary + "-always": (f"{host} && Header(`{_SWITCH}`, `always`)", 900, some),
        canary + "-never": (f"{host} && Header(`{_SWITCH}`, `never`)", 900, stable),
        canary: (f"{host} && HeaderRegexp(`{_USER}`, `{pattern}`)", 800, some),
        canary + "-other-users": (f"{host} && HeaderRegexp(`{_USER}`, `.`)", 700, stable),
        canary + "-tenants": (f"{host} && HeaderRegexp(`{_TENANT}`, `{pattern}`)", 600, some),
        canary + "-other-tenants": (f"{host} && HeaderRegexp(`{_TENANT}`, `.`)", 500, stable),
        canary + "-browsers": (host, 400, f"{service}-canary-by-cookie"),
    }
    middlewares = chain(trusted=settings.services[service].trusted_only)
    return {
        name: {
            "entryPoints": ["websecure"],
            "rule": rule,
            "priority": priority,
            "middlewares": middlewares,
            "service": backend,
        }
        for name, (rule, priority, backend) in rules.items()
    }


def backends(settings: Settings, service: str, stable: str, percent: int) -> dict[str, dict[str, Any]]:
    """The candidate, the candidate while it is well and else the stable image, and the choice for browsers."""
    found = settings.services[service]
    canary, some = names.candidate(service, "canary"), f"{service}-canary-or-stable"
    return {
        canary: {
            "loadBalancer": {
                "servers": [{"url": names.url(settings, service, canary)}],
                "healthCheck": {"path": found.health_path, "interval": "500ms", "timeout": "1s"},
            }
        },
        some: {"failover": {"service": canary, "fallback": stable}},
        f"{service}-canary-by-cookie": {
            "weighted": {
                "services": [{"name": some, "weight": percent}, {"name": stable, "weight": 100 - percent}],
                "sticky": {
                    "cookie": {
                        "name": COOKIE,
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "lax",
                        "maxAge": COOKIE_SECONDS,
                    }
                },
            }
        },
    }
