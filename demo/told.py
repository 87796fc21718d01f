"""What the guards of a release tell, and what is recorded of it: lines of their logs, and rows of the audit."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import urllib3
from kubernetes import client, config  # pyright: ignore[reportMissingTypeStubs]

from demo.model import Record, Verdict
from settings.values import Slot

_PAUSE_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 10
_GUARDS: Final = "app.kubernetes.io/name=release-guard"
_LINE: Final = re.compile(r"^\S+Z \S+ (?P<slot>blue|green): (?P<text>.*)$")
"""As every guard says it, after the moment."""
_KEPT: Final = "kept: "
"""Before a row of the audit that could not be written now."""
_OF_THE_DATABASE: Final = ("audit rows", "was not announced", "left untold")
"""What a guard says because the sandbox has no database and no receivers."""

Clock = Callable[[datetime], float]
"""Gives a moment as seconds since the first request."""


class Told:
    """Verdicts and records of a run, as they come."""

    def __init__(self, clock: Clock, heard: Callable[[Verdict], None]) -> None:
        """Begin with none.

        Args:
            clock: Gives the place of a moment in the run.
            heard: Told of each verdict.
        """
        self._clock, self._heard = clock, heard
        self.verdicts: list[Verdict] = []
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._lines: dict[str, int] = {}
        self._over = threading.Event()

    def take(self, line: str, guard: Literal["in the cluster", "on the command line"], when: datetime) -> None:
        """Take a line that may be a guard's."""
        found = _LINE.match(line)
        if found is None:
            return
        slot, text = cast("Slot", found["slot"]), found["text"]
        if text.startswith(_KEPT):
            self._keep(json.loads(text.removeprefix(_KEPT)))
        elif not any(words in text for words in _OF_THE_DATABASE):
            verdict = Verdict(at=round(self._clock(when), 1), guard=guard, slot=slot, text=text)
            self.verdicts.append(verdict)
            self._heard(verdict)

    def take_rows(self, folder: Path) -> None:
        """Take the rows of the audit that wait in a folder, since there is no database."""
        for path in sorted(folder.glob("*.row")):
            self._keep(json.loads(path.read_bytes()))

    def _keep(self, row: Mapping[str, Any]) -> None:
        # Two guards of a release tell the same row: the first to say it is who did it.
        self._rows.setdefault(str(row["id"]), row)

    @property
    def records(self) -> tuple[Record, ...]:
        """All rows, in their order in time."""
        return tuple(sorted(map(self._record, self._rows.values()), key=lambda record: record.at))

    def _record(self, row: Mapping[str, Any]) -> Record:
        at = round(self._clock(datetime.fromisoformat(str(row["when"]))), 1)
        plain = {name: str(row[name] or "") for name in ("who", "what", "slot", "image", "result")}
        return Record(at=at, **plain)

    def watch(self, kubeconfig: Path, namespace: str) -> threading.Thread:
        """Read the logs of the guards in the cluster until `end`; gives the thread, which is started."""
        load: Any = config.new_client_from_config  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        api: Any = client.CoreV1Api(load(config_file=str(kubeconfig), persist_config=False))

        def run() -> None:
            while not self._over.wait(_PAUSE_SECONDS):
                for name, text in _logs(api, namespace):
                    self.read(name, text.splitlines())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        """No log is read any more."""
        self._over.set()

    def read(self, name: str, lines: list[str]) -> None:
        """Take what is new of a log in which each line begins with the moment that it was written at."""
        for line in lines[self._lines.get(name, 0) :]:
            moment, _, rest = line.partition(" ")
            self.take(rest, "in the cluster", datetime.fromisoformat(moment))
        self._lines[name] = max(len(lines), self._lines.get(name, 0))


def _logs(api: Any, namespace: str) -> Iterable[tuple[str, str]]:
    """Name and log of every guard; one that has not begun, or is gone, is looked for again."""
    try:
        for pod in api.list_namespaced_pod(namespace, label_selector=_GUARDS, _request_timeout=_ANSWER_SECONDS).items:
            name = pod.metadata.name
            yield (
                name,
                api.read_namespaced_pod_log(name, namespace, timestamps=True, _request_timeout=_ANSWER_SECONDS),
            )
    except (client.ApiException, urllib3.exceptions.HTTPError):
        return
