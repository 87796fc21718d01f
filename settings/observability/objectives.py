"""What is promised to users (MON-6), and which signals are watched for what is unusual (MON-7)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from settings.values import Area, Form

SignalName = Annotated[
    str, Form("^[a-z]([a-z0-9-]{0,58}[a-z0-9])?$", "lower-case letters, digits and inner hyphens, a letter first")
]
ObjectiveName = Annotated[
    str, Form("^[a-z][a-z0-9_]{0,29}$", "lower-case letters, digits and underscores, a letter first, at most 30")
]
"""Without hyphens: the service's name and this one, joined by one, are a name that no other objective has."""
AVAILABILITY: Final = "availability"
"""Name of the objective that a service has without an entry."""
PromQL = Annotated[str, Field(min_length=1, max_length=1000)]


class Promise(Area):
    """A service level objective over the HTTP requests of the service that it is an entry of."""

    indicator: Literal["availability", "latency"] = Field(
        description="`availability`: share of answers that are no 5xx; `latency`: share answered within the threshold"
    )
    objective_percent: Annotated[float, Field(ge=90, lt=100)] = Field(
        default=99.9, description="Share of requests that has to be good, in percent"
    )
    window_days: Annotated[int, Field(ge=7, le=30)] = Field(
        default=30, description="Period that the objective is for, in days"
    )
    threshold_milliseconds: Annotated[int, Field(ge=5, le=10_000)] | None = Field(
        default=None, description="For `latency`: a request answered later is bad, in ms; one of the histogram's bounds"
    )


class Objective(Promise):
    """A promise with the service that it is about."""

    service: str = Field(description="Name of the service")


class Signal(Area):
    """A time series that is compared with its own past."""

    expression: PromQL = Field(description="PromQL that gives one series for each label set of `by`")
    by: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Labels that tell one series of the signal from another"
    )
    direction: Literal["up", "down", "both"] = Field(
        default="both", description="Which deviations count: above the band, below it, or both"
    )
    deviations: Annotated[float, Field(ge=2, le=10)] = Field(
        default=4, description="Half width of the band, in standard deviations"
    )
    floor: Annotated[float, Field(ge=0)] = Field(
        default=0, description="Half width of the band at least, in the signal's own unit; keeps a flat line quiet"
    )
