"""traefik.yaml: what a gateway needs to know when it starts; a change of it replaces the pods (SEC-1, LOG-5, MON-4)."""

from typing import Any, Final

from components.edge.plugin import MODULE
from components.flows import GATEWAY_METRICS_PORT, GATEWAY_PORTS
from components.programs import TEMPO
from components.text import to_yaml
from settings import Settings
from settings.values import Slot

DYNAMIC: Final = "/etc/traefik/dynamic"
"""Folder that is watched: the routing document, the logins and the certificates."""
ACCEPT_SECONDS: Final = 5
"""How long a leaving gateway still takes requests while it says that it is leaving."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histograms, in seconds."""
SPANS_PER_REQUEST: Final = 10
"""Spans of a traced request in the gateway, the services and their databases together; an estimate."""
KEPT_HEADERS: Final = ("X-Request-Id", "X-Trace-Id", "X-Tenant-Id", "X-User-Id", "User-Agent")
"""Headers of requests and answers in the access log (LOG-5); all others, so Authorization and Cookie, are left out.

A client's own X-Tenant-Id and X-User-Id are removed before: those of the answer, which a service sets, are believed.
"""


def traefik_yaml(settings: Settings, slot: Slot) -> str:
    """The gateway's own configuration."""
    tempo = TEMPO.host(settings.observability.namespace)
    document: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "entryPoints": {
            "metrics": {"address": f":{GATEWAY_METRICS_PORT}", "transport": _transport(settings)},
            "web": {
                "address": f":{GATEWAY_PORTS[80]}",
                "transport": _transport(settings),
                "http": {"redirections": {"entryPoint": {"to": ":443", "scheme": "https", "permanent": True}}},
            },
            # Nobody stands before a gateway, so what a client says about forwarding is not believed.
            "websecure": {
                "address": f":{GATEWAY_PORTS[443]}",
                "transport": _transport(settings),
                "http": {"tls": {}},
                "http2": {"maxConcurrentStreams": 250},
            },
        },
        # A folder and not a file: Kubernetes swaps a link beside the file, which a watch of the file misses. Changes
        # are taken together for a moment, since one swap is seen as several.
        "providers": {"providersThrottleDuration": "200ms", "file": {"directory": DYNAMIC, "watch": True}},
        "serversTransport": {
            "maxIdleConnsPerHost": 200,
            "forwardingTimeouts": {
                "dialTimeout": "2s",
                "responseHeaderTimeout": "60s",
                # Node.js closes idle connections after 5 s: a gateway that waits longer sends into closed ones.
                "idleConnTimeout": "4s",
            },
        },
        "ping": {"entryPoint": "metrics"},
        "metrics": {
            "prometheus": {
                "entryPoint": "metrics",
                "addEntryPointsLabels": True,
                # A router counts what users got, a service every attempt to get it.
                "addRoutersLabels": True,
                "addServicesLabels": True,
                "buckets": list(BUCKETS),
            }
        },
        "log": {"level": "INFO", "format": "json"},
        "accessLog": {
            "format": "json",
            "fields": {
                "defaultMode": "keep",
                "names": {"StartLocal": "drop", "RequestCount": "drop"},
                "headers": {"defaultMode": "drop", "names": dict.fromkeys(KEPT_HEADERS, "keep")},
            },
        },
        "tracing": {
            "serviceName": f"gateway-{slot}",
            "sampleRate": sample_rate(settings),
            # By the answer's: a request may come without an identifier, its answer never goes without one.
            "capturedResponseHeaders": ["X-Request-Id"],
            "resourceAttributes": {"deployment.environment.name": settings.environment.label, "luxima.slot": slot},
            "otlp": {"http": {"endpoint": f"http://{tempo}:{TEMPO.ports['otlp-http']}/v1/traces"}},
        },
        "experimental": {"localPlugins": {"correlation": {"moduleName": MODULE}}},
    }
    return to_yaml(document)


def sample_rate(settings: Settings) -> float:
    """Share of requests that are traced: as many as Tempo was told to expect spans of.

    Traefik decides by the trace's id alone, so a client cannot make itself be traced.
    """
    load = settings.observability.load
    return round(min(1.0, load.spans_per_second / (load.requests_per_second * SPANS_PER_REQUEST)), 3)


def _transport(settings: Settings) -> dict[str, Any]:
    """Bounds of a connection, and what happens to it when the gateway leaves."""
    return {
        "lifeCycle": {
            "requestAcceptGraceTimeout": f"{ACCEPT_SECONDS}s",
            "graceTimeOut": f"{settings.edge.drain_seconds}s",
        },
        # Answers may be streamed, but not without end.
        "respondingTimeouts": {"readTimeout": "60s", "writeTimeout": "300s", "idleTimeout": "120s"},
    }
