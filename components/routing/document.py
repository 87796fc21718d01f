"""routing.yaml of one gateway: which name leads to which service (REL-1, REL-3, REL-4, INF-4, SEC-1).

Kubernetes swaps the folder that it is in, and for a moment Traefik sees the old and the new one together: of two things
with one name it takes the older one's. So names stay, and the router that tells the version has one name as well.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from components.programs import ROUTED
from components.routing import canary, coolify, database, names, registry
from components.routing.access import GRANTS, OWN_LOGIN
from components.routing.middlewares import chain, middlewares
from components.routing.tls import tls
from components.text import to_yaml
from settings import Settings
from settings.values import Slot

VERSION_PATH: Final = "/.well-known/luxima/routing/"
"""Answers 200 below it for the version that is in use, and for no other."""
READY_PATH: Final = "/.well-known/luxima/ready"
"""Answers 200 once there are routes; Traefik's own ping does so before."""
ROUTING_FILE: Final = "routes/routing.yaml"
"""Path of the document below the watched folder. Traefik reads the folder with the real files, `..<time>`, and would
read a file beside it a second time by its link; a folder's link it does not follow."""
_NO_BODY: Final = "!HeaderRegexp(`Content-Length`, `[1-9]`)"
_NO_UPGRADE: Final = "!HeaderRegexp(`Upgrade`, `.`)"

Named = dict[str, dict[str, Any]]


def routing_yaml(settings: Settings, slot: Slot) -> str:
    """The routing document of the gateway of `slot`."""
    document = _document(settings, slot)
    document["http"]["routers"] |= _version_routers(settings, slot)
    return to_yaml(document)


def version(settings: Settings, slot: Slot) -> str:
    """Tells one routing document from another; the gateway that uses it answers 200 at VERSION_PATH and this."""
    return hashlib.sha256(to_yaml(_document(settings, slot)).encode()).hexdigest()[:12]


def _document(settings: Settings, slot: Slot) -> dict[str, Any]:
    routers: Named = {}
    backends: Named = {}
    transports: Named = {}
    for service in sorted(settings.releases.services):
        routers |= _routers(settings, service, slot)
        backends |= _backends(settings, service, slot)
        transports |= _transports(settings, service)
    for program in ROUTED:
        host = program.name
        rule = names.host_rule(settings.environment.core_fqdn(host))
        if host in OWN_LOGIN:
            routers[host] = _router(f"({rule}) && {OWN_LOGIN[host]}", host, trusted=True)
        for grant in GRANTS:
            if grant.program == program:
                routers[grant.name] = _router(
                    f"({rule}) && {grant.rule}",
                    host,
                    priority=grant.priority,
                    trusted=True,
                    granted=grant.middlewares,
                )
        backends[host] = {"loadBalancer": {"servers": [{"url": program.url(settings.observability.namespace)}]}}
    for name, (rule, login) in database.rules(settings).items():
        routers[name] = _router(rule, database.DATABASE, trusted=login is not None, granted=login or ())
    backends |= database.backends(settings)
    for name, rule, priority, port in registry.ROUTES:
        routers[name] = registry.router(settings, name, rule, priority)
        backends[name] = {"loadBalancer": {"servers": [{"url": f"http://{settings.registry_address}:{port}"}]}}
    routers |= coolify.routers(settings)
    backends |= coolify.backends(settings)
    http: dict[str, Any] = {"routers": routers, "services": backends, "middlewares": middlewares(settings)}
    if transports:
        http["serversTransports"] = transports
    return {"http": http, "tls": tls()}


def _router(
    rule: str,
    service: str,
    *,
    priority: int = 100,
    trusted: bool = False,
    retried: bool = True,
    granted: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "entryPoints": ["websecure"],
        "rule": rule,
        "priority": priority,
        "middlewares": chain(trusted=trusted, retried=retried, granted=granted),
        "service": service,
    }


def _routers(settings: Settings, service: str, slot: Slot) -> Named:
    release, found = settings.releases.services[service], settings.services[service]
    host = names.public_rule(settings, service)
    stable = _stable(settings, service, release.slot_of(slot))
    made: Named = {service: _router(host, stable, trusted=found.trusted_only)}
    if found.trusted_only:
        # The probe comes from a pod, which is in no trusted network; it may ask for the service's health only.
        pods = f"ClientIP(`{settings.kubernetes.pod_cidr}`)"
        rule = f"{host} && Path(`{found.health_path}`) && Method(`GET`) && {pods}"
        # Before canary and shadow, behind the version.
        made[f"{service}-probed"] = _router(rule, stable, priority=950)
    if release.slots[slot] is not None:
        # Under its own name a slot is tried before users see it: no canary, no other place, and not for everybody.
        own = names.stable(service, slot)
        made[own] = _router(names.public_rule(settings, service, slot), own, trusted=True)
    if release.canary is not None and release.canary.percent > 0:
        made |= canary.routers(settings, service, stable, release.canary.percent)
    if release.shadow is not None and release.shadow.percent > 0:
        made[f"{service}-shadow"] = _router(
            f"{host} && {_copied(writes=found.shadow.writes_apart)}",
            f"{service}-mirrored",
            priority=200,
            trusted=found.trusted_only,
            retried=False,
        )
    return made


