"""What PostgreSQL reads, by a real one: its configuration, who may log in, and the script of the migrations."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.database.certificate import CertificateProvider
from components.database.migrating import FOLDER, SCRIPT, migration_files
from components.database.migrations import migrations
from components.database.postgres import CONF, pg_hba_conf, postgresql_conf
from settings.database import Database, Sizes
from settings.retention import LogRetention
from tests.documents.database.postgres import Postgres, RefusedError
from tests.recording import STACKS, stack_settings

pytestmark = pytest.mark.needs_tools
_DAYS = stack_settings("prod").retention.logs

BROKEN = "create table half ();\nselect 1 / 0;\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


def _database(memory: int, connections: int = 100) -> Database:
    return Database(mode="supabase", memory_mib=Sizes(postgres=memory), max_connections=connections)


def _local(text: str, folder: Path) -> str:
    """A document with its own files in a folder of the test."""
    return text.replace(CONF, str(folder))


@pytest.mark.parametrize("stack", STACKS)
def test_the_configuration_is_accepted(server: Postgres, tmp_path: Path, stack: str) -> None:
    database = stack_settings(stack).database
    (tmp_path / "postgresql.conf").write_text(_local(postgresql_conf(database, archived=True), tmp_path))
    said = server.asked(tmp_path / "postgresql.conf", "shared_buffers", "work_mem", "ssl", "pgaudit.log")
    memory = database.memory_mib.postgres
    assert said["shared_buffers"] == str(memory // 4 * 128)  # pages of 8 KiB
    assert said["ssl"] == "on"
    assert said["pgaudit.log"] == "role"
    # What all connections may sort with at once, each twice, is not more than what is left.
    assert int(said["work_mem"]) // 1024 * database.max_connections * 2 <= memory - memory // 4


def test_wal_that_nobody_takes_is_not_kept(server: Postgres, tmp_path: Path) -> None:
    """Without an image of the backups, the spool and then PostgreSQL's own disk would fill."""
    for archived, mode in ((True, "on"), (False, "off")):
        (tmp_path / "postgresql.conf").write_text(_local(postgresql_conf(_database(1024), archived=archived), tmp_path))
        assert server.asked(tmp_path / "postgresql.conf", "archive_mode")["archive_mode"] == mode


@pytest.mark.parametrize(("memory", "connections"), [(512, 60), (1024, 5000), (1_048_576, 100)])
def test_any_size_that_the_settings_take_is_accepted(
    server: Postgres, tmp_path: Path, memory: int, connections: int
) -> None:
    (tmp_path / "postgresql.conf").write_text(
        _local(postgresql_conf(_database(memory, connections), archived=True), tmp_path)
    )
    assert server.asked(tmp_path / "postgresql.conf", "max_connections")["max_connections"] == str(connections)


def test_a_word_that_is_none_is_refused(server: Postgres, tmp_path: Path) -> None:
    """So the tests above can fail."""
    (tmp_path / "postgresql.conf").write_text("wal_level = 'logically'\n")
    with pytest.raises(RefusedError, match="wal_level"):
        server.asked(tmp_path / "postgresql.conf", "wal_level")


def test_who_may_log_in_is_understood(server: Postgres, tmp_path: Path) -> None:
    (tmp_path / "pg_hba.conf").write_text(pg_hba_conf("10.10.10.42"))
    with server.restarted(hba_file=tmp_path / "pg_hba.conf"):
        rows = server.sql(
            "select type, array_to_string(database, ','), array_to_string(user_name, ','), address, auth_method, error "
            "from pg_hba_file_rules order by line_number",
            password=True,
        ).splitlines()
    # This one speaks no TLS, which tests of the replica's do.
    errors = {row.split("|")[5] for row in rows if not row.startswith("hostssl")}
    assert errors == {""}
    methods = {row.split("|")[4] for row in rows}
    assert methods == {"scram-sha-256", "reject"}
    assert rows[-1].split("|")[0:5] == ["host", "all", "all", "all", "reject"]
    assert next(row for row in rows if row.startswith("host|replication")).endswith("|reject|")
    elsewhere = [row for row in rows if row.startswith("hostssl")]
    assert elsewhere == [
        f"hostssl|{name}|luxima_replica|10.10.10.42|scram-sha-256|hostssl record cannot match because SSL is disabled"
        for name in ("replication", "postgres")
    ]
    assert "hostnossl|all|luxima_monitor|all|reject|" in rows


def _written(folder: Path, files: dict[str, str]) -> Path:
    passwords = {
        "databasePassword": "it's a \\ password",
        "databaseMonitorPassword": "another",
        "databaseBackupPassword": "third",
        "databaseReplicaPassword": "fourth",
    }
    for name, text in {**files, **passwords}.items():
        (folder / name).write_text(text.replace(FOLDER, str(folder)))
    return folder / SCRIPT


@pytest.fixture
def fresh() -> Iterator[Postgres]:
    with Postgres() as running:
        running.sql(
            "create role authenticator login; create role luxima_monitor login; create role luxima_backup login; "
            "create role luxima_replica login;"
        )
        yield running


