"""The object storage on several hosts: in which order nodes are made and changed, and what each is told."""

from collections.abc import Sequence

import pulumi_docker
import pytest

from components.edge.issuing import machines
from components.flows import flows
from components.flows.peers import hosts
from components.login import Login
from components.observability.rules.model import Alert
from components.observability.rules.storage import groups
from components.storage import Node, Place, ServerArgs, servers
from components.storage.nodes import NOTHING
from settings import Settings
from settings.storage_server import NODE_PORT, Server
from tests.recording import Declared, Recorder, record, stack_settings

HOSTS = ("a", "b", "c")
CONTAINER = "docker:index/container:Container"
COMMAND = "command:remote:Command"


def _declared(hosts: Sequence[str] = HOSTS) -> Recorder:
    args = ServerArgs(
        memory_mib=1000,
        host=hosts[0],
        environment="prod",
        address="10.0.0.1",
        region="us-east-1",
        root_user="root",
        root_password="planted-password",
        kms_key="key",
        kms_secret="c2VjcmV0",
        certificate="certificate",
        private_key="private key",
        authority="authority",
    )

    def program() -> None:
        servers(
            "storage",
            args,
            [
                Place(
                    Node(host, f"storage-{host}.luxima.id", f"10.0.0.{number}"),
                    pulumi_docker.Provider(f"docker-{host}"),
                    Login(f"10.0.0.{number}", "luxima", "k", "h"),
                )
                for number, host in enumerate(hosts, 1)
            ],
        )

    return record(program)


def _one(recorder: Recorder, type_: str, name: str) -> Declared:
    (found,) = (each for each in recorder.resources if each.identity == (type_, name))
    return found


def _waits(recorder: Recorder, name: str) -> set[str]:
    return {other for type_, other in recorder.waits[CONTAINER, name] if type_ in {CONTAINER, COMMAND}}


def test_a_node_is_changed_when_the_one_before_is_back_and_made_without_waiting() -> None:
    recorder = _declared()
    for before, after in (("a", "b"), ("b", "c")):
        assert f"storage-{before}-whole" in _waits(recorder, f"storage-{after}-container")
        step = _one(recorder, COMMAND, f"storage-{before}-whole")
        assert step.inputs["create"] == NOTHING
        assert "triggers" not in step.inputs, "what is made anew would do nothing again"
        # Another container is another input, which is what it is run for.
        assert step.inputs["stdin"] == f"storage-{before}-container-id\n"
    containers = [_one(recorder, CONTAINER, f"storage-{host}-container").inputs for host in HOSTS]
    # One that waited for a majority would wait for those that are made after it.
    assert [each["wait"] for each in containers] == [False, False, True]
    assert [each["healthcheck"]["interval"] for each in containers] == ["10s", "10s", "3s"]
    assert {each["healthcheck"]["tests"][-1] for each in containers} == {"https://127.0.0.1:9000/minio/health/cluster"}


def test_all_are_told_of_the_same_drives_and_each_of_its_own_name_and_the_others_addresses() -> None:
    recorder = _declared()
    drives = [f"https://storage-{host}.luxima.id:9000/data" for host in HOSTS]
    for number, host in enumerate(HOSTS, 1):
        given = _one(recorder, CONTAINER, f"storage-{host}-container").inputs
        assert given["command"][-3:] == drives
        assert given["hostname"] == f"storage-{host}.luxima.id"
        assert {each["host"]: each["ip"] for each in given["hosts"]} == {
            f"storage-{other}.luxima.id": f"10.0.0.{index}" for index, other in enumerate(HOSTS, 1) if other != host
        }
        assert [(each["ip"], each["external"]) for each in given["ports"]] == [
            (f"10.0.0.{number}", 443),
            (f"10.0.0.{number}", 9000),
        ]


def test_one_host_alone_is_what_it_was() -> None:
    recorder = _declared(("a",))
    given = _one(recorder, CONTAINER, "storage-container").inputs
    assert given["command"][-1] == "/data"
    assert given["wait"] is True
    assert not {"hostname", "hosts"} & given.keys()
    assert {mount["source"] for mount in given["mounts"] if mount["target"] == "/data"} == {"object-storage-data"}
    assert recorder.of(COMMAND) == []


@pytest.mark.parametrize(
    ("hosts_", "parity", "borne"),
    [(1, 0, 0), (2, 1, 0), (3, 1, 1), (4, 2, 1), (5, 2, 2), (6, 3, 2), (7, 3, 3), (16, 4, 4)],
)
def test_how_many_hosts_may_be_lost_is_as_minio_has_it(hosts_: int, parity: int, borne: int) -> None:
    server = Server(mode="deployed", hosts=tuple(map(str, range(hosts_))))
    assert (server.parity, server.borne) == (parity, borne)


def test_the_alert_of_lost_nodes_comes_when_no_more_may_be_lost() -> None:
    prod = stack_settings("prod")
    five = prod.storage.server.model_copy(update={"hosts": tuple("12345")})
    storage = prod.storage.model_copy(update={"server": five})
    assert _nodes_offline(prod.model_copy(update={"storage": storage})) == "max(minio_cluster_nodes_offline_total) > 1"
    for stack in ("dev", "staging", "prod"):
        assert _nodes_offline(stack_settings(stack)) == "max(minio_cluster_nodes_offline_total) > 0"


def _nodes_offline(settings: Settings) -> str:
    (found,) = (
        rule.expr for rule in groups(settings)[0].rules if isinstance(rule, Alert) and "NodeOffline" in rule.name
    )
    return found


def test_the_certificate_of_prod_has_all_names_and_nodes_alone_reach_each_other_s_drives() -> None:
    settings = stack_settings("prod")
    nodes = [f"object-storage-docker-{number}.luxima.id" for number in (1, 2, 3)]
    (certificate,) = machines(settings).values()
    assert certificate.spec["dnsNames"] == ["object-storage.luxima.id", *nodes]
    addresses = hosts([f"10.10.30.4{number}" for number in (1, 2, 3)])
    found = [flow for flow in flows(settings) if flow.port == NODE_PORT and flow.target == addresses]
    assert [flow.source for flow in found] == [addresses]
    assert not [flow for flow in flows(stack_settings("dev")) if flow.why == found[0].why]
