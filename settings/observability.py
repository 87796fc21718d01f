"""`luxima:observability`: metrics and alerts (MON-1, ALR-1, ALR-7..9)."""

from typing import Annotated

from pydantic import Field

from settings.values import Area, Email, Form, Port

Channel = Annotated[
    str,
    Form("^#[a-z0-9_-]{1,79}$", "a Slack channel: # and at most 79 lower-case letters, digits, hyphens, underscores"),
]
Chat = Annotated[
    str,
    Form(
        "^(@[A-Za-z][A-Za-z0-9_]{4,31}|-?[0-9]{1,19})$", "a Telegram chat: @name of a channel, or a chat id in quotes"
    ),
]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class Alerts(Area):
    """Who is told, and when."""

    slack_channel: Channel = Field(description="Slack channel of DevOps and engineering")
    slack_security_channel: Channel = Field(description="Slack channel of security and administration")
    info_email: Email = Field(description="Receiver of what is good to know")
    management_emails: Annotated[tuple[Email, ...], Field(min_length=1)] = Field(
        description="Management and CTO; they get critical alerts"
    )
    telegram_deploys_chat: Chat = Field(description="Telegram chat that deployments are announced in")
    acknowledge_minutes: Minutes = Field(
        default=10, description="Time in which on-call answers a critical alert; it is repeated until then, in minutes"
    )
    escalate_minutes: Minutes = Field(
        default=30, description="After this time an unresolved critical alert goes to CTO and system owner, in minutes"
    )
    resolve_minutes: Minutes = Field(
        default=5, description="How long all has to be normal before an alert counts as resolved, in minutes"
    )


class Observability(Area):
    """Metrics and alerts."""

    scrape_interval_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        default=15, description="How often Prometheus reads every target, in seconds"
    )
    node_exporter_port: Port = Field(default=9100, description="TCP port of the node exporter on every guest")
    alerts: Alerts = Field(description="Who is told, and when")
