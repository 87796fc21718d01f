"""The services that users reach: errors, latency, presence."""

from typing import Final

from components.observability.rules.model import Alert, Group
from components.observability.rules.past import DISCOVERY, LIVE, errors
from components.observability.rules.users import USERS
from settings import Settings

ERROR_RATIO: Final = 0.05
"""ALR-5: 5xx over 5 % of requests."""
LATENCY_SECONDS: Final = 1.0
"""What users take for a page that answers; a bound of the services' histogram."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the services."""
    # Two minutes: with a longer window a single error of a quiet hour would stay long enough to be told.
    failed = f'http_requests_total{{{USERS},code=~"5.."}}'
    bad = f"sum by (service_name) ({errors(failed, '2m')})"
    requests = f"sum by (service_name) (increase(http_requests_total{{{USERS}}}[2m]))"
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
                    f"{bad} / {requests} > {ERROR_RATIO}",
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
    """No pod of the live slot answers, or none of the whole service, or there is none that could be asked (0 as well).

    Users are led to the live slot by a name server's answer; an idle slot that answers is no help to them, and a
    candidate is for some of them at most. Where the name server is not heard, all slots count together.
    """
    dead = f'sum by (service_name) (0 * ({LIVE} unless on (service_name, slot) (up{{job="services"}} == 1)))'
    answering = 'sum by (service_name) (up{job="services",slot!~"canary|shadow"}) == 0'
    absent = [
        f'sum by (service_name) (absent(up{{job="services",service_name="{service}",slot!~"canary|shadow"}}) - 1)'
        for service in sorted(settings.releases.services)
    ]
    return " or ".join([answering, *(f"({each}) and on () {DISCOVERY}" for each in (dead, *absent))])
