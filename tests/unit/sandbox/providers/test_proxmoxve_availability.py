"""High availability: the provider against a simulated Proxmox API; what is asserted is read from the server."""

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.providers.base import ProviderError
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from tests.unit.sandbox.proxmox import Running

GUEST = "proxmoxve:index/haresource:Haresource"
RULE = "proxmoxve:index/harule:Harule"
VM = "proxmoxve:index/vmLegacy:VmLegacy"


def _guest(number: int) -> dict[str, Any]:
    return {"resourceId": f"vm:{number}", "state": "started", "maxRestart": 2, "maxRelocate": 2}


def _apart(*numbers: int) -> dict[str, Any]:
    resources = [f"vm:{number}" for number in numbers]
    return {"rule": "tests-apart", "type": "resource-affinity", "affinity": "negative", "resources": resources}


@pytest.fixture
def driver(configured: ProxmoxDriver) -> ProxmoxDriver:
    """With three guests, of which two are started elsewhere."""
    for number in (101, 102, 103):
        configured.handler(VM).create(
            f"vm-{number}", {"vmId": number, "nodeName": "pve1", "name": f"vm-{number}", "started": False}
        )
        if number != 103:
            configured.handler(GUEST).create(f"ha-{number}", _guest(number))
    return configured


def test_the_cluster_has_what_was_declared_and_a_removal_takes_it_away(server: Running, driver: ProxmoxDriver) -> None:
    assert driver.handler(RULE).create("apart", driver.handler(RULE).defaults(_apart(102, 101)))[0] == "tests-apart"
    assert server.cluster.ha == {
        "resources": {
            f"vm:{number}": {
                "sid": f"vm:{number}", "type": "vm", "state": "started", "max_restart": 2, "max_relocate": 2,
            }
            for number in (101, 102)
        },
        "rules": {
            "tests-apart": {
                "rule": "tests-apart", "type": "resource-affinity", "affinity": "negative",
                "resources": "vm:101,vm:102",
            }
        },
    }  # fmt: skip
    driver.handler(RULE).delete("tests-apart", _apart(101, 102))
    for number in (101, 102, 102):
        driver.handler(GUEST).delete(f"vm:{number}", _guest(number))
    assert server.cluster.ha == {"resources": {}, "rules": {}}
    assert driver.handler(GUEST).read("vm:101", _guest(101), _guest(101)) is None
    assert driver.handler(RULE).read("tests-apart", _apart(101, 102), _apart(101, 102)) is None


def test_what_is_there_is_refused(driver: ProxmoxDriver) -> None:
    with pytest.raises(ProviderError, match="resource ID 'vm:101' already defined"):
        driver.handler(GUEST).create("ha-101", _guest(101))
    driver.handler(RULE).create("apart", _apart(101, 102))
    with pytest.raises(ProviderError, match="HA rule 'tests-apart' already defined"):
        driver.handler(RULE).create("apart", _apart(101, 102))


def test_a_guest_that_is_not_there_is_refused(driver: ProxmoxDriver) -> None:
    with pytest.raises(ProviderError, match="unable to add resource 'vm:999': no such guest"):
        driver.handler(GUEST).create("ha-999", _guest(999))


@pytest.mark.parametrize(
    ("guests", "said"),
    [
        ((101, 103), "cannot use unmanaged resource.s. vm:103"),
        ((101,), "less than two resources"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(driver: ProxmoxDriver, guests: tuple[int, ...], said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        driver.handler(RULE).create("apart", _apart(*guests))
    driver.handler(GUEST).create("ha-103", _guest(103))
    # There are two nodes.
    with pytest.raises(ProviderError, match="more resources than available nodes"):
        driver.handler(RULE).create("apart", _apart(101, 102, 103))


def test_what_somebody_changed_is_seen_and_repaired(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(RULE).create("apart", _apart(101, 102))
    assert driver.handler(RULE).read("tests-apart", _apart(101, 102), _apart(101, 102)) == (_apart(101, 102),) * 2
    server.cluster.ha["resources"]["vm:101"]["state"] = "ignored"
    server.cluster.ha["rules"]["tests-apart"]["affinity"] = "positive"
    for token, resource_id, declared, name, wrong in (
        (GUEST, "vm:101", _guest(101), "state", "ignored"),
        (RULE, "tests-apart", _apart(101, 102), "affinity", "positive"),
    ):
        found = driver.handler(token).read(resource_id, declared, declared)
        assert found is not None
        assert found[0] == {**declared, name: wrong}
        driver.handler(token).update(resource_id, found[0], declared)
        assert driver.handler(token).read(resource_id, declared, declared) == (declared, declared)


def test_a_guest_that_goes_is_forgotten_by_the_rules(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(RULE).create("apart", _apart(101, 102))
    driver.handler(GUEST).delete("vm:101", _guest(101))
    assert server.cluster.ha["rules"]["tests-apart"]["resources"] == "vm:102"


def test_another_guest_is_no_change_of_the_first(driver: ProxmoxDriver) -> None:
    assert driver.handler(GUEST).replaces(_guest(101), _guest(103)) == frozenset()
    with pytest.raises(ProviderError, match="vm:101 cannot become vm:103; replace it"):
        driver.handler(GUEST).update("vm:101", _guest(101), _guest(103))


def test_a_rule_is_replaced_by_its_name_only() -> None:
    driver = ProxmoxDriver()
    assert driver.handler(RULE).replaces(_apart(101, 102), {**_apart(101, 103), "affinity": "positive"}) == frozenset()
    assert driver.handler(RULE).replaces(_apart(101, 102), {**_apart(101, 102), "rule": "other"}) == {"rule"}


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (GUEST, {**_guest(101), "resourceId": "101"}, "resourceId"),
        (GUEST, {**_guest(101), "state": "running"}, "state"),
        (GUEST, {**_guest(101), "maxRestart": 11}, "maxRestart"),
        (GUEST, {**_guest(101), "group": "old"}, "group"),
        (RULE, {**_apart(101, 102), "type": "node-affinity"}, "type"),
        (RULE, {**_apart(101, 102), "rule": "1-apart"}, "rule"),
        (RULE, {**_apart(101, 102), "resources": ["vm:101", "102"]}, "resources[1]"),
        (RULE, {key: value for key, value in _apart(101, 102).items() if key != "affinity"}, "affinity"),
    ],
)
def test_a_wrong_value_is_named(token: str, inputs: Mapping[str, Any], path: str) -> None:
    assert [at for at, _ in ProxmoxDriver().handler(token).check(dict(inputs))] == [path]
