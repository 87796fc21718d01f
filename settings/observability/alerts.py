"""Who is told of an alert, and when (ALR-1, ALR-7..9)."""

from typing import Annotated

from pydantic import Field

from settings.values import Area, Email, Endpoint, Form, HttpsUrl

Channel = Annotated[
    str,
    Form("^#[a-z0-9_-]{1,79}$", "a Slack channel: # and at most 79 lower-case letters, digits, hyphens, underscores"),
]
Chat = Annotated[
    str,
    Form(
        "^-?[0-9]{1,19}$",
        'the id of a Telegram chat, in quotes, such as "-1001234567890": Alertmanager knows no chat by its @name, '
        "and a bot is told the id when it is added to the chat",
    ),
]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class Alerts(Area):
    """Who is told, and when."""

    slack_channel: Channel = Field(description="Slack channel of DevOps and engineering")
    slack_security_channel: Channel = Field(description="Slack channel of security and administration")
    info_email: Email = Field(description="Receiver of what is good to know")
    management_emails: Annotated[tuple[Email, ...], Field(min_length=1)] = Field(
        description="Management and CTO; they get critical alerts, and what is escalated"
    )
    system_owner_emails: Annotated[tuple[Email, ...], Field(min_length=1)] = Field(
        description="System owner; gets what is escalated"
    )
    telegram_deploys_chat: Chat = Field(description="Telegram chat that deployments are announced in")
    smtp_endpoint: Endpoint = Field(description="host:port of the mail relay; spoken to with STARTTLS")
    smtp_user: Email = Field(description="Account and sender address at the mail relay; secret luxima:smtpPassword")
    runbooks_url: HttpsUrl = Field(description="Where docs/runbooks is published; every alert links its page there")
    postmortem_url: HttpsUrl = Field(
        description="Page of Plane that makes a new work item; a critical alert links it with title and text filled in"
    )
    acknowledge_minutes: Minutes = Field(
        default=10, description="Time in which on-call answers a critical alert; it is repeated until then, in minutes"
    )
    escalate_minutes: Minutes = Field(
        default=30, description="After this time an unresolved critical alert goes to CTO and system owner, in minutes"
    )
    resolve_minutes: Minutes = Field(
        default=5, description="How long all has to be normal before an alert counts as resolved, in minutes"
    )
