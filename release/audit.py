"""Who released what, where and with which result: rows of `internal.audit_deploy` (REL-7), none of which is lost.

A row is a file first, then a request: what the database did not take is sent with the next call, the oldest first. The
database takes a row once, however often it is sent, by its id.
"""

import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from release.web import Web, WebError

Result = Literal["started", "succeeded", "failed", "rolled_back"]

_ROW: Final = ".row"
_HELD: Final = ".held"
_REFUSED: Final = ".refused"
_AT_FAULT: Final = frozenset({400, 409, 413, 422})
"""Answers that blame the row; 401, 403, 404 or 429 blame the key, the address or the load, which can be mended."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row."""

    who: str
    """Person or program."""
    what: str
    """What was done, in words."""
    stack: str
    result: Result
    when: str
    """Moment in UTC, RFC 3339."""
    slot: str | None = None
    image: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else there is to know; no secrets."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Made by who records; the same id told twice is one row."""


@dataclass(frozen=True)
class Delivery:
    """What became of the rows."""

    sent: int
    waiting: int
    """Rows that are kept for the next call."""
    problem: str | None
    """Why they wait: one sentence without a dot."""
    refused: tuple[str, ...] = ()
    """Files of rows that the database never takes; they are kept for a person."""

    @property
    def sentence(self) -> str | None:
        """What a person has to know of it; None when all is well."""
        told: list[str] = []
        if self.problem is not None:
            told.append(f"{self.waiting} audit rows are not written yet: {self.problem}")
        if self.refused:
            told.append(f"the database refused audit rows; they are kept: {', '.join(self.refused)}")
        return "; ".join(told) or None


class Audit:
    """The rows of one folder and the database they go to."""

    def __init__(self, folder: Path, url: str, key: str, ca: str | None = None, *, loopback_only: bool = False) -> None:
        """Remember where rows are kept and sent.

        Args:
            folder: Where rows wait; made when it is missing, for this user alone.
            url: `observability.alert_log_url`, to which the function's name is added.
            key: Key of the service role; never shown.
            ca: File with the authorities that the database's certificate may come from.
            loopback_only: Whether nobody beyond this machine is asked.
        """
        self._folder = folder
        bare = key.strip()
        self._web = Web(url, ca, {"apikey": bare, "Authorization": f"Bearer {bare}"}, loopback_only=loopback_only)

    def record(self, row: Row) -> Delivery:
        """Keep a row, then send all that wait."""
        self._write(row, _ROW)
        return self.flush()

    def hold(self, row: Row) -> None:
        """Keep a row of something that is about to be done; it is not sent.

        A program that is ended in between finds it when it is started anew, and knows what it was about to do.
        """
        if self._find(row.id) is None:
            self._write(row, _HELD)

    def held(self, id_: str) -> Row | None:
        """Such a row, if it is kept."""
        found = self._find(id_)
        return None if found is None else Row(**json.loads(found.read_bytes()))

    def drop(self, id_: str) -> None:
        """Forget such a row."""
        found = self._find(id_)
        if found is not None:
            found.unlink(missing_ok=True)

    def flush(self) -> Delivery:
        """Send what waits, the oldest first; stop at the first that cannot be sent now."""
        sent, refused, problem = 0, list[str](), None
        waiting = self._files(_ROW)
        for path in waiting:
            try:
                body = json.loads(path.read_bytes())
                answer = self._web.post("/record_deploy", body)
            except FileNotFoundError:
                continue  # another process has sent it
            except ValueError:
                refused.append(self._refuse(path))
                continue
            except WebError as error:
                problem = str(error)
                break
            if answer.good:
                path.unlink(missing_ok=True)
                sent += 1
            elif answer.status in _AT_FAULT:
                refused.append(self._refuse(path))
            else:
                problem = f"{self._web.where} answers {answer.status}"
                break
        return Delivery(sent, len(self._files(_ROW)), problem, tuple(refused))

    def _refuse(self, path: Path) -> str:
        apart = path.with_suffix(_REFUSED)
        path.replace(apart)
        return str(apart)

    def _files(self, suffix: str) -> list[Path]:
        """The oldest first: names begin with the moment."""
        return sorted(self._folder.glob(f"*{suffix}"))

    def _find(self, id_: str) -> Path | None:
        return next((path for path in self._files(_HELD) if path.stem.endswith(f"-{id_}")), None)

    def _write(self, row: Row, suffix: str) -> None:
        """Whole or not at all, also when the machine fails."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{time.time_ns():020d}-{row.id}{suffix}"
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(row), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._settle()

    def _settle(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
