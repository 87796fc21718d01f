"""HTTP as the release tool speaks it: bounded in time, and with errors that can be shown to anybody.

What the library says of an error may hold a header, so it is never passed on: an error is told by its kind.
"""

import base64
import ipaddress
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

CONNECT_SECONDS: Final = 3.0
"""How long a connection may take."""
ANSWER_SECONDS: Final = 10.0
"""How long an answer may take, from byte to byte."""


class WebError(Exception):
    """A request got no answer; the text is one sentence for a person and holds no secret."""


class Answer:
    """What a server said."""

    def __init__(self, response: requests.Response, where: str) -> None:
        self.status = response.status_code
        self._response = response
        self._where = where

    @property
    def reason(self) -> str:
        """What the server wrote behind the status."""
        return self._response.reason or ""

    @property
    def good(self) -> bool:
        """Whether it is of class 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body.

        Raises:
            WebError: When it is no JSON.
        """
        try:
            return self._response.json()
        except ValueError:
            raise WebError(f"{self._where} returned an answer that is not JSON (status {self.status})") from None


def login(user: str, password: str) -> dict[str, str]:
    """The header with which somebody logs in (RFC 7617)."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as its text alone says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Web:
    """One server, such as `https://prometheus.luxima.id`."""

    def __init__(
        self,
        url: str,
        ca: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        loopback_only: bool = False,
    ) -> None:
        """Remember where it is.

        Args:
            url: Start of its URLs, without user and password: those would end in logs.
            ca: File with the authorities that its certificate may come from; None for the system's.
            headers: Headers of every request; never shown.
            loopback_only: Whether nobody beyond this machine is asked, not even for the host's address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None or "@" in parts.netloc:
            raise ValueError("a URL has to be http:// or https://, with a host and without user and password")
        self.where = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._barred = loopback_only and not is_loopback(parts.hostname)
        self._session = requests.Session()
        # Neither a netrc, which would put its own Authorization in the place of ours, nor a proxy.
        self._session.trust_env = False
        self._session.verify = ca or True
        self._session.headers.update(headers or {})

    def get(self, path: str, parameters: Mapping[str, str]) -> Answer:
        """Ask for something.

        Raises:
            WebError: When there is no answer.
        """
        return self._call("GET", path, params=dict(parameters))

    def delete(self, path: str) -> Answer:
        """Remove something.

        Raises:
            WebError: When there is no answer.
        """
        return self._call("DELETE", path)

    def post(self, path: str, body: Any) -> Answer:
        """Send JSON.

        Raises:
            WebError: When there is no answer.
        """
        return self._call("POST", path, json=body)

    def send(self, path: str, form: Mapping[str, str]) -> Answer:
        """Send a form.

        Raises:
            WebError: When there is no answer.
        """
        return self._call("POST", path, data=dict(form))

    def _call(self, method: str, path: str, **more: Any) -> Answer:
        if self._barred:
            raise WebError(f"{self.where} is not asked: it is not on loopback")
        timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            # A redirect would carry the headers to somebody else.
            response = self._session.request(
                method, f"{self.where}{path}", timeout=timeout, allow_redirects=False, **more
            )
        except requests.Timeout:
            raise WebError(f"{self.where} does not answer in time") from None
        except requests.exceptions.SSLError:
            raise WebError(f"{self.where} has a certificate that is not trusted here") from None
        except requests.ConnectionError:
            raise WebError(f"{self.where} cannot be reached") from None
        except (requests.RequestException, OSError) as error:
            raise WebError(f"{self.where} cannot be asked ({type(error).__name__})") from None
        return Answer(response, self.where)
