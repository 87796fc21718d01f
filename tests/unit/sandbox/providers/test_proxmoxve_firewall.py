"""The firewall in the proxmoxve provider, against a simulated Proxmox API; what is asserted is read from the server."""

from typing import Any

import pytest

from sandbox.providers.base import ProviderError
from sandbox.providers.proxmoxve.client import Client
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from tests.unit.sandbox.proxmox import Running

RULES = "proxmoxve:firewall/rulesLegacy:RulesLegacy"
SET = "proxmoxve:firewall/ipsetLegacy:IpsetLegacy"
OPTIONS = "proxmoxve:firewall/optionsLegacy:OptionsLegacy"
CLUSTER = "proxmoxve:cluster/firewallLegacy:FirewallLegacy"
CONTAINER = "proxmoxve:index/containerLegacy:ContainerLegacy"

SSH = {
    "type": "in",
    "action": "ACCEPT",
    "proto": "tcp",
    "dport": "22",
    "source": "192.0.2.0/24",
    "dest": "192.0.2.20",
    "comment": "logins",
}
PING = {"type": "in", "action": "ACCEPT", "proto": "icmp", "dest": "192.0.2.20", "comment": "ping"}
HOSTS = {"type": "out", "action": "DROP", "dest": "192.0.2.1", "comment": "hosts"}
GUEST = {"nodeName": "pve1", "containerId": 201}
GIVEN: dict[str, dict[str, Any]] = {
    RULES: {**GUEST, "rules": [SSH, PING, HOSTS]},
    SET: {
        "nodeName": "pve1",
        "vmId": 101,
        "name": "ipfilter-net0",
        "comment": "own",
        "cidrs": [{"name": "192.0.2.20"}, {"name": "192.0.2.9"}],
    },
    OPTIONS: {
        **GUEST,
        "enabled": True,
        "inputPolicy": "DROP",
        "outputPolicy": "ACCEPT",
        "ipfilter": True,
        "macfilter": True,
        "dhcp": False,
        "ndp": False,
        "radv": False,
        "logLevelIn": "info",
        "logLevelOut": "nolog",
    },
    CLUSTER: {
        "enabled": True,
        "ebtables": True,
        "inputPolicy": "ACCEPT",
        "outputPolicy": "ACCEPT",
        "forwardPolicy": "ACCEPT",
        "logRatelimit": {"enabled": True, "burst": 5, "rate": "1/second"},
    },
}


@pytest.fixture
def driver(configured: ProxmoxDriver) -> ProxmoxDriver:
    configured.handler(CONTAINER).create(
        "ns",
        {
            "vmId": 201,
            "nodeName": "pve1",
            "disk": {"datastoreId": "local-lvm", "size": 8},
            "operatingSystem": {"templateFileId": "local:vztmpl/debian-12-standard.tar.zst", "type": "debian"},
            "initialization": {"hostname": "ns1"},
        },
    )
    return configured


def kept(server: Running, guest: int = 201) -> dict[str, Any]:
    return server.cluster.firewall["guests"][guest]


def made(driver: ProxmoxDriver, token: str) -> str:
    return driver.handler(token).create("it", GIVEN[token])[0]


@pytest.mark.parametrize("token", GIVEN)
def test_what_was_made_shows_no_drift(driver: ProxmoxDriver, token: str) -> None:
    assert driver.handler(token).check(GIVEN[token]) == []
    assert driver.handler(token).read(made(driver, token), GIVEN[token], {}) == (GIVEN[token], GIVEN[token])


def test_rules_are_in_their_order_and_on(server: Running, driver: ProxmoxDriver) -> None:
    made(driver, RULES)
    assert [(rule["comment"], rule["enable"]) for rule in kept(server)["rules"]] == [
        ("logins", 1),
        ("ping", 1),
        ("hosts", 1),
    ]


def test_rules_of_somebody_else_are_left_alone(server: Running, driver: ProxmoxDriver) -> None:
    made(driver, RULES)
    with pytest.raises(ProviderError, match="lxc/201 has firewall rules already"):
        made(driver, RULES)
    assert len(kept(server)["rules"]) == 3


