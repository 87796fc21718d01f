"""The pipelines, run by a real Promtail over files: labels, lines, tenants of Loki, and no secret gets through.

Alloy is not to be had here; it runs the same documents. What its converter refuses is looked for in test_documents.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from components.observability import agents
from components.observability.agents.masking import MASK, PATTERNS
from components.observability.agents.stages import LABELS
from tests.documents.agents import planted
from tests.documents.agents.promtail import Sent, run
from tests.recording import stack_settings

pytestmark = pytest.mark.needs_tools

SETTINGS = stack_settings("prod")
META = "__meta_kubernetes"
AUTH = {
    f"{META}_namespace": "commerce",
    f"{META}_pod_name": "auth-blue-6f7b9-abcde",
    f"{META}_pod_uid": "0d3c",
    f"{META}_pod_container_name": "app",
    f"{META}_pod_label_app_kubernetes_io_name": "auth-api",
    f"{META}_pod_label_luxima_id_slot": "blue",
}
GATEWAY = {
    f"{META}_namespace": "edge",
    f"{META}_pod_name": "gateway-blue-0",
    f"{META}_pod_container_name": "traefik",
    f"{META}_pod_label_app_kubernetes_io_name": "gateway-blue",
}
AT = "2026-11-23T10:00:00.123456789Z"


def log4(**fields: Any) -> str:
    """The example line of LOG-4, with other values."""
    line = {
        "timestamp": AT,
        "service": "auth-api",
        "level": "error",
        "tenant_id": "tenant_001",
        "user_id": "user_123",
        "event": "login_failed",
        "message": "Invalid password",
        "context": {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0"},
    }
    return json.dumps({**line, **fields})


def cri(line: str) -> str:
    """A line as containerd writes it."""
    return f"2026-11-23T10:00:05.000000001Z stdout F {line}"


def docker(line: str, tag: str = "supabase-rest") -> str:
    """A line as Docker's json-file driver writes it."""
    return json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-11-23T10:00:05Z", "attrs": {"tag": tag}})


def journal(message: str, priority: str = "6", unit: str = "ssh.service", identifier: str = "sshd") -> str:
    """An entry of the journal as JSON."""
    fields = {"MESSAGE": message, "PRIORITY": priority, "_SYSTEMD_UNIT": unit, "SYSLOG_IDENTIFIER": identifier}
    return json.dumps({**fields, "_HOSTNAME": "ns1", "_PID": "77"})


Runner = Callable[[str, str, Mapping[str, str], Sequence[str]], list[Sent]]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    documents = {"kubernetes": agents.kubernetes, "docker": agents.docker_host, "guest": agents.guest}

    def runner(place: str, job: str, target: Mapping[str, str], lines: Sequence[str]) -> list[Sent]:
        return run(documents[place](SETTINGS), job, target, lines, tmp_path_factory.mktemp(place))

    return runner


def of(sent: Sent) -> dict[str, str]:
    """Labels that become a stream's."""
    return {name: value for name, value in sent.labels.items() if not name.startswith("__")}


def test_other_pods_are_told_by_what_they_are_called(pipeline: Runner) -> None:
    bare = {f"{META}_namespace": "kube-system", f"{META}_pod_container_name": "coredns"}
    (sent,) = pipeline("kubernetes", "pods", bare, [cri("[INFO] plugin/reload")])
    assert of(sent) == {"service": "coredns", "environment": "production", "class": "default"}


ACCESS = {
    "ClientHost": "203.0.113.7",
    "DownstreamContentSize": 512,
    "DownstreamStatus": 502,
    "Duration": 12_000_000,
    "RequestHost": "api.acehcommerce.id",
    "RequestMethod": "GET",
    "RequestPath": '/orders?q="quoted"&access_token=s3cr3t-value',
    "RouterName": "api@file",
    "ServiceName": "api-blue@file",
    "StartUTC": AT,
    "entryPointName": "websecure",
    "level": "info",
    "msg": "",
    "request_User-Agent": "Mozilla/5.0 (it's)",
    "request_X-Request-Id": "req-1",
    "request_X-Tenant-Id": "tenant_001",
    "request_X-Trace-Id": "0af7651916cd43dd8448eb211c80319c",
    "time": "2026-11-23T10:00:00Z",
}


COMBINED = (
    '203.0.113.7 - frank [23/Nov/2026:10:00:00 +0000] "GET /a.gif HTTP/1.1" 404 2326 "https://x.id/" "Mozilla/4.08"'
)


def written(form: str, text: str) -> str:
    """A text as a program writes it."""
    match form:
        case "JSON":
            return log4(message=text, event="ordered")
        case "escaped JSON":
            return log4(message=json.dumps({"dump": text}), event="ordered")
        case _:
            return text


@pytest.mark.parametrize("form", ["text", "JSON", "escaped JSON"])
@pytest.mark.parametrize("place", ["kubernetes", "docker", "guest", "journal"])
def test_no_secret_passes(pipeline: Runner, place: str, form: str) -> None:
    lines = [written(form, text) for text, _ in planted.LINES] + ([] if form != "text" else planted.PEM.splitlines())
    match place:
        case "kubernetes":
            sent = pipeline("kubernetes", "pods", AUTH, [cri(line) for line in lines])
        case "docker":
            sent = pipeline("docker", "containers", {"service": "docker", "class": "docker"}, map_docker(lines))
        case "guest":
            sent = pipeline("guest", "access", {"service": "nginx", "class": "access"}, lines)
        case _:
            target = {"service": "system", "class": "syslog", "__journal__hostname": "ns1"}
            sent = pipeline("guest", "journal", target, [journal(line) for line in lines])
    for (text, secret), each in zip(planted.LINES, sent, strict=False):
        assert secret not in each.line, text
        assert MASK in each.line, text
        if form != "text":
            json.loads(each.line)
    body = "\n".join(each.line for each in sent)
    assert not [line for line in planted.PEM.splitlines()[1:-1] if line in body]


def map_docker(lines: Sequence[str]) -> list[str]:
    """Lines in Docker's form."""
    return [docker(line) for line in lines]


def test_what_is_no_secret_stays(pipeline: Runner) -> None:
    lines = list(planted.HARMLESS)
    sent = pipeline("guest", "access", {"service": "nginx", "class": "access"}, lines)
    assert [each.line for each in sent] == lines


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_finds_its_own_example(name: str) -> None:
    line, secret = planted.FOUND_BY[name]
    found = re.search(PATTERNS[name], line)
    assert found is not None
    assert secret in found[1]


def test_no_line_gets_a_label_that_is_not_budgeted(pipeline: Runner) -> None:
    sent = pipeline("kubernetes", "pods", AUTH, [cri(log4(trace_id="t", request_id="r"))])
    assert set(of(sent[0])) <= set(LABELS)
