"""What is scraped: exporters with a few series, and a service that emits the contract's metrics."""

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from tests.serving import Answer, Asked, Serving

HOSTS: Final = {"docker-1": "10.10.30.41", "docker-2": "10.10.30.42", "docker-3": "10.10.30.43"}
_BUCKETS: Final = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")


@dataclass
class Target(Serving):
    """Something with metrics, at a port of its own."""

    series: dict[str, float] = field(default_factory=dict[str, float])
    """Value by series, as the text format writes it."""
    up: bool = True
    """Whether it answers."""

    def answer(self, asked: Asked) -> Answer:  # noqa: ARG002 - whatever is asked
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return Answer(200, self.text().encode(), headers) if self.up else Answer(503, headers=headers)

    def text(self) -> str:
        """The answer to a scrape."""
        return "".join(f"{name} {value}\n" for name, value in self.series.items())


@dataclass
class Service(Target):
    """A service of two tenants that is asked all the time; its counters grow as time passes."""

    requests_per_second: float = 40
    failing: float = 0
    """Share of the requests that get an answer of class 5xx."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = time.monotonic()
        self._good, self._bad = 0.0, 0.0

    def fail(self, share: float) -> None:
        """From now on this share of the requests fails."""
        with self._lock:
            self._count()
            self.failing = share

    def text(self) -> str:
        """The contract's metrics and those of `series`."""
        with self._lock:
            self._count()
            good, bad = self._good, self._bad
        request = 'method="GET",route="/orders"'
        lines = {
            f'http_requests_total{{{request},code="{code}",tenant_id="tenant_00{tenant}"}}': count / 2
            for tenant in (1, 2)
            for code, count in (("200", good), ("500", bad))
        }
        for bound in _BUCKETS:
            fast = 0 if bound in {"0.005", "0.01"} else good + bad
            lines[f'http_request_duration_seconds_bucket{{{request},le="{bound}"}}'] = fast
        lines[f"http_request_duration_seconds_sum{{{request}}}"] = 0.02 * (good + bad)
        lines[f"http_request_duration_seconds_count{{{request}}}"] = good + bad
        lines['logins_total{result="success",tenant_id="tenant_001"}'] = good / 10
        lines["active_tenants"] = 2
        return super().text() + "".join(f"{name} {value}\n" for name, value in lines.items())

    def _count(self) -> None:
        now = time.monotonic()
        requests = (now - self._counted) * self.requests_per_second
        self._counted = now
        self._bad += requests * self.failing
        self._good += requests * (1 - self.failing)


@dataclass
class Observed:
    """All that is scraped."""

    billing: Service = field(default_factory=Service)
    """A service without an objective, so that no burnt budget speaks first."""
    storefront: Service = field(default_factory=Service)
    postgres: Target = field(default_factory=lambda: Target({"pg_up": 1}))
    replica: Target = field(
        default_factory=lambda: Target({'pg_stat_wal_receiver_flushed_lsn{slot_name="s",status="streaming"}': 1})
    )
    nodes: dict[str, Target] = field(
        default_factory=lambda: {
            name: Target({'node_cpu_seconds_total{cpu="0",mode="user"}': 1, "node_memory_MemTotal_bytes": 8e9})
            for name in HOSTS
        }
    )
    cadvisors: dict[str, Target] = field(default_factory=lambda: {name: Target() for name in HOSTS})
    rest: Target = field(
        default_factory=lambda: Target(
            {
                'kube_node_status_condition{node="k3s-1",condition="Ready",status="true"}': 1,
                "minio_cluster_nodes_offline_total": 0,
                "probe_success": 1,
            }
        )
    )
    """Stands for all that this story is not about."""

    def restore(self) -> None:
        """Everything is as it should be."""
        self.billing.fail(0)
        self.postgres.series["pg_up"] = 1
        for target in self.all():
            target.up = True

    def all(self) -> list[Target]:
        return [
            self.billing,
            self.storefront,
            self.postgres,
            self.replica,
            self.rest,
            *self.nodes.values(),
            *self.cadvisors.values(),
        ]
