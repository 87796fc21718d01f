"""Whose the number of pods is: the program's, or the autoscaler's, with the official plugin on a real control plane."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import urllib3
from pulumi.automation import Stack

from components.flows import flows
from components.kubernetes import Autoscaling, Priorities, Workload, WorkloadArgs
from sandbox import plugins
from sandbox.controllers.api import ApiError
from tests.e2e.guard.control_plane import Cluster, cluster
from tests.engine import engine_in
from tests.recording import stack_settings
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

_DEPLOYMENTS = "/apis/apps/v1/namespaces/commerce/deployments"
_SHOP = f"{_DEPLOYMENTS}/storefront-blue"
_DECLARED = 2


@dataclass
class Trial:
    """A stack of one Deployment, and how many pods were ever asked for."""

    cluster: Cluster
    stack: Stack
    autoscaling: Autoscaling | None = None
    memory_mib: int = 64
    seen: list[int] = field(default_factory=list[int])

    def program(self) -> None:
        """As a service has it."""
        provider = k8s.Provider("kubernetes", kubeconfig=self.cluster.layout.kubeconfig.read_text())
        there = pulumi.ResourceOptions(providers={"kubernetes": provider})
        priorities = Priorities("priorities", there)
        args = WorkloadArgs(
            namespace="commerce",
            workload="storefront-blue",
            image="registry.example/shop:v1",
            port=3000,
            health_path="/healthz",
            live_path=None,
            metrics_path=None,
            cpu_request_millicores=10,
            memory_request_mib=32,
            memory_limit_mib=self.memory_mib,
            labels={"app.kubernetes.io/name": "storefront", "luxima.id/slot": "blue"},
            flows=flows(stack_settings("dev")),
            replicas=_DECLARED,
            min_ready_seconds=1,
            autoscaling=self.autoscaling,
            after=[priorities],
        )
        Workload("shop", args, there)

    def up(self) -> set[str]:
        """Names of the resources that the run changed."""
        touched: set[str] = set()

        def watch(event: Any) -> None:
            told = event.res_outputs_event
            if told is not None and told.metadata.op.value not in ("same", "refresh"):
                touched.add(told.metadata.urn.rpartition("::")[2])

        self.stack.up(color="never", on_event=watch)
        return touched - {"luxima-prod", "luxima-dev"}

    @property
    def asked_for(self) -> int:
        """How many pods are asked for now."""
        return int(self.cluster.api.call("GET", _SHOP)["spec"]["replicas"])

    def scaled(self, to: int) -> None:
        """What an autoscaler does."""
        self.cluster.api.call("PATCH", f"{_SHOP}/scale", {"spec": {"replicas": to}})

    def edited(self, **spec: Any) -> None:
        """What somebody does with `kubectl edit`."""
        self.cluster.api.call("PATCH", f"{_SHOP}?fieldManager=kubectl-edit", {"spec": spec})

    def memory_limit(self) -> str:
        """Of the pods."""
        template = self.cluster.api.call("GET", _SHOP)["spec"]["template"]
        return str(template["spec"]["containers"][0]["resources"]["limits"]["memory"])

    def follow(self) -> None:
        """Write down every number that the API server was ever told, until it is gone."""
        try:
            version = self.cluster.api.call("GET", _DEPLOYMENTS)["metadata"]["resourceVersion"]
            for change in self.cluster.api.watch(_DEPLOYMENTS, version):
                self.seen.append(int(change["object"]["spec"]["replicas"]))
        except (ApiError, urllib3.exceptions.HTTPError, ValueError, KeyError):
            return


@pytest.fixture(scope="module")
def trial() -> Generator[Trial]:
    with cluster() as made:
        made.make("/api/v1/namespaces", {"metadata": {"name": "commerce"}})
        stack = engine_in(made.layout.engine, plugins.Plugins({}, ("kubernetes",), None))
        found: list[Trial] = []
        found.append(Trial(made, stack(lambda: found[0].program())))
        found[0].up()
        threading.Thread(target=found[0].follow, daemon=True).start()
        yield found[0]


def test_the_number_of_pods_is_handed_over_both_ways_and_never_falls_below_what_was_declared(trial: Trial) -> None:
    trial.autoscaling = Autoscaling(max_replicas=9, cpu_percent=70)
    touched = trial.up()
    assert "shop-autoscaler" in touched
    assert trial.asked_for == _DECLARED
    trial.scaled(5)

    # Another change of the same Deployment leaves the number to the autoscaler.
    trial.memory_mib = 96
    assert trial.up() == {"shop-deployment"}
    assert (trial.asked_for, trial.memory_limit()) == (5, "96Mi")

    # So does somebody's hand on the number; his hand on what is declared is undone.
    trial.edited(replicas=4, minReadySeconds=7)
    trial.stack.refresh(color="never")
    trial.up()
    found = trial.cluster.api.call("GET", _SHOP)["spec"]
    assert (found["replicas"], found["minReadySeconds"]) == (4, 1)
    trial.stack.refresh(color="never")
    assert trial.up() == set()

    trial.autoscaling = None
    assert "shop-autoscaler" in trial.up()
    assert trial.asked_for == _DECLARED
    wait_for(lambda: trial.seen[-1:] == [_DECLARED], "the word of it")
    assert min(trial.seen) == _DECLARED

    # From here on the number is the program's again.
    trial.edited(replicas=1)
    trial.stack.refresh(color="never")
    assert trial.up() == {"shop-deployment"}
    assert trial.asked_for == _DECLARED
