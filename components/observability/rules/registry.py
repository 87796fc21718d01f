"""What brings builds to machines: the image registry, by its own metrics, and Coolify, by its page (INF-3, INF-6)."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

ERROR_RATIO: Final = 0.05
"""A client tries again; more than one request in twenty is no passing trouble."""


def groups(_: Settings) -> list[Group]:
    """The alerts of both; how full the registry is tells BucketNearQuota."""
    failed = 'sum by (instance) (rate(registry_http_requests_total{code=~"5.."}[5m]))'
    return [
        Group(
            "registry",
            [
                Alert(
                    "RegistryDown",
                    'up{job="registry"} == 0',
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="The image registry does not answer at {{ $labels.instance }}",
                    description="It has been {{ $value }} for 10 minutes. Port 5060 is the side that images are pulled "
                    "from: no pod starts on a node that lacks its image. Port 5061 is the side of pushes: no build "
                    "arrives, or it is being cleaned.",
                    pending="10m",
                ),
                Alert(
                    "RegistryErrors",
                    f"{failed} / (sum by (instance) (rate(registry_http_requests_total[5m])) > 0) > {ERROR_RATIO}",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="The image registry fails requests at {{ $labels.instance }}",
                    description="{{ $value | humanizePercentage }} of its requests got an answer of class 5xx for 10 "
                    "minutes; images are pulled or pushed in vain.",
                    pending="10m",
                ),
                Alert(
                    "CoolifyDown",
                    # One that restarts again and again answers now and then.
                    'max by (instance) (avg_over_time(probe_success{job="blackbox-coolify"}[10m])) < 0.5',
                    severity="warning",
                    kind="service",
                    owner="devops",
                    summary="Coolify does not answer at {{ $labels.instance }}",
                    description="{{ $value | humanizePercentage }} of the probes of its page succeeded within 10 "
                    "minutes: no push is deployed to staging. What it deployed goes on running.",
                    pending="5m",
                ),
            ],
        )
    ]
