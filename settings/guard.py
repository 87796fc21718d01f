"""`luxima:guard`: how a release is judged after it became live (REL-6)."""

from typing import Annotated, Final

from pydantic import Field

from settings.releases import Image
from settings.values import Area, HttpsUrl

Positive = Annotated[int, Field(ge=1)]
STALE_SCRAPES: Final = 4
"""Scrapes that may fail before a target counts as not seen."""


class Limits(Area):
    """When a release is good, bad, or neither, for all who judge: the Job, the command line and the alerts."""

    error_percent: Annotated[float, Field(gt=0, le=100)] = Field(default=5, description="Share of 5xx, in percent")
    window_seconds: Positive = Field(default=600, description="Time over which it is taken, in seconds")
    minimum_requests: Positive = Field(default=100, description="Requests that a verdict takes")
    latency_factor: Annotated[float, Field(gt=1)] = Field(
        default=1.5, description="p95 over this multiple of before is told"
    )
    error_logs: Positive = Field(default=50, description="Lines of level error from which on they are told")
    check_seconds: Positive = Field(default=5, description="Time between two looks, in seconds")
    stale_seconds: Positive = Field(
        default=60, description="Age of the newest look at a target from which on it counts as not seen, in seconds"
    )


class Guard(Area):
    """When a release is good, bad, or neither."""

    image: Image = Field(description="Image of the release tool, by digest; the guard in the cluster is run from it")
    error_percent: Annotated[float, Field(gt=0, le=5)] = Field(
        default=5, description="Share of failed requests (5xx) over which a release is rolled back, in percent"
    )
    window_minutes: Annotated[int, Field(ge=1, le=10)] = Field(
        default=10, description="Time over which that share is taken, in minutes"
    )
    minimum_requests: Annotated[int, Field(ge=20, le=1_000_000)] = Field(
        default=100, description="Requests in that time under which the verdict is `inconclusive`"
    )
    latency_factor: Annotated[float, Field(ge=1.1, le=10)] = Field(
        default=1.5, description="Latency (p95) over this multiple of the previous slot's is told, not rolled back"
    )
    error_logs: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=50, description="Log lines of level error in that time from which on it is told, not rolled back"
    )
    probation_minutes: Annotated[int, Field(ge=1, le=240)] = Field(
        default=10, description="How long a slot is watched after it became live, in minutes"
    )
    check_seconds: Annotated[int, Field(ge=1, le=60)] = Field(
        default=5, description="Time between two looks at the metrics, in seconds"
    )
    prometheus_url: HttpsUrl | None = Field(
        default=None, description="Where metrics are asked for; prometheus. under the core domain by default"
    )
    loki_url: HttpsUrl | None = Field(
        default=None, description="Where logs are asked for; loki. under the core domain by default"
    )
    alertmanager_url: HttpsUrl | None = Field(
        default=None, description="Where releases are announced; alertmanager. under the core domain by default"
    )

    def limits(self, scrape_interval_seconds: int) -> Limits:
        """When a release is judged how, with metrics that are read this often."""
        return Limits(
            error_percent=self.error_percent,
            window_seconds=self.window_minutes * 60,
            minimum_requests=self.minimum_requests,
            latency_factor=self.latency_factor,
            error_logs=self.error_logs,
            check_seconds=self.check_seconds,
            stale_seconds=STALE_SCRAPES * scrape_interval_seconds,
        )
