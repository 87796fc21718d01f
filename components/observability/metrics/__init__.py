"""The metrics that rules and dashboards speak of, by who emits them (MON-8); what the services owe is a contract.

Labels that scraping adds (`job`, `instance`, `environment`, `service_name`, and `slot`, `namespace`, `pod`, `host`
where there are such) are not repeated here.
"""

from collections.abc import Sequence
from typing import Final

from components.observability.metrics.backends import BACKENDS
from components.observability.metrics.cluster import CLUSTER
from components.observability.metrics.contract import BUCKETS, JOBS, RELEASES, SERVICES
from components.observability.metrics.machines import MACHINES
from components.observability.metrics.model import Emitter, Metric
from components.observability.metrics.observers import OBSERVERS
from settings.teams import Teams

__all__ = ["BUCKETS", "EMITTERS", "SERVICES", "Emitter", "Metric", "names", "reference"]

EMITTERS: Final[Sequence[Emitter]] = (SERVICES, JOBS, RELEASES, *OBSERVERS, *MACHINES, *CLUSTER, *BACKENDS)
"""Everyone, in the order of the reference."""

_INTRODUCTION: Final = """\
# Metrics

<!-- Made by `components.observability.metrics.reference()`; do not edit. -->

Every metric that a rule or a dashboard uses, and who emits it. For *services* and *backup and release jobs* this is a
contract: their developers emit these names, types and labels. Prometheus adds `environment` and `service_name` to every
series, `slot`, `namespace` and `pod` to those of pods, `host` to those of hosts.
"""


def names(teams: Teams | None = None) -> frozenset[str]:
    """Every name that a query may use, with what the services of `teams` emit besides."""
    own = [Metric(each.name, each.type) for team in (teams or {}).values() for each in team.rules.metrics]
    emitted = [metric for emitter in EMITTERS for metric in emitter.metrics]
    return frozenset(name for metric in (*own, *emitted) for name in metric.series)


def reference() -> str:
    """The page `docs/reference/metrics.md`."""
    return "\n".join([_INTRODUCTION, *(_section(emitter) for emitter in EMITTERS)])


def _section(emitter: Emitter) -> str:
    jobs = f"Scraped by {', '.join(f'`{job}`' for job in emitter.jobs)}." if emitter.jobs else "Not scraped."
    told = any(metric.means for metric in emitter.metrics)
    head = "| name | type | labels |" + (" meaning |" if told else "")
    lines = [
        f"## {emitter.name[0].upper()}{emitter.name[1:]}\n",
        f"{jobs} {emitter.note}".rstrip() + "\n",
        head,
        "|---|---|---|" + ("---|" if told else ""),
        *(_row(metric, told) for metric in emitter.metrics),
    ]
    return "\n".join(lines) + "\n"


def _row(metric: Metric, told: bool) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    return f"| `{metric.name}` | {metric.type} | {labels} |" + (f" {metric.means} |" if told else "")
