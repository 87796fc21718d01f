"""PostgreSQL, backed up by the real pgBackRest to a real MinIO: lost, damaged, and brought back, row by row (BAK-1)."""

import io
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from backup.drill import thrown_away
from backup.outcome import BackupError
from tests.e2e.backup.database_room import BUCKET, ROOT_KEY, SECRETS, Room, room
from tests.e2e.backup.held import held
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Room]:
    """A database of which there is one full backup, with some rows in it."""
    with room(tmp_path_factory.mktemp("storage")) as made:
        made.write(["first", "second"])
        outcome = made.job.run()
        assert outcome.verified, made.said
        assert outcome.objects > 900
        yield made


def _restored(shop: Room, at: datetime | None, name: str) -> list[str]:
    """Rows of a new database."""
    data = shop.folder / name
    wanted = shop.job.restore("", at, str(data))
    assert wanted.run().verified
    assert (shop.folder / f"{name}-pgsodium_root.key").read_text() == ROOT_KEY
    with shop.restored(data) as server:
        assert not (data / "luxima-wal").exists()
        return server.rows()


def test_a_moment_is_restored_beside_the_database(shop: Room) -> None:
    moment = shop.write(["before one", "before two"])
    wanted = shop.server.rows()
    shop.server.sql("update shop.orders set word = 'spoilt'")
    assert shop.job.run().verified, shop.said
    shop.archive()
    assert [each.full for each in shop.repository.backups()][:2] == [True, False]
    assert _restored(shop, moment, "moment") == wanted
    assert {row.partition("|")[2] for row in shop.server.rows()} == {"spoilt"}


def test_a_database_that_is_gone_is_restored_and_backed_up_again(shop: Room) -> None:
    shop.write(["the last one"])
    shop.archive()
    wanted = shop.server.rows()
    shop.server.__exit__()
    shutil.rmtree(shop.data)
    shop.job.restore("", None, str(shop.data)).run()
    shop.server.__enter__()
    assert shop.server.rows() == wanted
    # On another timeline.
    shop.write(["after it"])
    assert shop.job.run().verified, shop.said
    shop.archive()
    assert _restored(shop, None, "again") == shop.server.rows()


def test_what_was_killed_is_done_again(shop: Room) -> None:
    backup = shop.command("run", state="killed")
    _killed(backup, "backup")
    again = shop.command("run", state="killed")
    said = again.communicate(timeout=120)[0]
    assert again.returncode == 0, said
    assert "compared" in said
    shop.archive()
    data = shop.folder / "killed-data"
    restore = shop.command("restore", f"--to={data}")
    _killed(restore, "restore")
    assert not data.exists()
    assert shop.folder.joinpath("killed-data.restoring").exists()
    again = shop.command("restore", f"--to={data}")
    said = again.communicate(timeout=120)[0]
    assert again.returncode == 0, said
    with shop.restored(data) as server:
        assert server.rows() == shop.server.rows()


def _held(process: "subprocess.Popen[str]", word: str) -> psutil.Process:
    def at_it(child: psutil.Process) -> bool:
        # It has helpers of its own; so has the shell that begins it, when nothing is locked yet.
        told = child.cmdline()
        return word in told and Path(told[0]).name == "pgbackrest" and bool(child.children())

    return held(process, at_it)


