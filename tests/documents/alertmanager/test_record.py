"""The record of alerts: a running Alertmanager, a real PostgreSQL, and a database that is down meanwhile.

Between the two stands a small server in place of PostgREST, which is not to be had: it hands the whole body to the
function as its one unnamed parameter, as PostgREST does, and answers 503 while the database is down. Times are shorter.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.database import migrations
from components.observability.alertmanager import documents
from tests.documents.alertmanager.running import Alertmanager
from tests.documents.database.postgres import Postgres, RefusedError
from tests.recording import stack_settings
from tests.serving import Answer, Asked, Serving
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools

KEY = "service-role-key"
WATCHDOG = {"alertname": "Watchdog", "severity": "info", "kind": "monitoring"}
DOWN = {"alertname": "DatabaseDown", "severity": "critical", "kind": "database"}
SLOW = {"alertname": "Slow", "severity": "warning", "kind": "service"}


class StandIn(Serving):
    """Takes what PostgREST would take."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self.refused: list[set[tuple[str, str]]] = []
        """Alerts (name, status) of each call that could not be written."""

    def answer(self, asked: Asked) -> Answer:
        if (asked.headers.get("apikey"), asked.headers.get("authorization")) != (KEY, f"Bearer {KEY}"):
            return Answer(401)
        if asked.path != "/rest/v1/rpc/record_alert" or asked.headers.get("content-type") != "application/json":
            return Answer(404)
        quoted = asked.body.decode().replace("'", "''")
        try:
            self._database.sql(f"select public.record_alert('{quoted}')", role="service_role")
        except RefusedError:
            told = {(each["labels"]["alertname"], each["status"]) for each in json.loads(asked.body)["alerts"]}
            self.refused.append(told)
            return Answer(503)
        return Answer()


@pytest.fixture
def database() -> Iterator[Postgres]:
    with Postgres() as running:
        for script in migrations().values():
            running.sql(script)
        yield running


@pytest.fixture
def stand_in(database: Postgres) -> Iterator[StandIn]:
    with StandIn(database) as running:
        yield running


@pytest.fixture
def recorder(stand_in: StandIn, tmp_path: Path) -> Iterator[Alertmanager]:
    text = documents(stack_settings("prod"))["record/alertmanager.yml"]
    (tmp_path / "serviceRoleKey").write_text(f"{KEY}\n")
    text = text.replace("https://supabase.acehcommerce.id", stand_in.url)
    document = yaml.load(text.replace("/etc/alertmanager/secrets", str(tmp_path)), yaml.CSafeLoader)
    document["route"] |= {"group_wait": "100ms", "group_interval": "1s"}
    with Alertmanager(document, tmp_path) as running:
        yield running


def rows(database: Postgres) -> list[str]:
    return database.sql("select alertname, status from internal.alert_logs order by 1, 2").split()


def test_an_alert_is_written_when_it_fires_and_when_it_is_over(recorder: Alertmanager, database: Postgres) -> None:
    recorder.tell(WATCHDOG, SLOW)
    wait_for(lambda: rows(database) == ["Slow|firing", "Watchdog|firing"], "the record of both")
    recorder.tell(SLOW, resolved=True)
    wait_for(lambda: rows(database) == ["Slow|firing", "Slow|resolved", "Watchdog|firing"], "the record of its end")


def test_what_happens_while_the_database_is_down_is_written_when_it_is_back(
    recorder: Alertmanager, database: Postgres, stand_in: StandIn
) -> None:
    recorder.tell(WATCHDOG)
    wait_for(lambda: rows(database) == ["Watchdog|firing"], "the record before")
    database.stop()
    recorder.tell(SLOW, DOWN)
    wait_for(lambda: any(("Slow", "firing") in told for told in stand_in.refused), "a call in vain")
    # One that fires and is over, all within the outage: Alertmanager gave up telling that it fires.
    recorder.tell(SLOW, resolved=True)
    wait_for(lambda: any(("Slow", "resolved") in told for told in stand_in.refused), "a call in vain, once it is over")
    database.start()
    expected = ["DatabaseDown|firing", "Slow|firing", "Slow|resolved", "Watchdog|firing"]
    wait_for(lambda: rows(database) == expected, "the record of what was missed")
    since = database.sql("select count(distinct starts_at) from internal.alert_logs where alertname = 'Slow'")
    assert since == "1"
