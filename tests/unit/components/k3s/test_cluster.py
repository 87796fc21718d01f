"""The steps on all machines, with the recording stand-in for the engine, and what the state remembers (no server)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from components.kubernetes import cluster_version, renewal
from components.storage.lifecycle import lifecycle
from tests.recording import AUTHORITY, Declared, Recorder, record_platform, stack_settings


@pytest.fixture(scope="module")
def prod() -> Recorder:
    return record_platform(stack_settings("prod"))


def _steps(recorder: Recorder, last: str) -> dict[str, Declared]:
    """Steps whose names end so, by machine, in the order of the program."""
    found = [each for each in recorder.of("remote:Command") if each.name.endswith(last)]
    return {each.name.removeprefix("aceh-prod-").removesuffix(last): each for each in found}


def test_machines_follow_one_another_and_servers_come_first(prod: Recorder) -> None:
    starts = _steps(prod, "-start")
    steps = {each.identity for each in starts.values()}
    order = sorted(starts, key=lambda name: len(prod.before(starts[name]) & steps))
    assert order == [*(f"k3s-server-{n}" for n in (1, 2, 3)), *(f"k3s-agent-{n}" for n in (1, 2, 3))]
    for earlier, later in pairwise(order):
        assert starts[earlier].identity in prod.before(starts[later])


def test_nothing_is_done_before_the_version_is_allowed(prod: Recorder) -> None:
    (version,) = prod.of("kubernetes:ClusterVersion")
    assert version.inputs["version"] == stack_settings("prod").kubernetes.version
    for start in _steps(prod, "-start").values():
        assert version.identity in prod.before(start)


def test_only_a_clusters_first_day_lets_a_machine_found_it(prod: Recorder) -> None:
    founding = prod.named("aceh-prod-founding")
    assert founding.inputs["connection"]["host"] == "10.10.30.21"
    assert "may-found-cluster" in founding.inputs["create"]
    assert not prod.replaced_with[founding.identity]
    assert founding.inputs["update"] == "true"


def test_a_machine_that_is_made_anew_is_let_in_by_another_server_and_started(prod: Recorder) -> None:
    starts, admissions = _steps(prod, "-start"), _steps(prod, "-admission")
    assert starts.keys() == admissions.keys()
    compute = stack_settings("prod").compute
    hosts = {name: compute.nodes[vm.node].address for name, vm in compute.vms.items()}
    for name, admission in admissions.items():
        vm = prod.named(f"compute-{name}-vm").identity
        assert prod.replaced_with[admission.identity] == prod.replaced_with[starts[name].identity] == {vm}
        assert admission.inputs["connection"]["host"] == hosts[name]
        assert f"NEW={name}\n" in admission.inputs["create"]
        # What was true on its first day is not done again for another reason; how the cluster is known is asked again.
        assert "kubectl delete node" in admission.inputs["create"]
        assert "server-ca.crt" in admission.inputs["update"]
        assert "kubectl delete node" not in admission.inputs["update"]
        assert starts[name].inputs["stdin"].endswith("\nkubeconfig\n")  # what the stand-in says that each step printed
        assert admission.identity in prod.before(starts[name])


def test_a_machine_is_touched_when_the_one_before_it_is_a_node_again(prod: Recorder) -> None:
    """Also where two are made anew in one update, be they members of etcd or the gateways' nodes."""
    starts = _steps(prod, "-start")
    for role in ("server", "agent"):
        for earlier, later in pairwise(f"k3s-{role}-{n}" for n in (1, 2, 3)):
            before = prod.before(prod.named(f"compute-{later}-vm"))
            assert {starts[earlier].identity, prod.named(f"compute-{earlier}-settled").identity} <= before
    # What is done for a machine needs none that comes after it, or nothing would ever begin.
    for number, step in enumerate(starts.values(), 1):
        vms = {name for type_, name in prod.before(step) if type_.endswith(":VmLegacy")}
        assert vms == {f"compute-{name}-vm" for name in list(starts)[:number]}


