"""What a rule is: data from which Prometheus' and Loki's rule files, the runbooks' index and the tests are made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

FILE_BYTES: Final = 500_000
"""Rules of one file together; of which two fit into a ConfigMap."""
_HEAD: Final = "groups:\n"
"""What each rule file begins with; its groups follow."""

Severity = Literal["critical", "warning", "notice", "info"]
"""ALR-2."""
Kind = Literal[
    "service", "host", "kubernetes", "database", "storage", "edge", "security", "release", "backup", "monitoring"
]
"""What an alert is about; `security` is routed to the security channel as well, `release` to the deploy chat."""
Owner = Literal["devops", "engineering", "security", "management"]
"""Team that answers for it."""


@dataclass(frozen=True)
class Recording:
    """A recording rule."""

    record: str
    """Name of the series it makes: `level:metric:operation`."""
    expr: str
    """PromQL."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels it adds."""

    def document(self) -> dict[str, Any]:
        """As a rule file says it."""
        return {"record": self.record, "expr": self.expr, **({"labels": dict(self.labels)} if self.labels else {})}


@dataclass(frozen=True)
class Alert:
    """An alerting rule."""

    name: str
    """CamelCase; unique in the platform."""
    expr: str
    """PromQL; LogQL in a group of Loki's ruler."""
    severity: Severity
    """How bad it is (ALR-2)."""
    kind: Kind
    """What it is about."""
    owner: Owner
    """Team that answers for it."""
    summary: str
    """One line, a template of Prometheus; says what is wrong with what."""
    description: str
    """What it means for users, with the value; a template of Prometheus."""
    pending: str = "0s"
    """How long it has to be true, a Prometheus duration (`for`)."""
    keep: str | None = "5m"
    """How long it stays after it was last true (`keep_firing_for`, ALR-9); None where the expression itself says so."""
    dashboard: str = "system-overview"
    """Uid of the Grafana dashboard that shows it."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """More labels."""
    runbook: str | None = None
    """URL of its runbook; `docs/runbooks/<name>.md`, where that is published, by default."""

    def document(self, links: "Links") -> dict[str, Any]:
        """As a rule file says it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": self.pending} if self.pending != "0s" else {}),
            **({"keep_firing_for": self.keep} if self.keep else {}),
            "labels": {"severity": self.severity, "kind": self.kind, "owner": self.owner, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": self.runbook or f"{links.runbooks}/{self.name}",
                "dashboard_url": f"{links.grafana}/d/{self.dashboard}",
            },
        }


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    """Unique in the platform; also the name of its file, `<name>.yml`."""
    rules: Sequence[Alert | Recording]
    """In the order of evaluation."""
    interval: str | None = None
    """How often, a Prometheus duration; the server's own interval by default."""

    def document(self, links: "Links") -> dict[str, Any]:
        """As a rule file's `groups` says it."""
        return {
            "name": self.name,
            **({"interval": self.interval} if self.interval else {}),
            "rules": [rule.document(links) if isinstance(rule, Alert) else rule.document() for rule in self.rules],
        }

    @property
    def alerts(self) -> list[Alert]:
        """Its alerting rules."""
        return [rule for rule in self.rules if isinstance(rule, Alert)]


@dataclass(frozen=True)
class Links:
    """Where an alert's links lead."""

    runbooks: str
    """URL under which the runbooks are published, without a slash at the end."""
    grafana: str
    """URL of Grafana, without a slash at the end."""


def together(files: Iterable[str], folder: str) -> dict[str, str]:
    """Rule files as few, by path: a pod names its files, so that one file more is another pod.

    One is enough until it is half of what a ConfigMap takes; hundreds of services have more.
    """
    parts = [_HEAD]
    for text in files:
        groups = text.removeprefix(_HEAD)
        if parts[-1] != _HEAD and len((parts[-1] + groups).encode()) > FILE_BYTES:
            parts.append(_HEAD)
        parts[-1] += groups
    names = ["all.yml", *(f"all-{number}.yml" for number in range(2, len(parts) + 1))]
    return {f"{folder}/{name}": part for name, part in zip(names, parts, strict=True)}
