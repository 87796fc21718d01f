"""What backups and restores take, beside the plain tools: `python -m tests.bench.backups` prints it.

A real MinIO, PostgreSQL, pgBackRest and rclone on this machine. The job and the plain tool take turns on the same data.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.bench.measuring import Report, Run, RunError, timed
from tests.e2e.backup.database_room import BUCKET, room
from tests.e2e.backup.job import BackupJob, made
from tests.e2e.backup.replica_hosts import two_hosts
from tests.e2e.backup.stores import Store, store
from tests.waiting import wait_for

_MIB: Final = 1024**2
_SMALL: Final = (400, 64 * 1024)
_LARGE: Final = (4, 16 * _MIB)
_DAYS_OF_A_FULL: Final = 7
_PER_DAY: Final = 2
_BUDGET: Final = 180
"""Seconds after which no further round of a kind is begun."""


def _good(job: BackupJob, *words: str, key: tuple[str, str] | None = None) -> None:
    done = job.run(*words, key=key)
    if done.returncode:
        raise RunError(done.stderr)


def objects(report: Report, folder: Path, rounds: int) -> None:
    """Copies of a bucket, and the way back."""
    with store(folder, ["media"]) as server:
        files = {f"small/{number}": _SMALL[1] for number in range(_SMALL[0])}
        files |= {f"large/{number}": _LARGE[1] for number in range(_LARGE[0])}
        server.put("media", {name: secrets.token_bytes(size) for name, size in files.items()})
        total = sum(files.values())
        numbers = iter(range(1000))

        def job() -> BackupJob:
            name = f"copies-{next(numbers)}"
            server.make(name)
            told = {"kind": "object_storage", "buckets": [{"name": "media", "folder": "media"}], "keep_days": 14}
            return made(folder / name, server, {**told, "copies": name}, server.root, server.root)

        def target() -> str:
            name = f"plain-{next(numbers)}"
            server.make(name)
            return name

        plain, first = server.rclone(server.root, server.root), job()
        _good(first, "run")

        def backup_anew() -> Run:
            fresh = job()
            return timed(lambda: _good(fresh, "run"))

        def copied(source: str, remote: str) -> Run:
            to = f"{remote}:{target()}"
            return timed(lambda: plain.copy(source, to))

        def restored() -> Run:
            to = target()
            return timed(lambda: _good(first, "restore", "--what=media", f"--to={to}", key=server.root))

        backup, copy, _, back, copied_back = report.in_turns(
            {
                "objects: backup": backup_anew,
                "objects: rclone copy": lambda: copied("source:media", "target"),
                "objects: backup, nothing changed": lambda: timed(lambda: _good(first, "run")),
                "objects: restore": restored,
                "objects: rclone copy back": lambda: copied("target:copies-0/media", "source"),
            },
            rounds,
            _BUDGET,
        )
        report.compare("objects: backup / rclone copy", backup, copy)
        report.compare("objects: restore with plan and comparison / rclone copy", back, copied_back)
        for name, runs in (("backup", backup), ("restore", back)):
            report.ratios[f"objects: {name}, MiB a second"] = total / _MIB / min(run["seconds"] for run in runs)
        changed = {name: secrets.token_bytes(files[name]) for name in list(files)[:: len(files) // 4]}
        server.put("media", changed)
        before = _stored(server, "copies-0")
        _good(first, "run")
        share = sum(map(len, changed.values())) / total
        report.ratios[f"objects: bytes stored for a day in which {share:.1%} changed / bytes that changed"] = (
            _stored(server, "copies-0") - before
        ) / sum(map(len, changed.values()))


def _stored(server: Store, bucket: str) -> int:
    found = server.client.list_objects(bucket, recursive=True, include_version=True)
    return sum(each.size or 0 for each in found)


def database(report: Report, folder: Path, rows: int, rounds: int) -> None:
    """The database, and the way back until it answers."""
    with room(folder) as shop:
        shop.server.sql(
            "insert into shop.orders (word) select md5(i::text) || md5((i * 7)::text) || md5((i * 13)::text) "  # noqa: S608 - a number
            f"from generate_series(1, {rows}) as i"
        )
        shop.server.sql("checkpoint")
        # pgBackRest waits for WAL, which somebody has to push.
        shop.job.run()
        size = shop.repository.backups()[-1].size_bytes
        full = _stored(shop.store, BUCKET)

        def by_hand(kind: str) -> None:
            with shop.job.wal.pushing():
                shop.repository.say("backup", f"--type={kind}")

        moment = shop.write(["wanted"])
        shop.write(["not wanted"])
        shop.archive()

        def restored(number: int, at: datetime | None = None) -> None:
            data = shop.folder / f"data-{number}"
            shop.job.restore("", at, str(data)).run()
            with shop.restored(data) as server:
                if int(server.sql("select count(*) from shop.orders")) != rows + (1 if at else 2):
                    raise RunError("rows are missing, or more than there should be")
            shutil.rmtree(data)

        def one_schema(number: int) -> None:
            data = shop.folder / f"data-{number}"
            shop.job.restore("", None, str(data)).run()
            done = shop.schema(data, "shop", f"--to=shop_{number}")
            if done.returncode:
                raise RunError(done.stderr)
            shop.server.sql(f"drop schema shop_{number} cascade")
            shutil.rmtree(data)

        def restored_by_hand(number: int) -> None:
            data = shop.folder / f"plain-{number}"
            data.mkdir(mode=0o700)
            shop.repository.say("restore", f"--pg1-path={data}", "--type=immediate")
            shutil.rmtree(data)

        numbers = iter(range(1000))
        incremental, plain, back, plain_back, *_ = report.in_turns(
            {
                "database: backup, incremental": lambda: timed(shop.job.run),
                "database: pgbackrest backup": lambda: timed(lambda: by_hand("incr")),
                "database: restore until it answers": lambda: timed(lambda: restored(next(numbers))),
                "database: pgbackrest restore": lambda: timed(lambda: restored_by_hand(next(numbers))),
                "database: restore to a moment until it answers": lambda: timed(
                    lambda: restored(next(numbers), moment)
                ),
                "database: restore, and one schema out of it": lambda: timed(lambda: one_schema(next(numbers))),
            },
            rounds,
            _BUDGET,
        )
        report.compare("database: backup with verification / pgbackrest backup", incremental, plain)
        report.compare("database: restore with WAL until it answers / pgbackrest restore", back, plain_back)
        report.ratios["database: restore, MiB a second"] = size / _MIB / min(run["seconds"] for run in back)
        before = _stored(shop.store, BUCKET)
        shop.server.sql("update shop.orders set word = word || 'x' where id % 100 = 0")
        shop.archive()
        shop.job.run()
        one = _stored(shop.store, BUCKET) - before
        report.ratios["database: MiB"] = size / _MIB
        report.ratios["database: MiB stored by a full backup with its WAL"] = full / _MIB
        report.ratios["database: MiB stored by an incremental one after 1 % of the rows changed, with WAL"] = one / _MIB
        a_day = (full + (_DAYS_OF_A_FULL * _PER_DAY - 1) * one) / _DAYS_OF_A_FULL
        report.ratios["database: MiB stored for each day kept"] = a_day / _MIB


def replica(report: Report, rows: int, rounds: int) -> None:
    """A host with nothing, until it has all that the database has and takes what is written."""
    with two_hosts() as (first, second):
        first.lead()
        first.begin()
        first.add(1, rows)

        def anew() -> None:
            second.follow(first)
            wait_for(lambda: second.orders() == first.orders(), "all rows on the replica")

        def round_() -> Run:
            run = timed(anew)
            second.stop()
            shutil.rmtree(second.data)
            return run

        report.in_turns({"replica: anew, until it has all rows": round_}, rounds, _BUDGET)
        size = int(first.sql("select pg_database_size('postgres')"))
        report.ratios["replica: MiB of the database"] = size / _MIB


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backups", description="Measure backups and restores.")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is done (3)")
    parser.add_argument("--rows", type=int, default=500_000, help="rows of the database (500,000, about 100 MiB)")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="luxima-bench-") as temporary:
        for name in ("objects", "database"):
            (Path(temporary) / name).mkdir()
        objects(report, Path(temporary) / "objects", options.rounds)
        database(report, Path(temporary) / "database", options.rows, options.rounds)
    # A row of the other table is a third as long.
    replica(report, 3 * options.rows, options.rounds)
    for name, runs in report.runs.items():
        times = sorted(run["seconds"] for run in runs)
        sys.stdout.write(
            f"{name:50}{len(times):3} runs {times[0]:8.2f} to {times[-1]:.2f} s\n" if times else f"{name}\n"
        )
    for name, value in report.ratios.items():
        sys.stdout.write(f"{name:90}{value:9.2f}\n")
    for failure in report.failures:
        sys.stdout.write(f"FAILED {failure}\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
