"""The receivers: one for each channel, called after it, its secret in a file (ALR-1, ALR-11)."""

from collections.abc import Iterable
from typing import Any, Final

from settings.observability import Alerts

SECRETS: Final = "/etc/alertmanager/secrets"
"""Folder that the secrets are mounted in, each a file called after its key of the stack's configuration."""


def receivers(alerts: Alerts) -> list[dict[str, Any]]:
    """All receivers; each says resolved as well, except for the heartbeat."""
    return [
        {"name": "pagerduty-oncall", "pagerduty_configs": [_pagerduty()]},
        {"name": "slack-alerts", "slack_configs": [_slack(alerts.slack_channel, "slackWebhookUrl")]},
        {"name": "slack-security", "slack_configs": [_slack(alerts.slack_security_channel, "slackSecurityWebhookUrl")]},
        {"name": "email-management", "email_configs": [_email(alerts.management_emails)]},
        {"name": "email-info", "email_configs": [_email((alerts.info_email,))]},
        {
            "name": "email-escalation",
            "email_configs": [_email((*alerts.management_emails, *alerts.system_owner_emails))],
        },
        {"name": "telegram-deploys", "telegram_configs": [_telegram(alerts.telegram_deploys_chat)]},
        {"name": "webhook-heartbeat", "webhook_configs": [_heartbeat()]},
    ]


def _pagerduty() -> dict[str, Any]:
    """Events API v2; its severities are critical, error, warning and info."""
    return {
        "send_resolved": True,
        "routing_key_file": f"{SECRETS}/pagerdutyRoutingKey",
        "client": "Alertmanager",
        "client_url": '{{ template "luxima.alerts.url" . }}',
        "description": '{{ template "luxima.subject" . }}',
        "severity": '{{ if eq .CommonLabels.severity "critical" }}critical{{ else }}warning{{ end }}',
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.service_name }}",
        "group": "{{ .CommonLabels.environment }}",
        "details": {
            "alerts": '{{ template "luxima.alerts" . }}',
            "runbook": "{{ .CommonAnnotations.runbook_url }}",
            "dashboard": "{{ .CommonAnnotations.dashboard_url }}",
            "silence": '{{ template "luxima.silence.url" . }}',
            "postmortem": '{{ template "luxima.postmortem.url" . }}',
        },
        # A link without an address is left out.
        "links": [
            {"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"},
            {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
            {"href": '{{ template "luxima.silence.url" . }}', "text": "Silence"},
            {"href": '{{ template "luxima.postmortem.url" . }}', "text": "Post-mortem"},
        ],
    }


def _slack(channel: str, secret: str) -> dict[str, Any]:
    return {
        "send_resolved": True,
        "api_url_file": f"{SECRETS}/{secret}",
        "channel": channel,
        "color": '{{ template "luxima.slack.color" . }}',
        "title": '{{ template "luxima.subject" . }}',
        "title_link": '{{ template "luxima.alerts.url" . }}',
        "text": '{{ template "luxima.slack.text" . }}',
        "fallback": '{{ template "luxima.subject" . }}',
    }


def _email(addresses: Iterable[str]) -> dict[str, Any]:
    """One message to all of them; an address that is there twice is written once."""
    return {
        "send_resolved": True,
        "to": ", ".join(dict.fromkeys(addresses)),
        "headers": {"Subject": '{{ template "luxima.subject" . }}'},
        "html": '{{ template "luxima.email.html" . }}',
        "text": '{{ template "luxima.email.text" . }}',
    }


def _telegram(chat: str) -> dict[str, Any]:
    return {
        "send_resolved": True,
        "bot_token_file": f"{SECRETS}/telegramBotToken",
        # Alertmanager knows no chat by its @name.
        "chat_id": int(chat),
        "parse_mode": "HTML",
        "message": '{{ template "luxima.telegram.message" . }}',
    }


def _heartbeat() -> dict[str, Any]:
    """The service outside that calls when this no longer comes; a heartbeat that was resolved must not count as one."""
    return {"send_resolved": False, "url_file": f"{SECRETS}/heartbeatUrl"}
