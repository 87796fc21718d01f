"""The pipelines, run by a real Promtail over files: labels, lines, and tenants of Loki.

Alloy is not to be had here; it runs the same documents. What its converter refuses is looked for in test_documents.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from components.observability import log_agent
from components.observability.log_agent.masking import MASK
from components.observability.log_agent.stages import LABELS
from tests.documents.log_agent.lines import AT, AUTH, GATEWAY, META, cri, docker, journal, log4
from tests.documents.log_agent.promtail import Runner, Sent, run
from tests.recording import stack_settings

pytestmark = pytest.mark.needs_tools

SETTINGS = stack_settings("prod")


def of(sent: Sent) -> dict[str, str]:
    """Labels that become a stream's."""
    return {name: value for name, value in sent.labels.items() if not name.startswith("__")}


def test_lines_of_a_service(one_by_one: Runner) -> None:
    lines = [
        log4(),
        log4(event="ordered", level="INFO"),
        log4(event="ordered", level="warning", tenant_id=None),
        log4(event="ordered", tenant_id='x"} or {a="'),
        log4(event="role_changed", **{"class": "audit"}),
        log4(event="audit.exported"),
        log4(event="ordered", level="made-up"),
        "plain text",
        "level=error msg=oops",
    ]
    sent = one_by_one("kubernetes", "pods", AUTH, [cri(line) for line in lines])
    common = {"service": "auth-api", "environment": "production"}
    assert [of(each) for each in sent] == [
        {**common, "class": "security", "level": "error", "tenant_id": "tenant_001"},
        {**common, "class": "api", "level": "info", "tenant_id": "tenant_001"},
        {**common, "class": "api", "level": "warn"},
        {**common, "class": "api", "level": "error"},
        {**common, "class": "audit", "level": "error", "tenant_id": "tenant_001"},
        {**common, "class": "audit", "level": "error", "tenant_id": "tenant_001"},
        {**common, "class": "api", "tenant_id": "tenant_001"},
        {**common, "class": "api"},
        {**common, "class": "api", "level": "error"},
    ]
    assert [each.line for each in sent] == lines
    assert [each.labels.get("__tenant_id__") for each in sent] == [None] * 4 + ["audit"] * 2 + [None] * 3
    assert sent[0].at.startswith("2026-11-23T10:00:00.123456789")
    assert sent[7].at.startswith("2026-11-23T10:00:05.000000001")


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
    "ClientUsername": "-",
    "downstream_X-Tenant-Id": "tenant_001",
    "request_X-Tenant-Id": "tenant_666",
    "request_X-Trace-Id": "0af7651916cd43dd8448eb211c80319c",
    "time": "2026-11-23T10:00:00Z",
}


