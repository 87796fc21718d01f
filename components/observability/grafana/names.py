"""The data sources by name, and the parts of queries that all dashboards have in common."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DataSource:
    """A data source as panels refer to it."""

    uid: str
    """Unique; fixed, because links and annotations of alerts carry it."""
    type: str
    """Id of Grafana's plugin, all of them built in."""


PROMETHEUS: Final = DataSource("prometheus", "prometheus")
LOKI: Final = DataSource("loki", "loki")
LOKI_AUDIT: Final = DataSource("loki-audit", "loki")
TEMPO: Final = DataSource("tempo", "tempo")
ALERTMANAGER: Final = DataSource("alertmanager", "alertmanager")
SOURCES: Final = (PROMETHEUS, LOKI, LOKI_AUDIT, TEMPO, ALERTMANAGER)

ENVIRONMENT: Final = 'environment=~"$environment"'
SERVICE: Final = 'service_name=~"$service_name"'
SLOT: Final = 'slot=~"$slot"'
HOST: Final = 'host=~"$host"'
TENANT: Final = 'tenant_id=~"$tenant_id"'
STREAM: Final = 'environment=~"$environment", service=~"$service_name"'
"""Loki's streams of the chosen services; what is `service_name` in metrics is `service` in logs."""


FAILED: Final = 'code=~"5.."'
"""Answers that are the service's fault."""


def job(name: str) -> str:
    """Matcher of the targets of one scrape job."""
    return f'job="{name}"'


def series(metric: str, *matchers: str) -> str:
    """A selector of the chosen environment's series."""
    return f"{metric}{{{','.join((ENVIRONMENT, *matchers))}}}"


def rate(metric: str, *matchers: str) -> str:
    """Increase per second of a counter of the chosen environment."""
    return f"rate({series(metric, *matchers)}[$__rate_interval])"


def increase(metric: str, *matchers: str) -> str:
    """Increase of a counter of the chosen environment over the dashboard's time range."""
    return f"increase({series(metric, *matchers)}[$__range])"


def quantile(share: float, by: str, *matchers: str) -> str:
    """Time in which `share` of the requests were answered, in seconds, by the labels `by`."""
    buckets = rate("http_request_duration_seconds_bucket", *matchers)
    return f"histogram_quantile({share}, sum by ({by}, le) ({buckets}))"
