"""The post-mortem of an alert, before anybody has written a word of it (ALR-8)."""

from urllib.parse import quote

from components.observability.loki import rules as logs
from components.observability.rules import groups, links
from components.observability.rules.releases import ANNOUNCED
from settings import Settings

_HEADINGS = {
    "Impact": "Who could not do what, from when to when (UTC), and how many of them.",
    "Timeline": "Began, first seen, answered, understood, mended, over: each with its time (UTC) and how it was known.",
    "Cause": "Why it happened, down to what can be changed; no names of people.",
    "What went well, what did not": "Alert, runbook, access, rollback.",
    "Actions": "Each with an owner and a date; at least one that makes it noticed sooner or impossible.",
}


def postmortem(settings: Settings, name: str) -> tuple[str, str]:
    """The text to start from, and a link that makes it a work item of Plane.

    Args:
        settings: Settings of the stack.
        name: Name of the alert.

    Raises:
        LookupError: When no alert is called that.
    """
    every = [*groups(settings), *(group for tenant in logs.groups(settings).values() for group in tenant)]
    alerts = [*ANNOUNCED, *(alert for group in every for alert in group.alerts)]
    found = next((alert for alert in alerts if alert.name == name), None)
    if found is None:
        raise LookupError(f"there is no alert {name}; docs/runbooks has a page for each")
    annotations = found.document(links(settings))["annotations"]
    title = f"Post-mortem: {name} ({settings.environment.label})"
    lines = [
        f"# {title}",
        "",
        f"- Alert: {name}, {found.severity}, owned by {found.owner}",
        f"- Runbook: {annotations['runbook_url']}",
        f"- Dashboard: {annotations['dashboard_url']}",
        f"- Record: the rows of internal.alert_logs whose alertname is {name}",
    ]
    for heading, hint in _HEADINGS.items():
        lines += ["", f"## {heading}", "", hint]
    text = "\n".join(lines) + "\n"
    url = settings.observability.alerts.postmortem_url
    query = f"title={quote(title)}&description={quote(text)}"
    return text, f"{url}{'&' if '?' in url else '?'}{query}"
