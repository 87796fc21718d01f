"""Where the runbook of an alert is."""

from components.observability.rules import links
from settings import Settings


def runbook(settings: Settings, alert: str) -> str:
    """URL of the runbook of `alert`."""
    return f"{links(settings).runbooks}/{alert}"