def _killed(process: "subprocess.Popen[str]", word: str) -> None:
    """Kill it and its children while pgBackRest is at it."""
    child = _held(process, word)
    # Whoever sees an end cannot do anything any more.
    for each in [psutil.Process(process.pid), child, *child.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    process.wait(60)


def test_two_at_once_are_one(shop: Room) -> None:
    """Also when neither sees the other's lock: pgBackRest has one of its own."""
    first = shop.command("run", state="one")
    child = _held(first, "backup")
    second = shop.command("run", state="two")
    said = second.communicate(timeout=120)[0]
    child.resume()
    assert (second.returncode, "unable to acquire lock" in said) == (1, True), said
    said = first.communicate(timeout=120)[0]
    assert first.returncode == 0, said


@pytest.mark.parametrize("damage", ["a bit", "the end", "all"])
def test_damage_is_noticed(shop: Room, damage: str) -> None:
    files = [name for name in shop.store.content(BUCKET, "database/backup/") if "/pg_data/base/" in name]
    segments = [name for name in shop.store.content(BUCKET, "database/archive/") if name.endswith(".zst")]
    for name in (f"database/backup/{max(files)}", f"database/archive/{min(segments)}"):
        shop.said.clear()
        answer = shop.store.client.get_object(BUCKET, name)
        content = answer.read()
        half = len(content) // 2
        _put(
            shop,
            name,
            {
                "a bit": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
                "the end": content[:half],
                "all": b"",
            }[damage],
        )
        try:
            assert not shop.job.verify()[1], name
        finally:
            _put(shop, name, content)
        assert "damage" in shop.said[-1]
    assert shop.job.verify()[1]


def _put(shop: Room, name: str, content: bytes) -> None:
    shop.store.client.put_object(BUCKET, name, io.BytesIO(content), len(content))


def test_another_passphrase_is_refused(shop: Room) -> None:
    job = shop.backup(shop.documents("another-passphrase", "other"))
    before = set(shop.store.content(BUCKET))
    for attempt in (job.run, job.restore("", None, f"{shop.folder}/other-data").run):
        with pytest.raises(BackupError, match="or the passphrase is not the one") as refused:
            attempt()
        assert "another-passphrase" not in str(refused.value)
    assert set(shop.store.content(BUCKET)) == before


def test_the_repository_is_unreadable_and_secrets_are_nowhere(shop: Room) -> None:
    shop.write(["a word that nobody may read"])
    seen, said = set[str](), ""

    def both_seen() -> bool:
        nonlocal said
        process = shop.command("run")
        running = psutil.Process(process.pid)
        while process.poll() is None:
            for each in running.children(recursive=True):
                with suppress(psutil.Error):
                    seen.add(f"{each.cmdline()} {each.environ()}")
        said += process.communicate()[0]
        assert process.returncode == 0, said
        return all(any(word in each for each in seen) for word in ("archive-push", "'backup'"))

    wait_for(both_seen, "a run of which neither was over before it was looked at")
    shop.archive()
    for secret in (*SECRETS.values(), ROOT_KEY):
        assert secret not in str(seen) + said + str(shop.said)
    for name, content in shop.store.content(BUCKET).items():
        for secret in ("a word that nobody may read", "shop.orders", *SECRETS.values(), ROOT_KEY):
            assert secret.encode() not in content, name
    assert all(name.startswith("database/") for name in shop.store.content(BUCKET))


def test_a_restore_that_cannot_be_is_refused_before_it_begins(shop: Room) -> None:
    early, late = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
    full = shop.folder / "full"
    full.mkdir()
    (full / "a-file").touch()
    for at, to, words in (
        (None, shop.data, "belongs to a PostgreSQL that runs"),
        (None, full, "is not empty"),
        (None, Path("data"), "give an absolute path"),
        (None, shop.folder / "no" / "data", "mount the new volume there"),
        (early, shop.folder / "early", "2020-01-01T00:00:00Z is in no backup: give a moment after"),
        (late, shop.folder / "late", "is in no backup"),
    ):
        with pytest.raises(BackupError, match=words):
            list(shop.job.restore("", at, str(to)).plan())
        with pytest.raises(BackupError, match=words):
            shop.job.restore("", at, str(to)).run()
    assert not list(shop.folder.glob("*.restoring"))
    with pytest.raises(BackupError, match="a database is restored whole"):
        shop.job.restore("shop", None, f"{shop.folder}/one")


def test_wal_waits_while_the_storage_is_away(shop: Room) -> None:
    """And is pushed in order when it is back; PostgreSQL goes on."""
    config = shop.folder / "job" / "pgbackrest.conf"
    text = config.read_text()
    config.write_text(text.replace("localhost", "localhost.invalid").replace("io-timeout=60", "io-timeout=1"))
    shop.write(["while it is away"])
    shop.server.sql("select pg_switch_wal()")
    wait_for(shop.job.wal.waiting, "a segment in the spool")
    with pytest.raises(BackupError, match=r"localhost\.invalid"):
        shop.job.wal.push()
    assert shop.job.wal.waiting()
    assert shop.job.wal.behind_seconds > 0
    config.write_text(text)
    shop.archive()
    assert not shop.job.wal.waiting()
    assert _restored(shop, None, "away") == shop.server.rows()


def test_a_drill_restores_the_newest_backup_and_leaves_nothing(shop: Room) -> None:
    """A bit that is flipped in it, or in the vault's key, makes the drill fail."""
    assert shop.job.run().verified, shop.said
    begun, drills = shop.repository.backups()[-1].begun, shop.folder / "job" / "drill"
    with thrown_away(drills) as folder:
        assert shop.job.drill(folder, begun).objects > 900
    with thrown_away(drills) as folder, pytest.raises(BackupError, match="and a newer one was made"):
        shop.job.drill(folder, datetime.now(UTC) + timedelta(hours=1))
    backup = f"database/backup/main/{shop.repository.backups()[-1].label}/pg_data/base/"
    table = backup + max(shop.store.content(BUCKET, backup))
    (key,) = (name for name in shop.store.content(BUCKET) if "/root-key-" in name)
    for name, words in ((table, "pgbackrest restore"), (key, "the vault's key that was restored is not root-key-")):
        content = shop.store.content(BUCKET, name)[""]
        half = len(content) // 2
        _put(shop, name, content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :])
        try:
            with thrown_away(drills) as folder, pytest.raises(BackupError, match=words):
                shop.job.drill(folder, begun)
        finally:
            _put(shop, name, content)
    assert not drills.exists()


