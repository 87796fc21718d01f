"""The command line in the container."""

import argparse
import configparser
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backup.database import Database
from backup.logs import Logs
from backup.objects import Objects
from backup.outcome import BackupError, Job
from backup.pgbackrest import Pgbackrest
from backup.plan import FOLDER, DatabasePlan, LogsPlan, ObjectsPlan, Plan, load
from backup.rclone import RESTORE, Rclone
from backup.serving import Serving
from backup.telling import Telling

_PATIENCE: Final = 1.5
"""Times the interval: a backup is late then, as its alert says."""
_SHOWN: Final = 20
"""Lines of a plan that are shown."""

_STATE: Final = Path("/var/lib/backup")
_TEXTFILES: Final = Path("/var/lib/node-exporter")
_SERVING: Final = Path("/tmp/serving")  # noqa: S108 - in the container, whose health is asked by it
"""It is well until the time that this file has."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m backup", description="Backups of one kind, and restores.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="plan.json, rclone.conf and authority.pem")
    parser.add_argument("--state", type=Path, default=_STATE, help="what is kept over restarts")
    parser.add_argument("--textfiles", type=Path, default=_TEXTFILES, help="what the node exporter reads")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="make backups when they are due, until the container is stopped")
    verbs.add_parser("run", help="make a backup now")
    verbs.add_parser("drill", help="restore a part of the newest backup to a folder, compare it, and throw it away")
    verbs.add_parser("status", help="say when the last good backup and restore drill were made, and what is in it")
    restore = verbs.add_parser(
        "restore",
        help="restore, and compare; the key for TO comes by standard input: its id, a new line, the key",
    )
    restore.add_argument("--what", default="", help="part that is wanted, such as media/2026; all when empty")
    restore.add_argument("--to", default="", help="bucket, or BUCKET/FOLDER, that is restored to; else beside it")
    restore.add_argument("--at", default="", help="moment in UTC, such as 2026-01-31T12:00:00Z; else the newest")
    restore.add_argument("--over", action="store_true", help="replace objects that are at TO and are others")
    restore.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line


def _rclone(folder: Path, told: Plan, state: Path, config: Path | None = None) -> Rclone:
    found = folder / "authority.pem"
    authority = found if found.is_file() else None
    return Rclone(config or folder / "rclone.conf", authority, told.deadline_seconds, room=state)


def _job(told: Plan, folder: Path, state: Path, remotes: Path | None = None) -> Job:
    match told.job:
        case ObjectsPlan():
            return Objects(told.job, _rclone(folder, told, state, remotes), lambda: datetime.now(UTC))
        case LogsPlan():
            return Logs(told.job, _rclone(folder, told, state, remotes))
        case DatabasePlan():
            return Database(told.job, Pgbackrest(folder, told.deadline_seconds), lambda: datetime.now(UTC), _say)


def _serve(serving: Serving, job: Job, ended: threading.Event, textfiles: Path) -> None:
    """Make backups when they are due."""

    def end(_number: int, _frame: object) -> None:
        ended.set()
        # What is under way is cut off as by a power cut; the next run takes it up.
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    with job.wal.pushing(textfiles) if isinstance(job, Database) else nullcontext():
        serving.forever()


def _well(seconds: float) -> None:
    _SERVING.touch()
    until = time.time() + seconds
    os.utime(_SERVING, (until, until))


def _status(told: Plan, telling: Telling) -> int:
    known = telling.told
    if not known.last_success_timestamp_seconds:
        _say(f"{told.job.kind}: no backup was made yet")
        return 1
    late = time.time() - known.last_success_timestamp_seconds > _PATIENCE * told.interval_seconds
    _say(
        f"{told.job.kind}: {_moment(known.last_success_timestamp_seconds)}{', LATE' if late else ''}, "
        f"{known.objects} objects, {known.size_bytes} bytes, in {known.duration_seconds:.0f} s; "
        f"compared {_moment(known.verified_timestamp_seconds)}; "
        f"last failure {_moment(known.last_failure_timestamp_seconds)}; "
        f"last good restore drill {_moment(known.last_drill_timestamp_seconds)}, "
        f"last failed one {_moment(known.last_drill_failure_timestamp_seconds)}"
    )
    return int(late)


def _restore(told: Plan, arguments: argparse.Namespace) -> None:
    # A database goes to a folder, by what the container knows.
    to_folder = isinstance(told.job, DatabasePlan)
    with nullcontext() if to_folder else _with_key(arguments.folder / "rclone.conf") as config:
        job = _job(told, arguments.folder, arguments.state, config)
        wanted = job.restore(arguments.what, _read(arguments.at), arguments.to)
        changes = list(wanted.plan())
        replaced = [change for change in changes if change.what == "replaced"]
        _say(f"{len(changes) - len(replaced)} objects are new at {wanted.target}, {len(replaced)} are replaced")
        for change in [*replaced, *(each for each in changes if each.what == "new")][:_SHOWN]:
            _say(f"  {change.what} {change.name}")
        if arguments.dry_run:
            return
        if replaced and not arguments.over:
            raise BackupError(
                f"{len(replaced)} objects at {wanted.target} exist and differ: name another place, or add --over"
            )
        outcome = wanted.run(over=arguments.over)
    _say(f"restored and compared: {outcome.objects} objects, {outcome.size_bytes} bytes")


def main() -> int:
    """Gives the exit code."""
    arguments = _arguments()
    try:
        told = load(arguments.folder / "plan.json")
        telling = Telling(told.job.kind, arguments.state / "told.json", arguments.textfiles)
        if arguments.verb == "restore":
            _restore(told, arguments)
            return 0
        if arguments.verb == "status":
            return _status(told, telling)
        ended, job = threading.Event(), _job(told, arguments.folder, arguments.state)
        serving = Serving(told, job, telling, arguments.state, time.time, ended.wait, _say, _well)
        if arguments.verb == "serve":
            _serve(serving, job, ended, arguments.textfiles)
        elif arguments.verb == "drill":
            serving.drill()
        else:
            serving.once()
    except BackupError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201 - a command line
        return 1
    return 0


@contextmanager
def _with_key(config: Path) -> Generator[Path]:
    """rclone.conf with a remote more, which is the server of the source with the key of who restores."""
    lines = sys.stdin.read().split()
    if len(lines) != 2:
        raise BackupError("standard input has no key: give its id in the first line and the key in the second")
    known = configparser.RawConfigParser()
    known.read(config, encoding="utf-8")
    known[RESTORE] = {**known["source"], "access_key_id": lines[0], "secret_access_key": lines[1]}
    # In no file system: whatever ends this process, the key is gone with it.
    with os.fdopen(os.memfd_create("rclone.conf"), "w", encoding="utf-8") as file:
        known.write(file)
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def _read(moment: str) -> datetime | None:
    if not moment:
        return None
    try:
        return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BackupError(f"{moment!r} is not a UTC time: give one such as 2026-01-31T12:00:00Z") from None


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}Z" if seconds else "never"
