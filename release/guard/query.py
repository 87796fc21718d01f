"""One number at a time from Prometheus or Loki: their query API is the same."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from release.web import Web, WebError

PROMETHEUS: Final = "/api/v1/query"
LOKI: Final = "/loki/api/v1/query"
LOG_TENANT: Final = "luxima"
"""Tenant of Loki that the services' lines are in."""


class Queries(Protocol):
    """Something that can be asked."""

    def value(self, query: str, at: datetime) -> float | None:
        """The one number that a query gives at a moment; None when it gives nothing, or no number.

        Raises:
            WebError: When there is no answer that can be trusted.
        """
        ...


class Source:
    """Prometheus, or Loki by `path`."""

    def __init__(
        self,
        url: str,
        path: str = PROMETHEUS,
        ca: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        loopback_only: bool = False,
    ) -> None:
        """Remember where it is.

        Args:
            url: Start of its URLs.
            path: Path of its instant queries.
            ca: File with the authorities that its certificate may come from.
            headers: Headers of every request, such as a login; never shown.
            loopback_only: Whether nobody beyond this machine is asked.
        """
        tenant = {"X-Scope-OrgID": LOG_TENANT} if path == LOKI else {}
        self._web = Web(url, ca, {**tenant, **(headers or {})}, loopback_only=loopback_only)
        self._path = path

    def value(self, query: str, at: datetime) -> float | None:
        """See `Queries`."""
        answer = self._web.get(self._path, {"query": query, "time": f"{at.timestamp():.3f}"})
        if not answer.good:
            raise WebError(f"{self._web.where} answers {answer.status} to a query")
        return _number(answer.json(), self._web.where)


def _number(body: Any, where: str) -> float | None:
    try:
        if body["status"] != "success" or body.get("warnings"):
            raise WebError(f"{where} answered a query only in part, or not at all")
        if body["data"]["resultType"] != "vector":
            raise WebError(f"{where} returned something that is not a number")
        found = body["data"]["result"]
        if len(found) > 1:
            raise WebError(f"{where} returned {len(found)} series for a query; expected 1")
        number = float(found[0]["value"][1]) if found else math.nan
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise WebError(f"{where} returned an answer in an unknown form") from None
    return number if math.isfinite(number) else None