def test_the_kubeconfig_is_fetched_again_when_it_is_old(prod: Recorder) -> None:
    (age,) = prod.of("kubernetes:Renewal")
    assert age.identity in prod.before(prod.named("aceh-prod-kubeconfig"))


def test_snapshots_go_where_the_key_may_write_and_the_key_is_on_no_machine(prod: Recorder) -> None:
    (secret,) = [each for each in prod.of("core/v1:Secret") if "etcd" in str(each.inputs.get("type"))]
    told, user = secret.inputs["stringData"], stack_settings("prod").storage.users["etcd"]
    assert told["etcd-s3-folder"].startswith(user.prefix)
    assert told["etcd-s3-bucket"] == f"luxima-prod-{user.bucket}"
    # Another folder would have another lifecycle.
    rules = lifecycle(user.bucket, True, stack_settings("prod").retention)
    expiring = [rule for rule in rules if rule.expire_days is not None]
    assert [rule.expire_days for rule in expiring if told["etcd-s3-folder"].startswith(rule.prefix)] == [7]
    for step in prod.of("remote:Command"):
        assert told["etcd-s3-secret-key"] not in str(step.inputs)
        assert ("etcd-s3-config-secret: " + secret.inputs["metadata"]["name"] in step.inputs["create"]) == (
            "-server-" in step.name and step.name.endswith("-start")
        )


def test_where_a_private_authority_signs_nodes_trust_it_before_they_pull() -> None:
    dev = record_platform(stack_settings("dev"))
    machines = [each.name for each in dev.of("remote:Command") if each.name.endswith("-start")]
    trusting = {each.name: each for each in dev.of("remote:Command") if each.name.endswith("-authority")}
    assert trusting.keys() == {name.replace("-start", "-authority") for name in machines}
    for each in trusting.values():
        assert each.inputs["stdin"] == AUTHORITY
    deployments = [each for each in dev.of("apps/v1:Deployment") if each.name.startswith("service-")]
    assert deployments
    for each in deployments:
        assert {step.identity for step in trusting.values()} <= dev.before(each)
    for name in machines:
        assert "registry.dev.luxima.local" in dev.named(name).inputs["create"]


def test_where_a_public_one_does_nodes_are_told_nothing(prod: Recorder) -> None:
    assert not _steps(prod, "-authority")
    assert not [each for each in prod.of("remote:Command") if "registries.yaml" in str(each.inputs)]


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("v1.36.5+k3s1", True),
        ("v1.36.5+k3s2", True),
        ("v1.36.10+k3s1", True),
        ("v1.37.0+k3s1", True),
        ("v1.36.4+k3s1", False),
        ("v1.35.9+k3s1", False),
        ("v1.38.0+k3s1", False),
        ("v2.0.0+k3s1", False),
    ],
)
def test_an_upgrade_takes_each_minor_version_and_there_is_no_way_back(given: str, *, allowed: bool) -> None:
    provider = cluster_version.ClusterVersionProvider()
    olds: Mapping[str, Any] = {"version": "v1.36.5+k3s1"}
    failures = provider.check(dict(olds), {"version": given}).failures
    assert (failures == []) == allowed
    assert all("luxima:kubernetes.version is" in each.reason and "v1.36.5+k3s1" in each.reason for each in failures)


def test_the_first_version_is_any() -> None:
    assert not cluster_version.ClusterVersionProvider().check({}, {"version": "v1.36.5+k3s1"}).failures


@pytest.mark.parametrize(("days", "old"), [(0, False), (179, False), (181, True)])
def test_a_kubeconfig_is_old_long_before_it_ends(days: int, *, old: bool) -> None:
    made = datetime.now(UTC) - timedelta(days=days)
    diff = renewal.RenewalProvider().diff("renewal", {"since": made.isoformat()}, {})
    assert diff.changes == old
    assert not diff.replaces
