"""`alertmanager.yml`: which alert goes to whom, how often, and which one is kept back (ALR-7, ALR-8, ALR-11).

Alertmanager has no acknowledgement: a critical alert is repeated until it is resolved, silenced, or acknowledged in
PagerDuty. It does not expand `${...}` either: every secret is read from a file, named after the secret.
"""

from collections.abc import Sequence
from typing import Any, Final

from components.observability.alertmanager import inhibition
from components.observability.alertmanager.receivers import SECRETS, receivers
from settings import Settings

GROUP_BY: Final = ("alertname", "service_name", "environment", "host")
"""Alerts that share these are one message."""
ON_CALL: Final = (*GROUP_BY, "hypervisor", "instance", "integration", "mountpoint", "name", "slo", "slot", "storage")
"""Who is called acknowledges one message: another gateway, name or disk that fails later is another incident."""
BY_EVENT: Final = ("alertname", "service_name", "environment")
"""Of what is an attack there may be hundreds at once, one for each address: they are one message."""
BY_TENANT: Final = (*BY_EVENT, "tenant_id")
"""Who is called is called for each tenant: an incident that is acknowledged says nothing of the next one."""
BY_CAUSE: Final = (*GROUP_BY, "cause")
"""One message for each cause: grouped by host and service alone, two causes would be one."""


def document(settings: Settings) -> dict[str, Any]:
    """The main Alertmanager's configuration."""
    alerts = settings.observability.alerts
    return {
        "global": {
            # Only for alerts that come without an end; Prometheus always sends one.
            "resolve_timeout": f"{alerts.resolve_minutes}m",
            "smtp_smarthost": alerts.smtp_endpoint,
            "smtp_from": alerts.smtp_user,
            "smtp_auth_username": alerts.smtp_user,
            "smtp_auth_password_file": f"{SECRETS}/smtpPassword",
            "smtp_require_tls": True,
        },
        "templates": ["templates/*.tmpl"],
        "route": _route(alerts.acknowledge_minutes),
        "inhibit_rules": [each.document() for each in inhibition.TABLE],
        "receivers": receivers(alerts),
    }


def _route(acknowledge_minutes: int) -> dict[str, Any]:
    severities = _severities(acknowledge_minutes)
    return {
        # What carries no known severity is still seen.
        "receiver": "slack-alerts",
        "group_by": list(GROUP_BY),
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
        "routes": [
            # A group is looked at every `group_interval`, and told again when the last time was longer ago than
            # `repeat_interval`: half a minute makes it every single time, where a whole one would make it every other.
            _to(
                "webhook-heartbeat",
                'alertname="Watchdog"',
                group_wait="0s",
                group_interval="1m",
                repeat_interval="30s",
            ),
            {
                "matchers": ['escalation="true"'],
                "group_by": list(BY_CAUSE),
                **_insistent(acknowledge_minutes),
                "routes": [
                    _to("email-escalation", proceed=True, repeat_interval="1h"),
                    {**_to("pagerduty-oncall"), "group_by": [*ON_CALL, "cause"]},
                ],
            },
            {
                "matchers": ['kind="security"'],
                "group_by": list(BY_EVENT),
                "routes": [
                    _to("slack-security", proceed=True, group_wait="5s", group_interval="1m"),
                    *_severities(acknowledge_minutes, on_call=BY_TENANT),
                ],
            },
            _to("telegram-deploys", 'kind="release"', proceed=True, group_wait="5s", group_interval="1m"),
            *severities,
        ],
    }


def _severities(acknowledge_minutes: int, on_call: Sequence[str] = ON_CALL) -> list[dict[str, Any]]:
    """The routes by severity (ALR-2, ALR-7); who is on call is told by groups of these labels."""
    return [
        {
            "matchers": ['severity="critical"'],
            **_insistent(acknowledge_minutes),
            "routes": [
                {**_to("pagerduty-oncall", proceed=True), "group_by": list(on_call)},
                _to("slack-alerts", proceed=True),
                # Management is told; it is on-call who has to answer.
                _to("email-management", repeat_interval="4h"),
            ],
        },
        _to("slack-alerts", 'severity="warning"'),
        _to("slack-alerts", 'severity="notice"', repeat_interval="12h"),
        _to("email-info", 'severity="info"', repeat_interval="24h"),
    ]


def _insistent(acknowledge_minutes: int) -> dict[str, str]:
    """Quick, and again until it is acknowledged."""
    return {"group_wait": "10s", "group_interval": "30s", "repeat_interval": f"{acknowledge_minutes}m"}


def _to(receiver: str, *matchers: str, proceed: bool = False, **times: str) -> dict[str, Any]:
    """A route to one receiver; with `proceed`, the routes after it are looked at as well."""
    return {
        **({"matchers": list(matchers)} if matchers else {}),
        "receiver": receiver,
        **({"continue": True} if proceed else {}),
        **times,
    }
