"""Those who are told: a web server in place of Slack, PagerDuty, Telegram, the heartbeat's service and the database's
gateway, and a mail server with STARTTLS; both only take down what they get."""

import base64
import email
import email.policy
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from tests.serving import Answer, Asked, Serving

SLACK: Final = "/slack/alerts"
SECURITY: Final = "/slack/security"
PAGERDUTY: Final = "/v2/enqueue"
HEARTBEAT: Final = "/heartbeat"
RECORD: Final = "/rest/v1/rpc/record_alert"
_ANSWER: Final = {"ok": True, "status": "success", "result": {"message_id": 1, "date": 0, "chat": {"id": 1}}}
"""What each of them says; without `result`, which is Telegram's, Alertmanager ends with a panic."""


@dataclass(frozen=True)
class Call:
    """A request that came in."""

    at: float
    """When, `time.monotonic()`."""
    path: str
    body: Any
    headers: dict[str, str]
    """Names in lower case."""
    answer: int
    """Status that it was answered with."""


@dataclass(frozen=True)
class Mail:
    """A message that came in."""

    at: float
    """When, `time.monotonic()`."""
    to: tuple[str, ...]
    """Of the envelope."""
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""


@dataclass
class Web(Serving):
    """Takes POST requests of any path."""

    calls: list[Call] = field(default_factory=list[Call])
    failing: set[str] = field(default_factory=set[str])
    """Paths that are answered with 503."""

    def answer(self, asked: Asked) -> Answer:
        good = 202 if asked.path == PAGERDUTY else 200
        status = 503 if asked.path in self.failing else good
        self.calls.append(Call(time.monotonic(), asked.path, json.loads(asked.body), dict(asked.headers), status))
        return Answer(status, json.dumps(_ANSWER).encode(), {"Content-Type": "application/json"})

    def to(self, path: str, since: float = 0) -> list[Call]:
        """What came to a path and was taken, the oldest first."""
        return [call for call in list(self.calls) if call.path == path and call.at >= since and call.answer < 300]


class MailServer:
    """Takes mail from who encrypts and signs in; one thread for each connection."""

    def __init__(self, certificate: Path, key: Path, user: str, password: str) -> None:
        self.mails: list[Mail] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        credentials = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        keep = self.mails.append

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _Session(self, context, credentials, keep).run()

        class Sockets(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Sockets(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def to(self, *addresses: str, since: float = 0) -> list[Mail]:
        """Messages to exactly these, the oldest first."""
        return [mail for mail in list(self.mails) if set(mail.to) == set(addresses) and mail.at >= since]


class _Session:
    """The few words of SMTP that a sender needs."""

    def __init__(
        self,
        handler: socketserver.StreamRequestHandler,
        context: ssl.SSLContext,
        credentials: str,
        keep: Callable[[Mail], None],
    ) -> None:
        self._socket, self._read, self._write = handler.request, handler.rfile, handler.wfile
        self._context, self._credentials, self._keep = context, credentials, keep
        self._encrypted = self._known = False
        self._to: list[str] = []

    def run(self) -> None:
        self._say("220 ready")
        while line := self._read.readline():
            command, _, rest = line.decode().strip().partition(" ")
            if command.upper() == "QUIT":
                self._say("221 bye")
                return
            self._do(command.upper(), rest)

    def _do(self, command: str, rest: str) -> None:
        if command == "EHLO":
            self._say("250-hello", "250 AUTH PLAIN" if self._encrypted else "250 STARTTLS")
        elif command == "STARTTLS":
            self._say("220 go on")
            self._socket = self._context.wrap_socket(self._socket, server_side=True)
            self._read, self._write = self._socket.makefile("rb"), self._socket.makefile("wb")
            self._encrypted = True
        elif command == "AUTH":
            self._known = self._encrypted and rest == f"PLAIN {self._credentials}"
            self._say("235 welcome" if self._known else "535 unknown")
        elif command == "RCPT" and self._known:
            self._to.append(rest.partition("<")[2].partition(">")[0])
            self._say("250 fine")
        elif command == "DATA" and self._known:
            self._say("354 go on")
            self._take()
            self._say("250 taken")
        else:
            self._say("250 fine" if self._known else "530 sign in first")

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self._read.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self._keep(Mail(time.monotonic(), tuple(self._to), message))
        self._to = []

    def _say(self, *lines: str) -> None:
        self._write.write("".join(f"{line}\r\n" for line in lines).encode())
        self._write.flush()
