"""Texts of containers brought to this machine, command lines and variables."""

import base64
from pathlib import Path
from typing import Any

import pytest

from sandbox.agent import pods, rewriting
from sandbox.agent.pods import MissingError
from sandbox.agent.rewriting import Rewriter
from sandbox.agent.table import Program

FOLDERS = {
    "/etc/traefik": "/p/volumes/static",
    "/etc/traefik/dynamic": "/p/volumes/dynamic",
    "/scratch": "/p/volumes/tmp",
}


def serve(namespace: str, name: str, port: int) -> str | None:
    return "127.43.1.2:41000" if (namespace, name, port) == ("commerce", "api-green", 8080) else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--configFile=/etc/traefik/traefik.yaml", "--configFile=/p/volumes/static/traefik.yaml"),
        ("directory: /etc/traefik/dynamic\n", "directory: /p/volumes/dynamic\n"),
        ('"/etc/traefik/dynamic/tls/core/tls.crt"', '"/p/volumes/dynamic/tls/core/tls.crt"'),
        ("see /scratch.", "see /p/volumes/tmp."),
        ("/etc/traefik-other", "/etc/traefik-other"),
        ("/etc/traefik.old", "/etc/traefik.old"),
        ("/var/etc/traefik", "/var/etc/traefik"),
        ("path: /scratchy", "path: /scratchy"),
        ("http://api-green.commerce.svc:8080/x", "http://127.43.1.2:41000/x"),
        ("http://api-green.commerce.svc.cluster.local:8080", "http://127.43.1.2:41000"),
        ("http://api-green.commerce.svc:9090", "http://api-green.commerce.svc:9090"),
        ("http://loki.monitoring.svc:3100", "http://loki.monitoring.svc:3100"),
        ('address: ":8443"', 'address: "127.42.7.9:8443"'),
    ],
)
def test_a_text_means_the_same_on_this_machine(text: str, expected: str) -> None:
    rules = rewriting.rules([Program(("x",), {}, ((r'":8443"', '"{address}:8443"'),))], {"address": "127.42.7.9"})
    assert Rewriter(FOLDERS, serve, rules)(text) == expected


def test_a_folder_that_is_below_another_ones_name_is_replaced_once() -> None:
    assert Rewriter({"/scratch": "/scratch/a"}, serve)("/scratch/x /scratch/y") == ("/scratch/a/x /scratch/a/y")


def pod(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "api-1", "namespace": "commerce", "uid": "u-1", "labels": {"luxima.id/slot": "green"}},
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {"name": "main", "image": "r/api@sha256:1", "ports": [{"name": "http", "containerPort": 8080}]}
                | container
            ],
        },
    }


OBJECTS = {
    ("configmaps", "commerce", "plain"): {"data": {"A": "1", "B": "2"}},
    ("secrets", "commerce", "token"): {"data": {"key": base64.b64encode(b"s3cret").decode()}},
}


def find(kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    return OBJECTS.get((kind, namespace, name))


def test_variables_come_from_everywhere() -> None:
    env = [
        {"name": "PLAIN", "value": "x"},
        {"name": "EMPTY"},
        {"name": "URL", "value": "http://$(PLAIN)/$(NOBODY)/$$(PLAIN)"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "token", "key": "key"}}},
        {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "plain", "key": "B"}}},
        {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "nobody", "key": "key", "optional": True}}},
        {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "SLOT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['luxima.id/slot']"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    made = pod(env=env, envFrom=[{"prefix": "P_", "configMapRef": {"name": "plain"}}])
    assert pods.environment(made, made["spec"]["containers"][0], find, "10.42.7.9") == {
        "P_A": "1",
        "P_B": "2",
        "PLAIN": "x",
        "EMPTY": "",
        "URL": "http://x/$(NOBODY)/$(PLAIN)",
        "KEY": "s3cret",
        "MAP": "2",
        "ME": "api-1",
        "SLOT": "green",
        "IP": "127.42.7.9",
    }
    assert pods.references(made) == {
        ("configmaps", "commerce", "plain"),
        ("secrets", "commerce", "token"),
        ("secrets", "commerce", "nobody"),
    }


@pytest.mark.parametrize(
    "ref", [{"secretKeyRef": {"name": "nobody", "key": "key"}}, {"secretKeyRef": {"name": "token", "key": "other"}}]
)
def test_what_is_not_there_is_waited_for(ref: dict[str, Any]) -> None:
    made = pod(env=[{"name": "KEY", "valueFrom": ref}])
    with pytest.raises(MissingError, match="commerce/"):
        pods.environment(made, made["spec"]["containers"][0], find, "10.42.7.9")


def test_a_command_line_is_filled_in_and_its_arguments_rewritten() -> None:
    made = pod(args=["--file=/etc/traefik/x", "--name=$(ME)"])
    container = made["spec"]["containers"][0]
    values = pods.placeholders(made, container, "10.42.7.9", Path("/p"))
    program = Program(("/real/program", "{args}", "{address}:{port:http}", "{port}", "{image}", "{unknown}"))
    assert pods.arguments(program, container, values, {"ME": "m"}, Rewriter(FOLDERS, serve)) == [
        "/real/program",
        "--file=/p/volumes/static/x",
        "--name=m",
        "127.42.7.9:8080",
        "8080",
        "r/api@sha256:1",
        "{unknown}",
    ]


def test_only_pods_with_a_slot_and_a_node_are_taken() -> None:
    assert pods.ours(pod())
    plain, waiting = pod(), pod()
    plain["metadata"]["labels"] = {"app": "x"}
    del waiting["spec"]["nodeName"]
    assert not pods.ours(plain)
    assert not pods.ours(waiting)
