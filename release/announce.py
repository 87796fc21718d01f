"""Releases as alerts, told to Alertmanager itself: Telegram and Slack hear of them as of any other (REL-5, ALR-7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from release.web import Web, WebError

Name = Literal["ReleaseDeployed", "ReleaseRolledBack", "ReleaseInconclusive"]
NAMES: Final[tuple[Name, ...]] = ("ReleaseDeployed", "ReleaseRolledBack", "ReleaseInconclusive")
"""Names of the alerts; each has a runbook."""

_SEVERITY: Final[dict[Name, str]] = {
    "ReleaseDeployed": "info",
    "ReleaseRolledBack": "critical",
    "ReleaseInconclusive": "notice",
}
_LASTS: Final[dict[Name, timedelta]] = {
    "ReleaseDeployed": timedelta(minutes=5),
    "ReleaseRolledBack": timedelta(minutes=30),
    "ReleaseInconclusive": timedelta(minutes=30),
}
"""A release is an event, not a state: it counts as resolved after that time."""


class AnnounceError(Exception):
    """Alertmanager was not told; the text is one sentence for a person."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Announcer:
    """Tells one Alertmanager of one stack's releases."""

    url: str
    """Start of Alertmanager's URLs."""
    environment: str
    """Value of the label `environment`."""
    runbooks_url: str
    """Where docs/runbooks is published."""
    dashboard_url: str
    """The dashboard Releases."""
    ca: str | None = None
    """File with the authorities that its certificate may come from."""
    record_url: str | None = None
    """Start of the URLs of the Alertmanager that records every alert (ALR-10); without it nothing is recorded."""
    clock: Callable[[], datetime] = _now
    loopback_only: bool = False
    """Whether nobody beyond this machine is asked."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Headers of every request, such as a login; never shown."""

    def deployed(self, service: str, slot: str, image: str) -> None:
        """A slot became live."""
        self._tell(
            "ReleaseDeployed",
            service,
            slot,
            f"{service} was released to slot {slot}",
            f"Users reach {image} now; it is on probation.",
        )

    def rolled_back(self, service: str, slot: str, previous: str, reason: str) -> None:
        """A slot was taken back."""
        self._tell(
            "ReleaseRolledBack",
            service,
            slot,
            f"{service} was rolled back from slot {slot} to {previous}",
            f"{reason[:1].upper()}{reason[1:]}. Users reach slot {previous} again.",
        )

    def inconclusive(self, service: str, slot: str, reason: str) -> None:
        """A probation ended without a verdict, twice."""
        self._tell(
            "ReleaseInconclusive",
            service,
            slot,
            f"{service} in slot {slot} cannot be judged",
            f"{reason[:1].upper()}{reason[1:]}. The probation was already extended once; now a person must decide.",
        )

    def _tell(self, name: Name, service: str, slot: str, summary: str, description: str) -> None:
        now = self.clock()
        alert = {
            "labels": {
                "alertname": name,
                "severity": _SEVERITY[name],
                "kind": "release",
                "owner": "engineering",
                "service_name": service,
                "slot": slot,
                "environment": self.environment,
            },
            "annotations": {
                "summary": summary,
                "description": description,
                "runbook_url": f"{self.runbooks_url.rstrip('/')}/{name}",
                "dashboard_url": self.dashboard_url,
            },
            "startsAt": now.isoformat(),
            "endsAt": (now + _LASTS[name]).isoformat(),
        }
        for url in filter(None, (self.url, self.record_url)):
            try:
                answer = Web(url, self.ca, self.headers, loopback_only=self.loopback_only).post(
                    "/api/v2/alerts", [alert]
                )
            except WebError as error:
                raise AnnounceError(f"{name} was not announced: {error}") from None
            if not answer.good:
                raise AnnounceError(f"{name} was not announced: {url} answers {answer.status}")
