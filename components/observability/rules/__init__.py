"""All rules that Prometheus evaluates, as documents: one file for each group."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from components.observability.rules import (
    anomalies,
    backups,
    control_plane,
    database,
    edge,
    hosts,
    hypervisors,
    kubernetes,
    monitoring,
    nodes,
    programs,
    recordings,
    registry,
    releases,
    security,
    services,
    slo,
    storage,
    teams,
)
from components.observability.rules.model import Alert, Group, Links, Recording
from components.text import to_yaml
from settings import Settings

__all__ = ["Alert", "Group", "Links", "Recording", "documents", "groups", "links"]

_SUBJECTS: Final[Sequence[Callable[[Settings], Sequence[Group]]]] = (
    recordings.groups,
    hosts.groups,
    hypervisors.groups,
    kubernetes.groups,
    database.groups,
    storage.groups,
    registry.groups,
    edge.groups,
    services.groups,
    monitoring.groups,
    security.groups,
    releases.groups,
    backups.groups,
    slo.groups,
    anomalies.groups,
    control_plane.groups,
    nodes.groups,
    programs.groups,
    teams.groups,
)


def groups(settings: Settings) -> list[Group]:
    """All groups; every alert stays as long as the settings say before it counts as resolved (ALR-9)."""
    keep = f"{settings.observability.alerts.resolve_minutes}m"
    return [_kept(group, keep) for subject in _SUBJECTS for group in subject(settings)]


def links(settings: Settings) -> Links:
    """Where the links of this stack's alerts lead."""
    return Links(
        runbooks=settings.observability.alerts.runbooks_url.rstrip("/"),
        grafana=f"https://{settings.environment.grafana_host}",
    )


def documents(settings: Settings) -> dict[str, str]:
    """Rule files by name, `<group>.yml`."""
    targets = links(settings)
    return {f"{group.name}.yml": to_yaml({"groups": [group.document(targets)]}) for group in groups(settings)}


def _kept(group: Group, keep: str) -> Group:
    rules = [replace(rule, keep=keep) if isinstance(rule, Alert) and rule.keep else rule for rule in group.rules]
    return replace(group, rules=rules)
