"""A running Alertmanager on loopback."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from components.text import to_yaml
from tests.programs import end, free_port, start
from tests.waiting import wait_for
from tools import ensure


class Alertmanager:
    """Runs with one document; it knows no peers."""

    def __init__(self, document: Mapping[str, Any], folder: Path) -> None:
        self._folder = folder
        (folder / "alertmanager.yml").write_text(to_yaml(document))
        self._address = f"127.0.0.1:{free_port()}"

    def __enter__(self) -> Self:
        command = [
            ensure("alertmanager")["alertmanager"],
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
            "--cluster.listen-address=",
        ]
        self._process = start(command, self._folder / "log")
        wait_for(self._ready, (self._folder / "log").read_text() or "a start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        end(self._process)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._address}"

    def tell(self, *labels: Mapping[str, str], resolved: bool = False) -> None:
        """Alerts as Prometheus sends them."""
        now = datetime.now(UTC)
        ends = now if resolved else now + timedelta(hours=1)
        starts = {} if resolved else {"startsAt": now.isoformat()}
        self._call([{"labels": dict(each), "endsAt": ends.isoformat(), **starts} for each in labels])

    def inhibited(self) -> set[str]:
        """Names of the alerts that are not told because of another.

        The inhibitor learns of alerts in their order, a moment after they were taken.
        It knows all when it knows the pair that is told last.
        """
        last = {"environment": "of-the-last-pair", "instance": "last"}
        self.tell({"alertname": "CertificateExpiresNow", **last})
        self.tell({"alertname": "CertificateExpiresSoon", **last})
        wait_for(lambda: any(last.items() <= each.items() for each in self._inhibited()), "the last alert was muted")
        return {each["alertname"] for each in self._inhibited() if not last.items() <= each.items()}

    def _inhibited(self) -> list[dict[str, str]]:
        return [each["labels"] for each in self._call() if each["status"]["inhibitedBy"]]

    def _ready(self) -> bool:
        try:
            self._call()
        except requests.RequestException:
            return False
        return True

    def _call(self, body: list[dict[str, Any]] | None = None) -> Any:
        url = f"{self.url}/api/v2/alerts"
        answer = requests.get(url, timeout=10) if body is None else requests.post(url, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None
