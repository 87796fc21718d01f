"""Loki's documents: its configuration, limits of tenants, rules of its ruler (LOG-1, LOG-2, LOG-6)."""

from components.observability.loki import rules as log_rules
from components.observability.loki.config import config, overrides
from components.observability.rules.model import Links
from components.text import to_yaml
from settings import Settings

__all__ = ["documents"]


def documents(settings: Settings) -> dict[str, str]:
    """Texts by file name; the rules lie in a folder for each tenant, as the ruler's local storage wants them."""
    links = Links(
        runbooks=settings.observability.alerts.runbooks_url.rstrip("/"),
        grafana=f"https://{settings.environment.grafana_host}",
    )
    rules = {
        f"rules/{tenant}/{group.name}.yml": to_yaml({"groups": [group.document(links)]})
        for tenant, groups in log_rules.groups(settings).items()
        for group in groups
    }
    return {"loki.yaml": to_yaml(config(settings)), "overrides.yaml": to_yaml(overrides(settings)), **rules}
