"""The sandbox's stand-in for PostgREST on a real PostgreSQL: it keeps what those who call functions rely on."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from components.database import migrations
from components.database.tokens import key_list, token
from release.audit import Audit, Row
from sandbox.images import program
from tests.documents.database.postgres import Postgres
from tests.programs import end, free_port, start
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools

SECRET, DAY = "s" * 40, "2026-11-26"
KEY, ANON = token(SECRET, DAY, "service_role"), token(SECRET, DAY, "anon")
_MORE = """
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
create function public.total(price numeric, "number" int default 1, tags text[] default '{}') returns numeric
  language sql as $$ select price * "number" + cardinality(tags) $$;
create function public.parts(word text) returns setof text language sql as $$ select regexp_split_to_table(word, '') $$;
create function public.claimed() returns text language sql as $$ select current_setting('request.jwt.claims') $$;
create function public.silent() returns void language sql as '';
create function public.doubled() returns int language plpgsql as $$
  begin raise exception 'it''s there' using errcode = '23505', detail = 'Key (a)', hint = 'Take another.'; end $$;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with Postgres() as running:
        for script in migrations().values():
            running.sql(script)
        running.sql(_MORE)
        yield running


@pytest.fixture(scope="module")
def url(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("rest"), free_port()
    (folder / "uri").write_text(
        f"postgres://authenticator:none@db:5432/postgres?sslmode=disable&host={database.folder}"
    )
    (folder / "jwks").write_text(json.dumps({"keys": key_list({DAY: SECRET})}))
    environment = {
        "PATH": f"{ensure('psql')['psql'].parent}:{os.defpath}",
        "ADDRESS": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_DB_URI": f"@{folder / 'uri'}",
        "PGRST_JWT_SECRET": f"@{folder / 'jwks'}",
        "PGRST_DB_SCHEMAS": "public,graphql_public",
        "PGRST_DB_ANON_ROLE": "anon",
    }
    process = start([program.built(ensure("go")["go"]), "rest"], folder / "log", environment)
    found = f"http://127.0.0.1:{port}/rpc"
    wait_for(lambda: requests.get(found, timeout=5).status_code == 404, "an answer")
    yield found
    end(process)


def call(url: str, name: str, body: Any, key: str | None = KEY) -> tuple[int, Any]:
    """Status and answer."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = requests.post(f"{url}/{name}", json=body, headers=headers, timeout=10)
    return answer.status_code, answer.json() if answer.content else None


def test_a_row_of_a_release_and_one_of_an_alert_are_written(url: str, database: Postgres, tmp_path: Path) -> None:
    row = Row(who="it's me", what="deploy", stack="dev", result="succeeded", when="2026-11-27T10:00:00Z")
    delivery = Audit(tmp_path / "spool", url, KEY).record(row)
    assert (delivery.sent, delivery.sentence) == (1, None)
    assert database.sql("select id, who, what from internal.audit_deploy") == f"{row.id}|it's me|deploy"
    alert = {"fingerprint": "f", "startsAt": "2026-11-27T10:00:00Z", "labels": {"alertname": r"a \ 'b'"}}
    body = {"alerts": [{**alert, "status": "firing"}]}
    assert call(url, "record_alert", body) == (200, 1)
    assert call(url, "record_alert", body) == (200, 0)
    assert database.sql("select alertname from internal.alert_logs") == r"a \ 'b'"


def test_arguments_are_given_by_name(url: str) -> None:
    assert call(url, "total", {"price": 2.5, "number": 2}) == (200, 5.0)
    assert call(url, "total", {"tags": ["a", "b"], "price": 1}) == (200, 3)
    assert call(url, "parts", {"word": "it's"}) == (200, ["i", "t", "'", "s"])
    assert call(url, "silent", {}) == (204, None)
    assert json.loads(call(url, "claimed", {})[1])["role"] == "service_role"


@pytest.mark.parametrize(
    ("name", "body", "key", "status", "code"),
    [
        ("record_alert", {"alerts": []}, ANON, 401, "42501"),
        ("record_alert", {"alerts": []}, None, 401, "42501"),
        ("record_alert", {"alerts": []}, token("another", DAY, "service_role"), 401, "PGRST301"),
        ("record_alert", {"alerts": []}, token(SECRET, "1990-01-01", "service_role"), 401, "PGRST303"),
        ("record_alert", {}, KEY, 400, "22023"),
        ("record_deploy", {"id": "1"}, KEY, 400, "23502"),
        ("record_alarm", {}, KEY, 404, "PGRST202"),
        ("total", {"number": 2}, KEY, 404, "PGRST202"),
        ("total", {"price": "much"}, KEY, 400, "22P02"),
        ("doubled", {}, KEY, 409, "23505"),
    ],
)
def test_an_error_is_told_as_postgrest_tells_it(
    name: str, body: Any, key: str | None, status: int, code: str, url: str
) -> None:
    answered, error = call(url, name, body, key)
    assert (answered, error["code"]) == (status, code)
    assert set(error) == {"code", "details", "hint", "message"}
    if name == "doubled":
        assert (error["message"], error["details"], error["hint"]) == ("it's there", "Key (a)", "Take another.")


def test_while_the_database_is_down_a_caller_is_told_to_come_again(url: str, database: Postgres) -> None:
    database.stop()
    try:
        assert call(url, "record_alert", {"alerts": []})[0] == 503
    finally:
        database.start()
    assert call(url, "record_alert", {"alerts": []}) == (200, 0)
