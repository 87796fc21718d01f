"""The capacity calculation: its figures by hand, and that it says so when something is too small."""

from typing import Any

import pytest

from settings import Settings, capacity
from settings.capacity.logs import SHARES
from settings.capacity.series import cluster_nodes, jobs, signal_series
from tests.recording import STACKS, stack_settings

GIB = 1024**3


def _with_room(settings: Settings, **changed: Any) -> Settings:
    observability = settings.observability.model_copy(update=changed)
    return settings.model_copy(update={"observability": observability})


def _with_load(settings: Settings, **changed: float) -> Settings:
    return _with_room(settings, load=settings.observability.load.model_copy(update=changed))


@pytest.mark.parametrize("stack", STACKS)
def test_every_figure_has_a_unit_a_formula_and_a_source_and_a_limit_names_its_setting(stack: str) -> None:
    rows = capacity.table(stack_settings(stack))
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.value > 0
        assert row.unit
        assert row.formula
        assert row.source
        assert (row.limit is None) or row.setting


def test_disk_of_prometheus_is_retention_times_samples_times_bytes() -> None:
    settings = stack_settings("prod")
    found = capacity.capacity(settings)
    samples = found.row("samples").value
    expected = settings.retention.metrics_days * 86_400 * samples * 2 / GIB
    assert found.row("Prometheus blocks").value == pytest.approx(expected)


def test_samples_are_series_per_scrape_interval() -> None:
    settings = stack_settings("prod")
    by_job = capacity.series(settings)
    scraped = sum(count for job, count in by_job.items() if job != "rules")
    assert capacity.capacity(settings).row("samples").value == pytest.approx(scraped / 15 + by_job["rules"] / 60)


def test_every_tenant_adds_its_series_in_every_pod_and_its_streams() -> None:
    settings = stack_settings("prod")
    more = _with_load(settings, tenants=settings.observability.load.tenants + 1)
    pods = sum(service.peak_pods for service in settings.services.values())
    assert capacity.series(more)["services"] - capacity.series(settings)["services"] == 17 * pods
    assert capacity.series(more)["rules"] - capacity.series(settings)["rules"] == 8
    # Each of the five services is on each of the six nodes.
    places = 5 * 6
    assert capacity.max_streams(more) - capacity.max_streams(settings) == places * 2 * 5


def test_a_signal_has_a_series_for_each_combination_of_its_labels() -> None:
    settings = stack_settings("prod")
    assert signal_series(settings, ("tenant_id",)) == settings.observability.load.tenants
    assert signal_series(settings, ("service_name", "result")) == len(settings.services) * 2


def test_the_shares_of_the_log_classes_are_whole_and_are_the_classes() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert {f"{name}_days" for name in SHARES} == set(stack_settings("prod").retention.logs.model_dump())


def test_longer_retention_takes_a_larger_bucket_in_proportion_to_the_class() -> None:
    settings = stack_settings("prod")
    logs = settings.retention.logs.model_copy(update={"api_days": settings.retention.logs.api_days + 10})
    longer = settings.model_copy(update={"retention": settings.retention.model_copy(update={"logs": logs})})
    added = capacity.capacity(longer).row("bucket loki").value - capacity.capacity(settings).row("bucket loki").value
    per_day = settings.observability.load.log_gib_per_day * 0.25 * 1.05 * 1.3
    assert added == pytest.approx(per_day * 10 * SHARES["api"])


def test_the_platforms_own_jobs_may_have_more_series_than_a_service() -> None:
    settings = stack_settings("prod")
    configured = settings.observability.prometheus.sample_limit
    assert capacity.sample_limit(settings, "services") == configured
    assert capacity.sample_limit(settings, "alertmanager") == configured
    large = jobs(settings)["kube-state-metrics"].per_target
    assert capacity.sample_limit(settings, "kube-state-metrics") == max(configured, 2 * large) > large


def test_a_cluster_elsewhere_counts_with_some_nodes() -> None:
    settings = stack_settings("prod")
    kubernetes = settings.kubernetes.model_copy(update={"mode": "existing"})
    elsewhere = settings.model_copy(update={"kubernetes": kubernetes})
    assert cluster_nodes(elsewhere) == 6
    assert capacity.capacity(elsewhere).row("disk of a node").limit is None


def test_a_node_has_room_for_a_pod_of_each_program_and_for_all_of_them_where_it_is_alone() -> None:
    settings = stack_settings("prod")
    room, (agent, *_) = settings.observability, settings.compute.workers
    one = capacity.capacity(settings).row("disk of a node")
    assert one.value > 20 + room.prometheus.volume_gib * 0.8
    smaller = {agent: settings.compute.vms[agent].model_copy(update={"disk_gib": 150})}
    vms = {name: vm for name, vm in settings.compute.vms.items() if vm.role != "k3s_agent"}

    def with_vms(found: dict[str, Any]) -> capacity.Row:
        compute = settings.compute.model_copy(update={"vms": found})
        return capacity.capacity(settings.model_copy(update={"compute": compute})).row("disk of a node")

    assert with_vms({**settings.compute.vms, **smaller}).limit == 150
    assert with_vms({**vms, **smaller}).value > one.value + room.prometheus.volume_gib * 0.8
