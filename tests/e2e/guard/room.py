"""Everything a guard asks and tells: Prometheus, Alertmanager, Knot DNS and PostgreSQL, with what they read."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import dns.message
import dns.query
import dns.rdatatype
import dns.tsig
import dns.update
import yaml

from components.database import migrations
from components.dns_update import Key, standing, swap
from components.observability import alertmanager
from sandbox import credentials, process
from sandbox.layout import Layout
from sandbox.servers.base import Site
from sandbox.servers.dns import Dns
from settings import Settings
from tests.documents.alertmanager.running import Alertmanager
from tests.documents.database.postgres import Postgres
from tests.e2e.guard.programs import HOST, KEY, Emitter, Guard, Prometheus, Rpc
from tests.e2e.observability.receiving import SLACK, Web
from tests.programs import free_port
from tests.recording import stack_settings
from tools import ensure

WINDOW_SECONDS: Final = 10
MINIMUM_REQUESTS: Final = 40
_IMAGE: Final = "registry.dev.luxima.local/aceh/api@sha256:" + "a" * 64


class Room:
    """All of it; services, names and addresses are those of the dev stack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self.settings: Settings = stack_settings("dev")
        gateways = self.settings.edge.gateways
        self.blue, self.green = gateways["blue"].addresses[-1], gateways["green"].addresses[-1]
        self.fqdn, self.zone = self.settings.service_fqdn("api"), self.settings.environment.domain
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._credentials = credentials.make()
            self._knot(stack)
            self.database = stack.enter_context(Postgres())
            for script in migrations().values():
                self.database.sql(script)
            self.rpc = stack.enter_context(Rpc(self.database))
            self.web = stack.enter_context(Web())
            self.alertmanager = stack.enter_context(Alertmanager(self._routing(), self._sub("alertmanager")))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def scene(self) -> "Scene":
        """A fresh release of api to green, with metrics of its own."""
        self._number += 1
        return Scene(self, self._sub(f"scene-{self._number}"), f"dev-{self._number}")

    def addresses(self) -> list[str]:
        """Where the name server leads users."""
        (found,) = standing(self.dns.servers, self.fqdn).values()
        return list(found)

    def serial(self) -> int:
        """Number of the zone's changes."""
        answer = self._ask(dns.message.make_query(f"{self.zone}.", dns.rdatatype.SOA))
        return int(answer.answer[0].to_text().split()[6])

    def lead(self, address: str) -> None:
        """Lead users there, with the platform's own key."""
        tsig = self.settings.dns.tsig
        key = Key(tsig.name, tsig.algorithm, self._credentials.stack["dnsTsigSecret"])
        (now,) = self.addresses() or [""]
        if now != address:
            swap(self.dns, self.zone, self.fqdn, now, address, 30, key)

    def rows(self, since: str) -> list[tuple[str, str]]:
        """Result and reason of the audit rows of one release."""
        found = self.database.sql(
            "select result || '|' || (details ->> 'reason') from internal.audit_deploy"  # noqa: S608 - a test's own
            f" where details ->> 'since' = '{since}'"
        )
        return [(line.split("|")[0], line.split("|")[1]) for line in found.splitlines()]

    def plan(
        self, since: datetime, probation: float, extension: int, prometheus: str, environment: str
    ) -> dict[str, Any]:
        """What a guard is told."""
        tsig = self.settings.dns.guard_tsig
        return {
            "stack": "dev",
            "environment": environment,
            "service": "api",
            "slot": "green",
            "previous": "blue",
            "image": _IMAGE,
            "since": moment(since),
            "until": moment(since + timedelta(seconds=probation)),
            "extension_seconds": extension,
            "name": {
                "fqdn": self.fqdn,
                "zone": self.zone,
                "ttl_seconds": 30,
                "gateways": {"blue": self.blue, "green": self.green},
                "servers": [{"address": HOST, "port": self.port}],
                "tsig": {"name": tsig.name, "algorithm": tsig.algorithm},
            },
            "limits": {
                "error_percent": 5,
                "window_seconds": WINDOW_SECONDS,
                "minimum_requests": MINIMUM_REQUESTS,
                "latency_factor": 1.5,
                "error_logs": 50,
                "check_seconds": 1,
                "stale_seconds": 15,
            },
            "urls": {
                "prometheus": prometheus,
                "alertmanager": self.alertmanager.url,
                "audit": f"{self.rpc.url}/rest/v1/rpc",
                "runbooks": "https://git.luxima.id/runbooks",
                "dashboard": "https://grafana.dev.luxima.local/d/releases",
            },
        }

    @property
    def guard_secret(self) -> str:
        """Of the key that may change the services' names only."""
        return self._credentials.stack["dnsGuardTsigSecret"]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may say."""
        return (self.guard_secret, self._credentials.stack["dnsTsigSecret"], KEY)

    def _sub(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def _ask(self, query: dns.message.Message) -> dns.message.Message:
        return dns.query.tcp(query, HOST, port=self.port, timeout=60)

    def _knot(self, stack: ExitStack) -> None:
        layout = Layout("dev", self._sub("knot"))
        for folder in (layout.run, layout.logs, layout.data):
            folder.mkdir(parents=True)
        server, self.port = Dns(), free_port(datagrams=True)
        server.start(Site(layout, self.settings, self._credentials, {"dns": self.port}, ensure("knotd")))
        stack.callback(lambda: process.stop(server.records(layout)))
        tsig, first = self.settings.dns.tsig, self.settings.dns.servers[0]
        moved = first.model_copy(update={"address": HOST, "port": self.port})
        self.dns = self.settings.dns.model_copy(update={"servers": (moved,)})
        key = dns.tsig.Key(f"{tsig.name}.", self._credentials.stack["dnsTsigSecret"], tsig.algorithm)
        update = dns.update.UpdateMessage(f"{self.zone}.", keyring=key)
        update.add(f"{self.fqdn}.", 30, "A", self.blue)
        assert dns.query.tcp(update, HOST, port=self.port, timeout=60).rcode() == 0

    def _routing(self) -> dict[str, Any]:
        """The document of the stack, with those who are told here."""
        folder = self._sub("routing")
        secrets = folder / "secrets"
        secrets.mkdir()
        (folder / "templates").mkdir()
        (secrets / "telegramBotToken").write_text("1:token")
        for name in ("slackWebhookUrl", "slackSecurityWebhookUrl"):
            (secrets / name).write_text(self.web.url + SLACK)
        (secrets / "heartbeatUrl").write_text(self.web.url)
        texts = alertmanager.documents(self.settings)
        (folder / "templates" / "luxima.tmpl").write_text(texts["templates/luxima.tmpl"])
        text = texts["alertmanager.yml"].replace("/etc/alertmanager/secrets", str(secrets))
        document = yaml.load(text, yaml.CSafeLoader)
        document["templates"] = [str(folder / "templates" / "*.tmpl")]
        document["global"] |= {"telegram_api_url": self.web.url, "pagerduty_url": self.web.url + "/v2/enqueue"}
        return document


class Scene:
    """One release of api to green: users are led there, and metrics come in."""

    def __init__(self, room: Room, folder: Path, environment: str) -> None:
        self.room, self._folder = room, folder
        # An environment of its own, so that its messages are not taken for a repetition of another scene's.
        self.environment = environment
        self._guards: list[Guard] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.emitter = stack.enter_context(Emitter())
            self.traffic = self.emitter.traffic
            self.prometheus = stack.enter_context(Prometheus(self._folder / "prometheus", self.emitter))
            stack.callback(lambda: [guard.stop() for guard in self._guards])
            self._stack = stack.pop_all()
        self.room.lead(self.room.green)
        self.serial = self.room.serial()
        self.since = datetime.now(UTC).replace(microsecond=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def guard(self, probation: float = 14, extension: int = 120, *arguments: str) -> Guard:
        """Watch this release."""
        plan = self.room.plan(self.since, probation, extension, self.prometheus.url, self.environment)
        guard = Guard(self._folder / f"guard-{len(self._guards)}", plan, self.room.guard_secret, *arguments)
        self._guards.append(guard)
        return guard

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Result and reason of this release's audit rows."""
        return self.room.rows(moment(self.since))

    def messages(self, name: str) -> list[str]:
        """Where people were told of an alert of this release: paths of Telegram, Slack and others."""
        return [
            call.path for call in self.room.web.calls if name in str(call.body) and self.environment in str(call.body)
        ]

    def says_no_secret(self) -> None:
        """In no log, no row and no message."""
        said = "".join(guard.log for guard in self._guards) + str(self.rows) + str(self.room.web.calls)
        spooled = [path.read_text() for guard in self._guards for path in guard.folder.glob("spool/*")]
        for secret in self.room.secrets:
            assert secret not in said + "".join(spooled)


def moment(at: datetime) -> str:
    """As release files write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