def test_one_schema_is_brought_back_beside_and_in_its_place(shop: Room) -> None:
    """Rows, sequences, rights and functions; what is there stays, and nothing is changed when a row would differ."""
    shop.server.sql(
        "create function shop.one() returns int language sql as 'select 1'; create view shop.few as select id from "
        "shop.orders; grant select on shop.orders to luxima_backup; create table shop.more (kind text[]); "
        "insert into shop.more values ('{a,b}'); alter table shop.orders enable row level security; "
        "create policy everybody on shop.orders using (true)"
    )
    moment, data = shop.write(["wanted"]), shop.folder / "schema"
    wanted = shop.server.rows()
    shop.server.sql("delete from shop.orders; drop view shop.few")
    shop.archive()
    shop.job.restore("", moment, str(data)).run()
    live = shop.server.sql("select count(*) from shop.orders")
    planned = shop.schema(data, "shop", "--dry-run")
    assert "schema shop_restored: new, with 3 tables and sequences" in planned.stdout, planned.stderr
    assert f"orders|{len(wanted)}" in planned.stdout
    assert "shop_restored" not in shop.server.sql("select string_agg(nspname, ',') from pg_namespace")

    beside = shop.schema(data, "shop")
    assert beside.returncode == 0, beside.stderr
    assert shop.server.sql("select id, word from shop_restored.orders order by id").splitlines() == wanted
    assert shop.server.sql("select count(*) from shop.orders") == live == "0"
    assert (
        "schema shop is there: name another with --to, or add --over" in shop.schema(data, "shop", "--to=shop").stderr
    )
    shop.server.sql("create view public.leans as select id from shop.orders")
    assert "leans lean on schema shop and" in shop.schema(data, "shop", "--to=shop", "--over").stderr
    shop.server.sql("drop view public.leans")

    replaced = shop.schema(data, "shop", "--to=shop", "--over")
    assert replaced.returncode == 0, replaced.stderr
    assert shop.server.rows() == wanted
    old = replaced.stdout.partition("is schema ")[2].partition(":")[0]
    assert shop.server.sql(f"select count(*) from {old}.orders") == live  # noqa: S608 - the test's own words
    assert int(shop.server.sql("select nextval('shop.orders_id_seq')")) > int(wanted[-1].partition("|")[0])
    assert shop.server.sql("select polname from pg_policy where polrelid = 'shop.orders'::regclass") == "everybody"

    # A trigger on all of the database changes what is loaded.
    shop.server.sql(
        "create function public.spoil() returns event_trigger language plpgsql as $$ begin if exists (select from "
        "pg_class where oid = to_regclass('shop.more')) then delete from shop.more; end if; end $$; "
        "create event trigger spoil on ddl_command_end when tag in ('GRANT', 'ALTER TABLE') execute function "
        "public.spoil()"
    )
    spoilt = shop.schema(data, "shop", "--to=third")
    shop.server.sql("drop event trigger spoil")
    assert "rows differ from those that were restored: nothing was changed" in spoilt.stderr
    assert shop.server.sql("select count(*) from pg_namespace where nspname in ('third', 'luxima_aside')") == "0"
    assert shop.server.rows() == wanted
    assert "schema nothing is not in" in shop.schema(data, "nothing").stderr
    assert SECRETS["root"] not in planned.stdout + beside.stderr + replaced.stdout + spoilt.stderr
    assert not list(shop.folder.glob("tmp.*"))
