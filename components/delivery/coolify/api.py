"""How Coolify's API is asked, and what its refusals mean for a person.

It takes 200 requests a minute and then says how long to wait. What it says of a variable is never shown: it could have
the value in it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import requests

_SECONDS: Final = 30
"""How long an answer may take."""
_WAITED_SECONDS: Final = 300
"""How long one request waits at most until it is let in."""
_TRIES: Final = 3
"""How often is asked what fails on the server's side, where asking twice does no harm."""
_REPEATABLE: Final = frozenset({"GET", "PATCH", "DELETE"})
_STEP: Final = "docs/how-to/add-an-application.md says how, in `The first token`"


Content = dict[str, Any]
"""What Coolify tells of one thing."""


class CoolifyError(Exception):
    """What Coolify did not do, and what a person does about it."""


class Api:
    """Coolify's API with one token.

    Args:
        endpoint: URL of Coolify, without a path.
        token: API token; secret.
        pause: Waits for some seconds.
    """

    def __init__(self, endpoint: str, token: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._base = f"{endpoint.rstrip('/')}/api/v1"
        self._token = token
        self._pause = pause

    def get(self, path: str, what: str) -> Content | None:
        """What is at a path; None when there is nothing."""
        return self._ask("GET", path, what)

    def listed(self, path: str, what: str) -> list[Content]:
        """All that is at a path."""
        return self._ask("GET", path, what) or []

    def send(
        self, method: str, path: str, what: str, body: Mapping[str, Any], *, known: tuple[int, ...] = ()
    ) -> Content:
        """Make or change something.

        Args:
            method: POST or PATCH.
            path: Below /api/v1.
            what: Names it in an error.
            body: What is sent; it may hold secrets.
            known: Refusals that the caller has an answer to: they give nothing.
        """
        return self._ask(method, path, what, body, known) or {}

    def delete(self, path: str, what: str) -> None:
        """Remove something; what is not there is removed."""
        self._ask("DELETE", path, what)

    def wait_gone(self, path: str, what: str) -> None:
        """Wait until something that Coolify removes by and by is not there any more."""
        for tried in range(60):
            if self.get(path, what) is None:
                return
            self._pause(min(0.2 * 2**tried, 5))
        raise CoolifyError(
            f"{what} is still there minutes after Coolify took its removal: see its page, then run again"
        )

    def _ask(
        self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None, known: tuple[int, ...] = ()
    ) -> Any:
        waited, tries = 0.0, 1
        while True:
            answer = self._once(method, path, what, body)
            status = answer.status_code
            if status == 429 and waited < _WAITED_SECONDS:
                seconds = _seconds(answer.headers.get("Retry-After"))
                self._pause(seconds)
                waited += seconds
            elif status >= 500 and method in _REPEATABLE and tries < _TRIES:
                self._pause(tries)
                tries += 1
            else:
                break
        if status in known or (status == 404 and method != "PATCH" and method != "POST"):
            return None
        if status not in (200, 201):
            raise CoolifyError(f"{method} of {what}: {_meaning(answer, method, shown='/envs' not in path)}")
        try:
            return answer.json()
        except requests.JSONDecodeError:
            raise CoolifyError(f"{method} of {what}: what answers at {self._base} is not Coolify's API") from None

    def _once(self, method: str, path: str, what: str, body: Mapping[str, Any] | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            # Another host is never told the token.
            return requests.request(
                method, f"{self._base}{path}", json=body, headers=headers, timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise CoolifyError(
                f"{method} of {what}: Coolify does not answer at {self._base} ({type(error).__name__}); it is let in "
                "from edge.trusted_networks. Run again when it is back: what was done is found by its name"
            ) from None


def _seconds(text: str | None) -> float:
    return max(float(text), 1.0) if text is not None and text.isdigit() else 10.0


def _content(answer: requests.Response) -> Content:
    try:
        found: object = answer.json()
    except requests.JSONDecodeError:
        return {}
    return cast("Content", found) if isinstance(found, dict) else {}


def _meaning(answer: requests.Response, method: str, *, shown: bool) -> str:
    content, status = _content(answer), answer.status_code
    said = str(content.get("message", ""))
    if status == 401:
        return f"the API token is not known (401); make another one, set it as luxima:coolifyApiToken: {_STEP}"
    if status == 403:
        off = "disabled" in said
        why = "its API is off" if off else f"the token may not do that ({said}); it needs read and write"
        return f"{why} (403): {_STEP}"
    if status == 409:
        clash = ", ".join(str(each.get("domain")) for each in content.get("conflicts", []))
        return f"{said or 'it is there already'} ({clash or 409}); give another name, or remove what has it"
    if status == 422:
        errors: Any = content.get("errors", {})
        told = f"{errors}" if shown else ", ".join(errors)
        return f"Coolify refuses it (422): {told or said}"
    if status == 429:
        return "Coolify takes no more requests (429), and was waited for; run again later"
    again = (
        "" if method in _REPEATABLE else "; it may have been done all the same: run again, and it is found by its name"
    )
    return f"Coolify answers {status} {said if shown else ''}{again}"
