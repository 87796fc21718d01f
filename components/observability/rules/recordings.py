"""Series that more than one alert or dashboard needs, computed once."""

from components.observability.rules.model import Group, Recording
from components.observability.rules.users import USERS, routers
from settings import Settings

_REQUESTS = f"sum by (service_name, slot) (rate(http_requests_total{{{USERS}}}[5m]))"
_ERRORS = f'sum by (service_name, slot) (rate(http_requests_total{{{USERS},code=~"5.."}}[5m]))'
_BUCKETS = f"sum by (service_name, slot, le) (rate(http_request_duration_seconds_bucket{{{USERS}}}[5m]))"


def groups(settings: Settings) -> list[Group]:
    """The recordings of services and hosts.

    A service without an answer of class 5xx has an error ratio of 0; one without requests has none, rather than 0/0.
    A host's processor counts as used unless it is idle or waits for a disk; `mode` is summed first, so that the
    processors of a host weigh the same. Of the gateways users' requests count, and not the platform's own.
    """
    return [
        Group(
            "recordings",
            [
                Recording("service:http_requests:rate5m", _REQUESTS),
                Recording(
                    "service:http_errors:ratio5m",
                    f"({_ERRORS} or 0 * service:http_requests:rate5m) / (service:http_requests:rate5m > 0)",
                ),
                Recording("service:http_latency_seconds:p50_5m", f"histogram_quantile(0.5, {_BUCKETS})"),
                Recording("service:http_latency_seconds:p95_5m", f"histogram_quantile(0.95, {_BUCKETS})"),
                Recording(
                    "edge:http_requests:rate5m",
                    f"sum(rate(traefik_router_requests_total{{{routers(settings.services)}}}[5m]))",
                ),
                Recording("host:cpu:utilisation2m", _processor("2m")),
                Recording("host:cpu:utilisation5m", _processor("5m")),
                Recording(
                    "host:memory:utilisation",
                    "1 - max by (host) (node_memory_MemAvailable_bytes) / max by (host) (node_memory_MemTotal_bytes)",
                ),
            ],
        )
    ]


def _processor(window: str) -> str:
    unused = f'sum without (mode) (rate(node_cpu_seconds_total{{mode=~"idle|iowait"}}[{window}]))'
    return f"1 - avg by (host) ({unused})"