def test_migrations_are_applied_once_and_in_order(fresh: Postgres, tmp_path: Path) -> None:
    files = {**migrations(), "0004_more.sql": "create table internal.more ();\n"}
    script = _written(tmp_path, migration_files(files, _DAYS))
    assert (
        "0001_internal.sql: applied\n0002_backup.sql: applied\n0003_replica.sql: applied\n0004_more.sql: applied"
        in fresh.script(script)
    )
    # What somebody changed by hand is put right.
    stored = "select rolpassword from pg_authid where rolname = 'luxima_monitor'"
    by_hand = fresh.sql(f"alter role luxima_monitor password 'by hand'; {stored}")
    again = fresh.script(script)
    assert fresh.sql(stored) != by_hand
    assert "0003_replica.sql: applied before\n0004_more.sql: applied before" in again
    assert fresh.sql("select count(*) from luxima.migrations") == "4"
    assert fresh.sql("select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'luxima_monitor'") == "t"
    assert fresh.sql("select rolpassword is not null from pg_authid where rolname = 'authenticator'") == "t"
    assert (
        fresh.sql("select nspname from pg_namespace where nspname = '_supavisor'", database="_supabase") == "_supavisor"
    )


def test_rows_are_kept_as_long_as_the_settings_say_also_when_those_change(fresh: Postgres, tmp_path: Path) -> None:
    for days in (_DAYS, LogRetention(default_days=40, security_days=70, audit_days=365)):
        fresh.script(_written(tmp_path, migration_files(migrations(), days)))
        kept = [
            fresh.sql(f"select extract(day from internal.log_retention('{each}'))")  # noqa: S608 - the test's own words
            for each in ("default", "security", "audit")
        ]
        assert kept == [str(days.default_days), str(days.security_days), str(days.audit_days)]
    owner = "select proowner::regrole, proacl from pg_proc where proname = 'log_retention'"
    assert "luxima_log_keeper=X" in fresh.sql(owner)


def test_a_plan_says_what_would_be_done_and_does_nothing(fresh: Postgres, tmp_path: Path) -> None:
    script = _written(tmp_path, migration_files(migrations(), _DAYS))
    assert "0001_internal.sql: would be applied" in fresh.script(script, "--set=plan=on")
    assert fresh.sql("select count(*) from pg_namespace where nspname in ('luxima', 'internal', '_realtime')") == "0"
    assert fresh.sql("select count(*) from pg_database where datname = '_supabase'") == "0"


def test_one_that_fails_is_told_and_the_next_run_goes_on_there(fresh: Postgres, tmp_path: Path) -> None:
    first = {
        "0001_a.sql": "create table a ();\n",
        "0002_b.sql": f"begin;\n{BROKEN}commit;\n",
        "0003_c.sql": "create table c ();\n",
    }
    with pytest.raises(RefusedError, match="division by zero"):
        fresh.script(_written(tmp_path, migration_files(first, _DAYS)))
    assert fresh.sql("select string_agg(name, ',') from luxima.migrations") == "0001_a.sql"
    mended = {**first, "0002_b.sql": "create table half ();\n"}
    said = fresh.script(_written(tmp_path, migration_files(mended, _DAYS)))
    assert "0001_a.sql: applied before\n0002_b.sql: applied\n0003_c.sql: applied" in said


def test_one_that_was_changed_is_refused(fresh: Postgres, tmp_path: Path) -> None:
    fresh.script(_written(tmp_path, migration_files({"0001_a.sql": "create table a ();\n"}, _DAYS)))
    with pytest.raises(RefusedError, match=r"0001_a\.sql was changed after it had been applied: restore it"):
        fresh.script(_written(tmp_path, migration_files({"0001_a.sql": "create table b ();\n"}, _DAYS)))
    assert fresh.sql("select to_regclass('b') is null") == "t"


def test_a_second_run_waits_for_the_first(fresh: Postgres, tmp_path: Path) -> None:
    """Two at once: each migration is applied by one of them."""
    slow = {"0001_a.sql": "create table a ();\nselect pg_sleep(0.3);\n"}
    script = _written(tmp_path, migration_files(slow, _DAYS))
    said = sorted(fresh.at_once(script, script))
    assert "0001_a.sql: applied\n" in said[0]
    assert "0001_a.sql: applied before\n" in said[1]


def test_a_certificate_is_one_that_clients_check(tmp_path: Path) -> None:
    props = {"names": ["gateway", "db"], "address": "10.10.10.41", "day": "2026-11-26"}
    outs = CertificateProvider().create(props).outs
    assert outs is not None
    (tmp_path / "server.crt").write_text(outs["certificate"])
    (tmp_path / "server.key").write_text(outs["key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    knowing = ssl.create_default_context(cafile=str(tmp_path / "server.crt"))
    for name, right in (("db", True), ("gateway", True), ("elsewhere", False)):
        assert _shakes(context, knowing, name) is right


def _shakes(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return here.getpeercert() is not None
