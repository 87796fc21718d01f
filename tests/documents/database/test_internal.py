"""Schema internal on a real PostgreSQL: what is written once stays once, stays as it is, and leaves in its time."""

# ruff: noqa: S608 - statements of a test are written by the test

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.database import migrations
from tests.documents.database.postgres import Postgres, RefusedError

pytestmark = pytest.mark.needs_tools


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        for script in migrations().values():
            running.sql(script)
        yield running


def alert(fingerprint: str, status: str = "firing", **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "DatabaseDown", "severity": "critical", "kind": "database"},
        "annotations": {"summary": "PostgreSQL doesn't answer"},
        "startsAt": "2026-11-23T10:00:00.123456789Z",
        "endsAt": "2026-11-23T10:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.observability.svc:9090/graph",
        "fingerprint": fingerprint,
        **more,
    }


def quoted(body: object) -> str:
    return "'" + json.dumps(body).replace("'", "''") + "'"


def record(server: Postgres, *alerts: dict[str, Any]) -> int:
    body = {"version": "4", "status": "firing", "receiver": "webhook-record", "alerts": alerts}
    return int(server.sql(f"select public.record_alert({quoted(body)})", role="service_role"))


def statuses(server: Postgres, fingerprint: str) -> list[str]:
    return server.sql(
        f"select status from internal.alert_logs where fingerprint = '{fingerprint}' order by status"
    ).split()


def deploy(**more: Any) -> dict[str, Any]:
    return {
        "id": "prod-api-green-1",
        "who": "ops@luxima.id",
        "what": "release switch api",
        "stack": "prod",
        "slot": "green",
        "image": "registry.luxima.id/api@sha256:0",
        "result": "succeeded",
        "when": "2026-11-23T10:00:00Z",
        "details": {"commit": "abc"},
        **more,
    }


def test_the_migrations_can_be_run_again(server: Postgres) -> None:
    record(server, alert("kept"))
    for script in migrations().values():
        server.sql(script)
    assert statuses(server, "kept") == ["firing"]


def test_they_can_be_run_twice_by_a_role_that_is_no_superuser(server: Postgres) -> None:
    server.sql("create role lesser login createrole;\ncreate database lesser owner lesser")
    for script in [*migrations().values()] * 2:
        server.sql(script, user="lesser", database="lesser")
    server.sql(f"select public.record_deploy({quoted(deploy())})", role="service_role", database="lesser")
    server.sql("select internal.expire_logs()", user="lesser", database="lesser")
    server.sql("drop database lesser with (force)")


def test_an_alert_told_twice_is_one_row(server: Postgres) -> None:
    assert record(server, alert("twice")) == 1
    assert record(server, alert("twice"), alert("twice")) == 0
    assert statuses(server, "twice") == ["firing"]


def test_a_resolved_alert_is_a_second_row(server: Postgres) -> None:
    record(server, alert("over"))
    assert record(server, alert("over", "resolved")) == 1
    assert record(server, alert("over", "resolved")) == 0
    assert statuses(server, "over") == ["firing", "resolved"]
    assert server.sql(
        "select ends_at at time zone 'UTC' from internal.alert_logs where fingerprint = 'over' and status = 'resolved'"
    ) == ("2026-11-23 10:30:00")


def test_an_alert_that_is_told_only_when_it_is_resolved_has_fired_all_the_same(server: Postgres) -> None:
    assert record(server, alert("late", "resolved")) == 2
    assert statuses(server, "late") == ["firing", "resolved"]


def test_the_same_alert_at_another_time_is_another_row(server: Postgres) -> None:
    record(server, alert("again"))
    assert record(server, alert("again", startsAt="2026-11-23T12:00:00Z")) == 1


def test_all_labels_and_annotations_are_kept(server: Postgres) -> None:
    whole = alert("whole", labels={"alertname": "TenantRLSViolation", "kind": "security", "tenant_id": "t'1"})
    record(server, whole)
    row = server.sql(
        "select json_build_object('labels', labels, 'annotations', annotations, 'class', class)"
        " from internal.alert_logs where fingerprint = 'whole'"
    )
    assert json.loads(row) == {"labels": whole["labels"], "annotations": whole["annotations"], "class": "security"}


def test_a_character_that_the_database_cannot_hold_keeps_no_alert_from_being_written(server: Postgres) -> None:
    assert record(server, alert("nul", labels={"alertname": "X", "path": "/a\0b"}), alert("beside-nul")) == 2


def test_what_is_no_webhook_is_refused(server: Postgres) -> None:
    with pytest.raises(RefusedError, match="alerts is missing"):
        server.sql("select public.record_alert('{}')", role="service_role")


def test_a_deployment_told_twice_is_one_row(server: Postgres) -> None:
    call = f"select public.record_deploy({quoted(deploy(id='once'))})"
    assert [server.sql(call, role="service_role") for _ in range(2)] == ["t", "f"]
    assert server.sql(
        "select who, slot, result, details ->> 'commit' from internal.audit_deploy where id = 'once'"
    ) == ("ops@luxima.id|green|succeeded|abc")


@pytest.mark.parametrize("missing", ["id", "who", "what", "stack", "result", "when"])
def test_a_deployment_that_leaves_something_out_is_refused(server: Postgres, missing: str) -> None:
    with pytest.raises(RefusedError, match="null value"):
        server.sql(f"select public.record_deploy({quoted(deploy(**{missing: None}))})", role="service_role")