def test_the_gateway_s_access_log_becomes_log_4(one_by_one: Runner) -> None:
    own = '{"level":"error","msg":"no certificate","time":"2026-11-23T10:00:00Z"}'
    logged_in = {**ACCESS, "DownstreamStatus": 200, "ClientUsername": "operator"}
    lines = [json.dumps(ACCESS), json.dumps(logged_in), own]
    first, second, third = one_by_one("kubernetes", "pods", GATEWAY, [cri(line) for line in lines])
    common = {"service": "gateway-blue", "environment": "production"}
    assert of(first) == {**common, "class": "access", "level": "error"}
    assert of(second) == {**common, "class": "access", "level": "info"}
    assert of(third) == {**common, "class": "default", "level": "error"}
    line = json.loads(first.line)
    assert line["context"] == {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0 (it's)"}
    assert line["message"] == f'GET api.acehcommerce.id /orders?q="quoted"&access_token={MASK} 502'
    assert {name: line[name] for name in ("timestamp", "service", "level", "tenant_id", "user_id", "event")} == {
        "timestamp": AT,
        "service": "api-blue@file",
        "level": "error",
        "tenant_id": "tenant_001",
        "user_id": None,
        "event": "http_request",
    }
    assert json.loads(second.line)["user_id"] == "operator"
    assert (line["request_id"], line["trace_id"]) == ("req-1", "0af7651916cd43dd8448eb211c80319c")
    assert first.at.startswith("2026-11-23T10:00:00.123456789")
    assert third.line == own


COMBINED = (
    '203.0.113.7 - frank [23/Nov/2026:10:00:00 +0000] "GET /a.gif HTTP/1.1" 404 2326 "https://x.id/" "Mozilla/4.08"'
)


def test_a_docker_host_s_containers(one_by_one: Runner) -> None:
    refused = '{"component":"api","error":"400: Invalid login credentials","level":"info","remote_addr":"203.0.113.9"}'
    event = (
        '{"auth_event":{"action":"user_signedup","actor_id":"u-1","traits":{"provider":"email"}},"level":"info",'
        '"msg":"request completed","remote_addr":"203.0.113.9","time":"2026-11-23T10:00:00Z"}'
    )
    lines = [
        docker("hello"),
        docker(log4(event="called"), "supabase-edge-functions"),
        docker(refused, "supabase-auth"),
        docker(event, "supabase-auth"),
        docker("10.0.0.1 [1] LOG:  AUDIT: SESSION,1,1,ROLE,GRANT,,,GRANT a TO b", "supabase-db"),
        docker('ERROR:  new row violates row-level security policy for table "orders"', "supabase-db"),
        docker(COMBINED, "supabase-kong"),
        docker("x", 'no"name'),
    ]
    sent = one_by_one(
        "docker", "containers", {"service": "docker", "class": "docker", "environment": "production"}, lines
    )
    labels = [(each.labels["service"], each.labels["class"], each.labels.get("level")) for each in sent]
    assert labels == [
        ("supabase-rest", "docker", None),
        ("supabase-edge-functions", "edge_functions", "error"),
        ("supabase-auth", "security", "warn"),
        ("supabase-auth", "audit", "info"),
        ("supabase-db", "audit", "info"),
        ("supabase-db", "security", "error"),
        ("supabase-kong", "access", "warn"),
        ("docker", "docker", None),
    ]
    assert [each.labels.get("__tenant_id__") for each in sent] == [None] * 3 + ["audit"] * 2 + [None] * 3
    failed, signed = json.loads(sent[2].line), json.loads(sent[3].line)
    assert (failed["event"], failed["context"]["ip"]) == ("login_failed", "203.0.113.9")
    assert (signed["event"], signed["user_id"]) == ("user_signedup", "u-1")
    assert sent[6].line == COMBINED
    assert sent[0].line == "hello"


def test_a_machine_s_journal(one_by_one: Runner) -> None:
    target = {"service": "system", "class": "syslog", "environment": "production", "__journal__hostname": "ns1"}
    lines = [
        journal("Failed password for invalid user admin from 203.0.113.7 port 4242 ssh2"),
        journal('unit "x" failed', "3", "knot.service", "knotd"),
        journal("Started", "6", "", "systemd"),
    ]
    failed, error, info = one_by_one("docker", "journal", target, lines)
    common = {"service": "system", "environment": "production", "host": "ns1"}
    assert of(failed) == {**common, "class": "security", "level": "info"}
    assert of(error) == {**common, "class": "syslog", "level": "error"}
    assert of(info) == {**common, "class": "syslog", "level": "info"}
    line = json.loads(failed.line)
    assert (line["event"], line["user_id"]) == ("login_failed", "admin")
    assert line["context"] == {"ip": "203.0.113.7"}
    assert json.loads(error.line)["message"] == 'unit "x" failed'
    assert json.loads(error.line)["service"] == "knotd"


@pytest.mark.parametrize("name", ["bob from 9.9.9.9", "bob from 9.9.9.9 port 1 ssh2", 'a "quoted" name', "", "é" * 40])
def test_a_stranger_does_not_choose_the_address_that_is_counted(one_by_one: Runner, name: str) -> None:
    target = {"service": "system", "class": "syslog", "environment": "production", "__journal__hostname": "ns1"}
    said = f"Failed password for invalid user {name} from 203.0.113.7 port 4242 ssh2"
    real, forged = one_by_one("docker", "journal", target, [journal(said), journal(said, unit="user@1000.service")])
    line = json.loads(real.line)
    assert (line["event"], line["user_id"], line["context"]) == ("login_failed", name, {"ip": "203.0.113.7"})
    assert "event" not in json.loads(forged.line)


def test_who_did_what_in_the_cluster(one_by_one: Runner) -> None:
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "a-1",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/commerce/secrets/storefront",
        "verb": "get",
        "user": {"username": "system:admin", "groups": ["system:masters"]},
        "sourceIPs": ["10.10.10.9"],
        "userAgent": "kubectl/v1.36",
        "objectRef": {"resource": "secrets", "namespace": "commerce", "name": "storefront", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200},
        "stageTimestamp": "2026-11-23T10:00:00.123456Z",
    }
    refused: dict[str, Any] = {**event, "verb": "delete", "responseStatus": {"code": 403}}
    target = {"__meta_kubernetes_pod_label_app_kubernetes_io_name": "log-agent", "__meta_kubernetes_pod_node_name": "n"}
    sent = one_by_one("kubernetes", "api-audit", target, [json.dumps(event), json.dumps(refused)])
    common = {"service": "kube-apiserver", "environment": "production", "class": "audit", "host": "n"}
    assert [of(each) for each in sent] == [{**common, "level": "info"}, {**common, "level": "warn"}]
    assert {each.labels["__tenant_id__"] for each in sent} == {"audit"}
    assert sent[0].at.startswith("2026-11-23T10:00:00.123456")
    line = json.loads(sent[0].line)
    assert (line["user_id"], line["event"], line["request_id"]) == ("system:admin", "audit.kubernetes.get", "a-1")
    assert line["message"] == "get /api/v1/namespaces/commerce/secrets/storefront 200"
    assert line["context"]["object"]["name"] == "storefront"


def test_a_web_server_s_access_log(one_by_one: Runner) -> None:
    target = {"service": "nginx", "class": "access", "environment": "production"}
    lines = [COMBINED, COMBINED.replace(" 404 ", " 200 "), COMBINED.replace(" 404 ", " 503 "), "not an access line"]
    sent = one_by_one("docker", "access", target, lines)
    assert [each.labels.get("level") for each in sent] == ["warn", "info", "error", None]
    assert [each.line for each in sent] == lines
    assert all(each.labels["class"] == "access" for each in sent)
    assert sent[0].at.startswith("2026-11-23T10:00:00")


def test_no_line_gets_a_label_that_is_not_budgeted(pipeline: Runner) -> None:
    sent = pipeline("kubernetes", "pods", AUTH, [cri(log4(trace_id="t", request_id="r"))])
    assert set(of(sent[0])) <= set(LABELS)


STATEMENT = ["10.0.0.1 [1] LOG:  AUDIT: SESSION,1,1,ROLE,GRANT,,,GRANT a", "\tTO b", "\tWITH PASSWORD 'hunter2000'"]
TRACE = ["level=error msg=oops", "    at handler (app.js:3:1)", "    authorization: Token abc123def", "}"]
SPREAD = ["{", '  "level": "error",', '  "event": "login_failed",', '  "tenant_id": "tenant_001"', "}"]
PLAIN = ["one", "two"]


@pytest.mark.parametrize("place", ["kubernetes", "docker"])
def test_all_of_a_message_of_several_lines_is_kept_alike(place: str, tmp_path: Path) -> None:
    """Not its first line only: what follows has no level and no event of its own."""
    messages = [STATEMENT, TRACE, SPREAD, *([line] for line in PLAIN)]
    lines = [line for message in messages for line in message]
    if place == "docker":
        document, job, target = (
            log_agent.docker_host(SETTINGS, "docker-1"),
            "containers",
            {"service": "docker", "class": "docker"},
        )
        written = [docker(line, "supabase-db") for line in lines]
    else:
        document, job, target, written = log_agent.kubernetes(SETTINGS), "pods", AUTH, [cri(line) for line in lines]
    sent = run(document, job, target, written, tmp_path, len(messages))
    found = {each.line.split("\n")[0]: each for each in sent}
    assert [len(found[message[0]].line.split("\n")) for message in messages] == [3, 4, 5, 1, 1]
    statement, trace, spread = (found[message[0]] for message in (STATEMENT, TRACE, SPREAD))
    assert trace.labels["level"] == "error"
    assert (spread.labels["level"], spread.labels["class"], spread.labels["tenant_id"]) == (
        "error",
        "security",
        "tenant_001",
    )
    if place == "docker":
        assert (statement.labels["class"], statement.labels["__tenant_id__"]) == ("audit", "audit")
    assert "hunter2000" not in statement.line
    assert "abc123def" not in trace.line
