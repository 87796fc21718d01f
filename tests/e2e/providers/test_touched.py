"""The everyday operations of the guide, one after another on one real engine: it touches what the guide says."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.providers.machines import Trial
from tests.engine import Program
from tests.machines import stack_on
from tests.operations import OPERATIONS, REPLACED, SECOND_TOKEN, Given, by_machine, declare, masked
from tests.recording import ROOT, stack_settings
from tests.unit.sandbox.proxmox import running

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900), pytest.mark.long]


# Nobody asks the cluster anything here.
_KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
"""


class _Everyday(Trial):
    """The machines with the cluster on them."""

    given: Given

    def program(self, change: Callable[[dict[str, Any]], None] | None = None) -> Program:
        """Declare both."""
        assert change is None
        return lambda: declare(self.given)


def _in_turn(order: list[tuple[str, str]]) -> None:
    for machines in by_machine(order, lambda each: each[1]).values():
        for first, second in pairwise(sorted(machines)):
            last = max(order.index(each) for each in machines[first] if each[0] == "ended")
            assert last < min(order.index(each) for each in machines[second]), order


def test_the_engine_touches_what_the_guide_says_and_in_that_order(tmp_path: Path) -> None:
    text = (ROOT / "docs/how-to/machines.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    guide = {operation: (set(touched.split(", ")), order) for operation, touched, order in rows}
    with running(tmp_path, nodes=("pve1", "pve2", "pve3")) as server:
        settings = stack_settings("prod")
        data: dict[str, Any] = {**settings.compute.model_dump(), "endpoint": server.endpoint}
        for guest in (*data["vms"].values(), *data["containers"].values()):
            guest["protected"] = False
        compute = type(settings.compute).model_validate(data)
        trial = _Everyday(server, stack_on(server, tmp_path), settings.model_copy(update={"compute": compute}))
        (tmp_path / "engine" / "kubeconfig").write_text(_KUBECONFIG, encoding="utf-8")
        name, _, secret = SECOND_TOKEN.partition("=")
        server.cluster.apitokens[name] = secret
        trial.given = Given(trial.settings)
        trial.up()
        for operation, change in OPERATIONS.items():
            after = change(trial.given)
            replace = []
            if after is trial.given:
                resources = (trial.stack(trial.program()).export_stack().deployment or {})["resources"]
                replace = [each["urn"] for each in resources if each["urn"].endswith(f"::compute-{REPLACED}-vm")]
            trial.given = after
            trial.up(replace=replace)
            touched, order = guide[operation]
            assert {masked(each) for _, each in trial.order} == touched, operation
            if order == "one after another":
                _in_turn(trial.order)