@pytest.mark.parametrize("role", ["postgres", "luxima_log_keeper", "luxima_log_writer", "service_role"])
@pytest.mark.parametrize("table", ["alert_logs", "audit_deploy"])
@pytest.mark.parametrize("change", ["update {} set class = class", "delete from {}", "truncate {}"])
def test_nobody_changes_what_is_written(server: Postgres, role: str, table: str, change: str) -> None:
    record(server, alert("fixed"))
    server.sql(f"select public.record_deploy({quoted(deploy(id='fixed'))})", role="service_role")
    with pytest.raises(RefusedError, match=r"append-only|permission denied|younger than its retention"):
        server.sql(change.format(f"internal.{table}"), role=role)


def test_not_even_a_session_that_replays_replication_does(server: Postgres) -> None:
    record(server, alert("replayed"))
    with pytest.raises(RefusedError, match="append-only"):
        server.sql("set session_replication_role = replica;\ndelete from internal.alert_logs;")


@pytest.mark.parametrize("role", ["anon", "authenticated", "luxima_monitor"])
@pytest.mark.parametrize("function", ["record_alert", "record_deploy"])
def test_only_the_service_role_may_write(server: Postgres, role: str, function: str) -> None:
    with pytest.raises(RefusedError, match=f"permission denied for function {function}"):
        server.sql(f"select public.{function}('{{}}')", role=role)


def test_nor_may_it_when_the_platform_gives_new_functions_to_its_roles(server: Postgres) -> None:
    server.sql("create database supabase")
    server.sql(
        "alter default privileges in schema public grant all on functions to anon, authenticated, service_role",
        database="supabase",
    )
    for script in migrations().values():
        server.sql(script, database="supabase")
    with pytest.raises(RefusedError, match="permission denied for function"):
        server.sql("select public.record_alert('{}')", role="anon", database="supabase")
    server.sql("drop database supabase with (force)")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", "luxima_monitor"])
@pytest.mark.parametrize("statement", ["select * from internal.alert_logs", "select internal.expire_logs()"])
def test_the_schema_itself_is_closed(server: Postgres, role: str, statement: str) -> None:
    with pytest.raises(RefusedError, match="permission denied for schema internal"):
        server.sql(statement, role=role)


def test_who_writes_cannot_read(server: Postgres) -> None:
    with pytest.raises(RefusedError, match="permission denied for table"):
        server.sql("select * from internal.alert_logs", role="luxima_log_writer")


@pytest.mark.parametrize("function", ["record_alert", "record_deploy"])
def test_the_functions_may_do_no_more_than_who_writes(server: Postgres, function: str) -> None:
    owner = server.sql(f"select proowner::regrole, prosecdef from pg_proc where proname = '{function}'")
    assert owner == "luxima_log_writer|t"
    rights = server.sql(
        "select distinct privilege_type from information_schema.role_table_grants where grantee = 'luxima_log_writer'"
    )
    assert rights == "INSERT"


def test_a_table_of_the_same_name_put_in_the_way_is_not_written_to(server: Postgres) -> None:
    before = int(server.sql("select count(*) from internal.alert_logs"))
    server.sql(
        "create temp table alert_logs (like internal.alert_logs);\n"
        "set search_path = pg_temp;\n"
        f"select public.record_alert({quoted({'alerts': [alert('in-the-way')]})});"
    )
    assert int(server.sql("select count(*) from internal.alert_logs")) == before + 1


def test_rows_leave_by_the_retention_of_their_class(server: Postgres) -> None:
    def aged(class_: str, days: int) -> str:
        return (
            "insert into internal.alert_logs"
            " (fingerprint, starts_at, status, alertname, class, labels, annotations, received_at)"
            f" values ('{class_}-{days}', now(), 'firing', 'Aged', '{class_}', '{{}}', '{{}}',"
            f" now() - interval '{days} days');"
        )

    for days in (89, 91):
        server.sql(
            "insert into internal.audit_deploy (id, who, what, stack, result, happened_at, received_at)"
            f" values ('audit-{days}', 'a', 'b', 'prod', 'failed', now(), now() - interval '{days} days')"
        )
    server.sql("\n".join([aged("default", 29), aged("default", 31), aged("security", 59), aged("security", 61)]))
    assert server.sql("select internal.expire_logs()") == "3"
    left = server.sql(
        "select fingerprint from internal.alert_logs where alertname = 'Aged' union"
        " select id from internal.audit_deploy where id like 'audit-%' order by 1"
    )
    assert left.split() == ["audit-89", "default-29", "security-59"]


def test_the_exporters_role_sees_figures_and_no_data(server: Postgres) -> None:
    server.sql("select * from pg_ls_waldir()", user="luxima_monitor")
    row = server.sql("select rolsuper, rolcreaterole, rolconnlimit from pg_roles where rolname = 'luxima_monitor'")
    assert row == "f|f|5"
    with pytest.raises(RefusedError, match="read-only transaction"):
        server.sql("create table public.t (i int)", user="luxima_monitor")


def test_rows_are_found_by_an_index(server: Postgres) -> None:
    plan = server.sql(
        "set enable_seqscan = off;\n"
        "explain select * from internal.alert_logs where class = 'default' and received_at < now();\n"
        'explain select * from internal.alert_logs where labels @> \'{"tenant_id": "t1"}\';'
    )
    assert "alert_logs_received_at" in plan
    assert "alert_logs_labels" in plan
