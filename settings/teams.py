"""`teams/<service>/`: what a service's own team adds to what watches it, as data: rules, metrics and dashboards.

A team's rules and dashboards speak of its own service only, and their names begin with the service's, so that no team
can take another one's place.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from settings.services import ServiceName
from settings.values import Area, Form, HttpsUrl, Owner

DATA_SOURCES: Final = ("prometheus", "loki", "tempo")
"""Uids of the data sources that a team's dashboard may ask: not the audit trail, and not Alertmanager."""

Expression = Annotated[str, Field(min_length=1, max_length=2000)]
Duration = Annotated[str, Form("^[1-9][0-9]{0,3}[smhd]$", "a Prometheus duration such as 10m")]
MetricName = Annotated[str, Form("^[a-z][a-z0-9_]{2,99}$", "a metric's name: lower-case letters, digits, underscores")]
LabelName = Annotated[str, Form("^[a-z][a-z0-9_]{0,62}$", "a label's name: lower-case letters, digits, underscores")]
RecordName = Annotated[
    str, Form("^[a-z][a-z0-9_]*(:[a-z0-9_]+){1,2}$", "a name such as storefront:checkout_errors:ratio5m")
]


class TeamMetric(Area):
    """A metric that the service emits besides those that every service owes."""

    name: MetricName = Field(description="Name; of a histogram without `_bucket`, `_sum` and `_count`")
    type: Literal["counter", "gauge", "histogram"] = Field(description="Kind of metric, as its `# TYPE` line says")
    labels: tuple[LabelName, ...] = Field(default=(), description="Labels that the service gives it")
    means: Annotated[str, Field(min_length=5)] = Field(description="What it counts or measures")


class TeamRecording(Area):
    """A series that is computed once, for alerts and dashboards."""

    record: RecordName = Field(description="Its name, which begins with the service's")
    expression: Expression = Field(description="PromQL over series of the service")


class TeamAlert(Area):
    """An alert about the service."""

    name: Annotated[str, Form("^[A-Z][A-Za-z0-9]{3,79}$", "a name such as StorefrontCheckoutFailing")] = Field(
        description="Its name, which begins with the service's"
    )
    expression: Expression = Field(description="PromQL over series of the service; true while something is wrong")
    severity: Literal["critical", "warning", "notice"] = Field(description="How bad it is; critical wakes somebody")
    owner: Owner = Field(description="Team that answers for it")
    summary: Annotated[str, Field(min_length=5, max_length=150)] = Field(description="What is wrong, in one line")
    description: Annotated[str, Form(r"(?s)^.*\{\{.*\$value.*\}\}.*$", "a text with the value, {{ $value }}")] = Field(
        description="What it means for users, with the value"
    )
    pending: Duration = Field(default="5m", description="How long it has to be true before anybody is told")
    runbook: HttpsUrl = Field(description="Page that says what to do")


class TeamRules(Area):
    """`rules.yaml`."""

    metrics: tuple[TeamMetric, ...] = Field(default=(), description="Metrics of the service's own")
    recordings: tuple[TeamRecording, ...] = Field(default=(), description="Series that are computed once")
    alerts: tuple[TeamAlert, ...] = Field(default=(), description="Alerts")


class Team(Area):
    """What one team brings."""

    rules: TeamRules = Field(default_factory=TeamRules, description="Its `rules.yaml`")
    dashboards: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict[str, Mapping[str, Any]], description="Its `dashboards/<uid>.json`, by uid"
    )


Teams = Mapping[ServiceName, Team]
