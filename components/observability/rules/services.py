"""The services that users reach: errors, latency, presence."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

ERROR_RATIO: Final = 0.05
"""ALR-5: 5xx over 5 % of requests."""
LATENCY_SECONDS: Final = 1.0
"""What users take for a page that answers; a bound of the services' histogram."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the services."""
    # Two minutes: with a longer window a single error of a quiet hour would stay long enough to be told.
    errors = 'sum by (service_name) (rate(http_requests_total{code=~"5.."}[2m]))'
    requests = "sum by (service_name) (rate(http_requests_total[2m]))"
    return [
        Group(
            "services",
            [
                Alert(
                    "ServiceDown",
                    _down(settings),
                    severity="critical",
                    kind="service",
                    owner="engineering",
                    summary="{{ $labels.service_name }} is down",
                    description="{{ $value }} of its pods have answered for 2 minutes; users get errors.",
                    pending="2m",
                    dashboard="application-metrics",
                ),
                Alert(
                    "APIErrorRateHigh",
                    f"{errors} / {requests} > {ERROR_RATIO}",
                    severity="warning",
                    kind="service",
                    owner="engineering",
                    summary="{{ $labels.service_name }} answers with errors",
                    description="{{ $value | humanizePercentage }} of its requests got an answer of class 5xx for "
                    "2 minutes.",
                    pending="2m",
                    dashboard="application-metrics",
                ),
                Alert(
                    "ServiceLatencyHigh",
                    f"service:http_latency_seconds:p95_5m > {LATENCY_SECONDS}",
                    severity="warning",
                    kind="service",
                    owner="engineering",
                    summary="{{ $labels.service_name }} is slow",
                    description="One request in 20 to slot {{ $labels.slot }} has taken longer than "
                    "{{ $value | humanizeDuration }} for 10 minutes.",
                    pending="10m",
                    dashboard="application-metrics",
                ),
            ],
        )
    ]


def _down(settings: Settings) -> str:
    """No pod of a service answers, or a released service has no pod that could be asked (0 as well)."""
    answering = 'sum by (service_name) (up{job="services"}) == 0'
    absent = [
        f'sum by (service_name) (absent(up{{job="services",service_name="{service}"}}) - 1)'
        for service in sorted(settings.releases.services)
    ]
    return " or ".join([answering, *absent])