def _copied(*, writes: bool) -> str:
    """Rule of the requests that may be copied to a shadow; the length of a body has to be known beforehand."""
    if not writes:
        return f"(Method(`GET`) || Method(`HEAD`)) && {_NO_BODY} && {_NO_UPGRADE}"
    known = "HeaderRegexp(`Content-Length`, `[0-9]`)"
    return f"({known} || Method(`GET`) || Method(`HEAD`) || Method(`DELETE`)) && {_NO_UPGRADE}"


def _stable(settings: Settings, service: str, slot: Slot) -> str:
    """The backend that users of a slot get: with another place to go to, where there is one."""
    own = names.stable(service, slot)
    return own if settings.services[service].failover is None else f"{own}-or-elsewhere"


def _backends(settings: Settings, service: str, slot: Slot) -> Named:
    release, found = settings.releases.services[service], settings.services[service]
    served = release.slot_of(slot)
    stable = _stable(settings, service, served)
    made: Named = {}
    for each in dict.fromkeys((served, slot)):
        if release.slots[each] is not None or each == served:
            own = names.stable(service, each)
            made[own] = {"loadBalancer": {"servers": [{"url": names.url(settings, service, own)}]}}
    if found.failover is not None:
        made |= _elsewhere(settings, service, made[names.stable(service, served)], served)
    if release.canary is not None and release.canary.percent > 0:
        made |= canary.backends(settings, service, stable, release.canary.percent)
    if release.shadow is not None and release.shadow.percent > 0:
        shadow = names.candidate(service, "shadow")
        made[shadow] = {
            "loadBalancer": {
                "servers": [{"url": names.url(settings, service, shadow)}],
                "serversTransport": shadow,
            }
        }
        body: dict[str, Any] = {"mirrorBody": False}
        if found.shadow.writes_apart:
            body = {"mirrorBody": True, "maxBodySize": found.shadow.max_body_kib * 1024}
        mirrors = [{"name": shadow, "percent": release.shadow.percent}]
        made[f"{service}-mirrored"] = {"mirroring": {"service": stable, **body, "mirrors": mirrors}}
    return made


def _elsewhere(settings: Settings, service: str, own: dict[str, Any], slot: Slot) -> Named:
    """A service's other place; `own` is asked for its health from now on."""
    found = settings.services[service]
    failover = found.failover
    assert failover is not None  # noqa: S101 - the caller's condition
    own["loadBalancer"]["healthCheck"] = {
        "path": found.health_path,
        "interval": f"{failover.interval_milliseconds}ms",
        "timeout": f"{failover.timeout_milliseconds}ms",
    }
    return {
        f"{service}-elsewhere": {
            "loadBalancer": {
                "servers": [{"url": failover.url}],
                # It is known under its own name there.
                "passHostHeader": False,
                # Only so that its metric says beforehand whether it could step in.
                "healthCheck": {"path": failover.health_path, "interval": "10s", "timeout": "5s"},
            }
        },
        f"{names.stable(service, slot)}-or-elsewhere": {
            "failover": {"service": names.stable(service, slot), "fallback": f"{service}-elsewhere"}
        },
    }


def _transports(settings: Settings, service: str) -> Named:
    """Time limits of a shadow's own, so that one that hangs does not gather requests in the gateway."""
    release, found = settings.releases.services[service], settings.services[service]
    if release.shadow is None or release.shadow.percent == 0:
        return {}
    limits = {
        "dialTimeout": "1s",
        "responseHeaderTimeout": f"{found.shadow.timeout_seconds}s",
        "idleConnTimeout": "4s",
    }
    return {names.candidate(service, "shadow"): {"maxIdleConnsPerHost": 50, "forwardingTimeouts": limits}}


def _version_routers(settings: Settings, slot: Slot) -> Named:
    """Tell the cluster, and the trusted networks under the slot's names, which version is in use."""
    path = f"Path(`{VERSION_PATH}{version(settings, slot)}`)"
    inside: dict[str, Any] = {"entryPoints": ["metrics"], "priority": 1000, "service": "ping@internal"}
    made: Named = {
        "routing-ready": {**inside, "rule": f"Path(`{READY_PATH}`)"},
        "routing-version": {**inside, "rule": path},
    }
    hosts = [
        settings.service_fqdn(service, slot)
        for service, release in sorted(settings.releases.services.items())
        if release.slots[slot] is not None
    ]
    if hosts:
        rule = f"({names.host_rule(*hosts)}) && {path}"
        made["routing-version-outside"] = {
            "entryPoints": ["websecure"],
            "rule": rule,
            "priority": 1000,
            "middlewares": ["headers", "trusted"],
            "service": "ping@internal",
        }
    return made
