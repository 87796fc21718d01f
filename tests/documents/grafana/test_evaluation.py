"""Every PromQL query is evaluated by Prometheus' own engine over two of everything: no misspelt label empties a panel.

The series come from the catalogue of metrics and from the recording rules, with two values for each of their labels.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from components.observability import metrics
from components.observability.grafana import queries
from components.text import to_yaml
from settings import Settings
from tests.documents.slo.evaluation import promtool
from tests.recording import stack_settings

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

VALUES: Mapping[str, tuple[str, ...]] = {
    "code": ("200", "403", "500"),
    "result": ("success", "failure", "auth"),
    "mode": ("idle", "user"),
    "condition": ("false", "true", "Ready", "True"),
    "phase": ("Running", "Failed"),
    "wait_event_type": ("Lock", "IO"),
    "backup": ("database", "object_storage", "deployment", "logs"),
    "slot": ("blue", "green"),
    "namespace": ("commerce", "observability"),
    "fstype": ("ext4",),
    "mountpoint": ("/", "/var"),
    "device": ("sda", "eth0"),
    "alertstate": ("firing",),
    "severity": ("critical", "warning"),
    "kind": ("security", "release", "backup"),
    "le": ("0.1", "1", "+Inf"),
    "service_name": ("auth", "api"),
    "service": ("auth", "api"),
    "state": ("failed", "active"),
    "collector": ("systemd", "bonding"),
    "status": ("true", "200"),
    "status_code": ("200", "500"),
    "type": ("used", "hard"),
    "resource": ("cpu", "memory", "pods"),
    "scope": ("resource", "cluster"),
    "interface": ("eth0",),
    "container": ("main",),
    "id": ("node/pve1", "storage/pve1/local"),
}
SCRAPED: Mapping[str, tuple[str, ...]] = {
    "services": ("service_name", "slot", "pod"),
    "node": ("host",),
    "cadvisor": ("host",),
    "kubelet-cadvisor": ("host", "namespace", "pod", "container"),
    "kubelet": ("host",),
    "pve": ("host", "hypervisor", "storage"),
    "traefik": ("slot",),
}
RECORDED: Mapping[str, tuple[str, ...]] = {
    "service:http_requests:rate5m": ("service_name", "slot"),
    "service:http_errors:ratio5m": ("service_name", "slot"),
    "service:http_latency_seconds:p95_5m": ("service_name", "slot"),
    "slot:release_signal:value": ("service_name", "slot", "signal"),
    "service:release_signal:median7d": ("service_name", "signal"),
    "host:cpu:utilisation5m": ("host",),
    "host:memory:utilisation": ("host",),
    **{f"apiserver:request_bad:ratio_rate{window}": () for window in ("5m", "30m", "1h", "6h")},
}
COMPARED_WITH_THE_PAST = ("offset 1w", "offset 5m")
"""There is no past in the test."""


def test_every_query_gives_something_and_no_error(tmp_path: Path) -> None:
    settings = stack_settings("prod")
    found = [each for each in queries(settings) if each.language == "promql"]
    empty, output = evaluated([each.sent for each in found], list(series(settings)), tmp_path)
    assert "err: " not in output, output
    missing = [f"{found[number].place}: {found[number].sent}" for number in empty]
    assert not [each for each in missing if not any(past in each for past in COMPARED_WITH_THE_PAST)]


def test_a_query_that_finds_nothing_and_one_that_cannot_be_joined_are_noticed(tmp_path: Path) -> None:
    given = [('a{x="1",y="1"}', "1x60"), ('a{x="1",y="2"}', "1x60"), ('b{x="1"}', "1x60")]
    empty, _ = evaluated(["a", "sum(c)"], given, tmp_path)
    assert empty == [1]
    _, output = evaluated(["b / on (x) a"], given, tmp_path)
    assert "err: found duplicate series for the match group" in output


def evaluated(expressions: list[str], given: list[tuple[str, str]], folder: Path) -> tuple[list[int], str]:
    """Numbers of the expressions that give nothing, and all that promtool says, in one call."""
    rules = [{"record": f"query:{number}", "expr": expr} for number, expr in enumerate(expressions)]
    checks = [
        {
            "expr": f"count(query:{number}) > bool 0",
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for number in range(len(expressions))
    ]
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in given],
        "promql_expr_test": checks,
    }
    groups = {"groups": [{"name": "queries", "rules": rules}]}
    (folder / "queries.yml").write_text(to_yaml(groups))
    (folder / "test.yml").write_text(
        to_yaml({"rule_files": ["queries.yml"], "evaluation_interval": "5m", "tests": [test]})
    )
    run = promtool("test", "rules", "test.yml", cwd=folder)
    output = run.stdout + run.stderr
    empty = [int(number) for number in re.findall(r'expr: "count\(query:(\d+)\) > bool 0"', output)]
    assert run.returncode == 0 or empty or "err" in output, output
    return empty, output


def series(settings: Settings) -> Iterator[tuple[str, str]]:
    label = settings.environment.label
    for emitter in metrics.EMITTERS:
        for job in emitter.jobs or sorted({job for each in metrics.EMITTERS for job in each.jobs}):
            for metric in emitter.metrics:
                labels = dict.fromkeys((*SCRAPED.get(job, ()), *metric.labels))
                if metric.name == "ALERTS":
                    labels |= dict.fromkeys(("kind", "service_name", "slo"))
                for name in metric.series:
                    more = ("le",) if name.endswith("_bucket") else ()
                    for each in product((*labels, *more), {"slo": tuple(settings.objectives)[:2]}):
                        yield (
                            selector(name, {"environment": label, "job": job, "instance": "a", **each}),
                            "0+60x60" if metric.type != "gauge" else "1x60",
                        )
    for name, labels in {**RECORDED, **_anomalies(settings)}.items():
        for each in product(labels, {}):
            yield selector(name, each), "0.4x60" if name.endswith(":upper") else "0.5x60"
    for slo, objective in settings.objectives.items():
        names = ["slo:objective:ratio", "slo:error_budget:remaining"]
        names += [f"slo:sli_error:ratio_rate{window}" for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")]
        for name in names:
            yield selector(name, {"slo": slo, "service_name": objective.service}), "0.5x60"


def _anomalies(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {
        f"anomaly:{name.replace('-', '_')}:{what}": signal.by
        for name, signal in settings.observability.anomalies.items()
        for what in ("value", "mean", "deviation", "upper", "lower")
    }


def product(labels: tuple[str, ...], more: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    choices = [{**VALUES, **more}.get(label, ("auth", "other")) for label in labels]
    for values in itertools.product(*choices):
        yield dict(zip(labels, values, strict=True))


def selector(name: str, labels: Mapping[str, str]) -> str:
    written = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{written}}}"
