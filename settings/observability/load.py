"""What a stack has to take, from which the sizes of volumes and buckets are computed."""

from typing import Annotated

from pydantic import Field

from settings.values import Area


class Load(Area):
    """Load at the busiest time of a usual day."""

    tenants: Annotated[int, Field(ge=1, le=100_000)] = Field(description="Active tenants")
    requests_per_second: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="Requests to all services together, per second"
    )
    log_gib_per_day: Annotated[float, Field(gt=0, le=100_000)] = Field(
        description="Log lines of all sources, GiB a day"
    )
    spans_per_second: Annotated[float, Field(gt=0, le=10_000_000)] = Field(
        description="Spans that the services send, per second"
    )