def test_changed_rules_are_there_before_the_old_ones_go(
    server: Running, driver: ProxmoxDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = made(driver, RULES)
    new = {**GIVEN[RULES], "rules": [PING, {**SSH, "dport": "2222"}]}
    ports: list[list[str]] = []
    remove = Client.delete

    def watched(client: Client, path: str, subject: str, **params: Any) -> Any:
        ports.append([rule.get("dport", "") for rule in kept(server)["rules"]])
        return remove(client, path, subject, **params)

    monkeypatch.setattr(Client, "delete", watched)
    driver.handler(RULES).update(resource, GIVEN[RULES], new)
    assert ports[0] == ["", "2222", "22", "", ""]
    assert [rule["comment"] for rule in kept(server)["rules"]] == ["ping", "logins"]
    assert driver.handler(RULES).read(resource, new, {}) == (new, new)
    driver.handler(RULES).delete(resource, new)
    assert kept(server)["rules"] == []


def test_what_somebody_changed_is_seen(server: Running, driver: ProxmoxDriver) -> None:
    for token in (RULES, SET, OPTIONS):
        made(driver, token)
    guest = kept(server)
    guest["rules"][0]["source"] = "198.51.100.0/24"
    guest["rules"][1]["enable"] = 0
    addresses = kept(server, 101)["ipset"]["ipfilter-net0"]
    addresses.append({"cidr": "198.51.100.7"})
    addresses.reverse()
    guest["options"]["enable"] = 0

    def live(token: str) -> dict[str, Any]:
        found = driver.handler(token).read(driver.handlers[token].id(GIVEN[token]), GIVEN[token], {})
        assert found is not None
        return found[0]

    assert live(RULES)["rules"] == [{**SSH, "source": "198.51.100.0/24"}, HOSTS]
    assert live(SET)["cidrs"] == [*GIVEN[SET]["cidrs"], {"name": "198.51.100.7"}]
    assert live(OPTIONS) == {**GIVEN[OPTIONS], "enabled": False}


def test_a_set_that_is_there_is_refused(driver: ProxmoxDriver) -> None:
    resource = made(driver, SET)
    with pytest.raises(ProviderError, match=r"set qemu/101/ipfilter-net0: .*already exists"):
        made(driver, SET)
    driver.handler(SET).delete(resource, GIVEN[SET])
    driver.handler(SET).delete(resource, GIVEN[SET])
    assert driver.handler(SET).read(resource, GIVEN[SET], {}) is None
    made(driver, SET)


def test_a_set_is_replaced_by_what_is_in_it_and_nothing_else_replaces(driver: ProxmoxDriver) -> None:
    for token, given in GIVEN.items():
        for name in given:
            expected = {"cidrs"} if (token, name) == (SET, "cidrs") else set[str]()
            assert driver.handler(token).replaces(given, {**given, name: "other"}) == expected
    other = {**GIVEN[SET], "comment": "other"}
    assert driver.handler(SET).update(made(driver, SET), GIVEN[SET], other) == other
    assert driver.handler(SET).read("", other, {}) == (other, other)


def test_options_are_set_and_stay(server: Running, driver: ProxmoxDriver) -> None:
    for token in (OPTIONS, CLUSTER):
        resource = made(driver, token)
        open_ = {**GIVEN[token], "inputPolicy": "REJECT"}
        driver.handler(token).update(resource, GIVEN[token], open_)
        driver.handler(token).delete(resource, open_)
    assert kept(server)["options"] == {
        "enable": 1,
        "policy_in": "REJECT",
        "policy_out": "ACCEPT",
        "ipfilter": 1,
        "macfilter": 1,
        "dhcp": 0,
        "ndp": 0,
        "radv": 0,
        "log_level_in": "info",
        "log_level_out": "nolog",
    }
    assert server.cluster.firewall["cluster"]["options"] == {
        "enable": 1,
        "ebtables": 1,
        "policy_in": "REJECT",
        "policy_out": "ACCEPT",
        "policy_forward": "ACCEPT",
        "log_ratelimit": "enable=1,burst=5,rate=1/second",
    }


def test_a_destroyed_guest_takes_its_firewall_with_it(server: Running, driver: ProxmoxDriver) -> None:
    made(driver, RULES)
    driver.handler(CONTAINER).delete("201", {})
    assert server.cluster.firewall["guests"] == {}


@pytest.mark.parametrize(
    ("token", "change", "path"),
    [
        (RULES, {"vmId": 101}, "vmId"),
        (RULES, {"containerId": None}, "vmId"),
        (RULES, {"rules": [{**SSH, "action": "ALLOW"}]}, "rules[0].action"),
        (RULES, {"rules": [{**SSH, "type": "forward"}]}, "rules[0].type"),
        (RULES, {"rules": [{**SSH, "type": None}]}, "rules[0].type"),
        (RULES, {"rules": [{**SSH, "macro": "SSH"}]}, "rules[0].macro"),
        (SET, {"cidrs": [{"name": "ns1"}]}, "cidrs[0].name"),
        (SET, {"name": None}, "name"),
        (SET, {"vmId": None}, "vmId"),
        (OPTIONS, {"inputPolicy": "DENY"}, "inputPolicy"),
        (OPTIONS, {"logLevelIn": "all"}, "logLevelIn"),
        (OPTIONS, {"ipfilter": None}, "ipfilter"),
        (CLUSTER, {"forwardPolicy": "REJECT"}, "forwardPolicy"),
        (CLUSTER, {"ebtables": None}, "ebtables"),
    ],
)
def test_a_wrong_value_is_named(token: str, change: dict[str, Any], path: str) -> None:
    wrong = ProxmoxDriver().handler(token).check({**GIVEN[token], **change})
    assert [at for at, _ in wrong] == [path]
