"""Connects the release tool to the real world: the engine, the name servers, the gateways, the repository."""

import contextlib
import datetime
import json
import re
import shlex
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from components.dns_update import Key
from components.programs import CLIENT_SECRETS, RELEASE_CLIENT
from release import lock
from release.announce import Announcer
from release.audit import Audit
from release.cluster import Cluster, ClusterError
from release.context import Context
from release.docker import Docker
from release.errors import ReleaseError
from release.gateway_checks import GatewayChecks, Https
from release.guard.query import LOKI, PROMETHEUS, Source
from release.name_servers import NameServers
from release.notifications import Notifications
from release.promotion import Promotion
from release.pulumi_engine import PulumiEngine
from release.registry.clean import ACCEPT, Access
from release.registry.objects import Bucket
from release.repository import Repository
from release.snapshots import Hypervisor, Making, Manifests
from release.state import ReleaseFile
from release.web import Web, login
from settings import Settings, SettingsError, load
from settings.loading import check, unknown

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

_NAMED = re.compile("`(?:release) ([^`]+)`")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the operator gave."""

    stack: str
    who: str
    project: Path
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])
    authorities: str | None = None
    commits: bool = True
    pushes: bool = False
    dry_run: bool = False
    timeout_seconds: float = 180
    loopback_only: bool = False
    typed_as: str = "python -m release {verb} --stack {stack}"
    root: Path = ROOT

    def typed(self, sentence: str) -> str:
        """A sentence with every command that it names, `release VERB …`, as it is typed here."""
        return _NAMED.sub(lambda found: f"`{self.typed_as.format(verb=found[1], stack=self.stack)}`", sentence)


def require_service(options: Options, service: str | None) -> None:
    """See that the stack's file names a service, before the engine or any server is looked for.

    Raises:
        ReleaseError: When it does not; names those that it has.
    """
    if service is None or not (options.root / f"Pulumi.{options.stack}.yaml").is_file():
        return
    try:
        known = check(options.stack, options.root).services
    except SettingsError as error:
        raise ReleaseError(str(error)) from None
    if service not in known:
        raise ReleaseError(f"{service} is not a service of stack {options.stack}; services: {', '.join(known)}")


@dataclass
class Connections:
    """What the release tool connects to, for one stack and one operator."""

    options: Options
    say: Callable[[str], None]
    engine: PulumiEngine = field(init=False)
    settings: Settings = field(init=False)
    _secrets: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        options = self.options
        log = lock.folder(options.root) / f"{options.stack}.log"
        missing = unknown(options.stack, options.root, "--stack")
        if missing:
            raise ReleaseError(missing)
        self.engine = PulumiEngine(options.root, options.project, options.stack, log)
        given, secret = self.engine.configuration()
        try:
            self.settings = load(given, secret, options.stack, options.root)
        except SettingsError as error:
            raise ReleaseError(str(error)) from None
        self._secrets = {key: given[key] for key in secret}

    @contextlib.contextmanager
    def context(self, what: str) -> Generator[Context]:
        """What a command works with, while it holds the stack's lock; a dry run takes no lock and writes nothing.

        Args:
            what: The command, for whoever finds the stack held.
        """
        options, now = self.options, self.now()
        if options.dry_run:
            yield self.make()
            return
        with lock.held(options.root, options.stack, what, options.who, now) as journal:
            if journal.left:
                self.say(f"the previous run did not finish: {journal.left}; `release status` says what is left to do")
            yield self.make(journal)

    def make(self, journal: lock.Journal | None = None) -> Context:
        """What a command works with; without a journal, which comes with the lock, it can only look."""
        options, settings = self.options, self.settings
        return Context(
            stack=options.stack,
            settings=settings,
            file=ReleaseFile(options.root, options.stack),
            engine=self.engine,
            names=NameServers(settings, self.key()),
            gateways=GatewayChecks(
                Https(options.addresses, options.authorities, options.loopback_only),
                self._cluster,
                self.say,
                options.timeout_seconds,
            ),
            notifier=Notifications(options.stack, options.who, self.audit(), self.announcer(), self.now, self.say),
            history=self.repository(),
            clock=self.now,
            say=self.say,
            look=_silent if journal is None else journal.look,
            step=_silent if journal is None else journal.step,
            dry_run=options.dry_run,
        )

    @staticmethod
    def now() -> datetime.datetime:
        """The time."""
        return datetime.datetime.now(datetime.UTC)

    def repository(self) -> Repository:
        """The checkout's repository."""
        options = self.options
        return Repository(options.root, options.stack, self.say, options.commits, options.pushes)

    def key(self) -> Key:
        """The platform's TSIG key."""
        tsig = self.settings.dns.tsig
        return Key(tsig.name, tsig.algorithm, self._secrets.get("luxima:dnsTsigSecret", ""))

    def registry(self, docker: str | None) -> Access:
        """The image registry, its bucket, and Docker on its host.

        Args:
            docker: Command that runs Docker there; None for SSH.

        Raises:
            ReleaseError: When the stack has none yet.
        """
        settings, options, outputs = self.settings, self.options, self.engine.outputs()
        if "registryPushPassword" not in outputs:
            raise ReleaseError(f"stack {options.stack} has no registry yet; run `pulumi up` first")
        key = cast("dict[str, str]", outputs["registryReadKey"])
        known = login(str(outputs["registryPushUser"]), str(outputs["registryPushPassword"]))
        return Access(
            Bucket(
                settings.storage.endpoint,
                settings.storage.region,
                settings.storage.bucket_name("registry"),
                key["accessKey"],
                key["secretKey"],
                options.authorities,
            ),
            Web(
                f"https://{settings.environment.registry_host}",
                options.authorities,
                {**known, **ACCEPT},
                loopback_only=options.loopback_only,
            ),
            self._docker(settings.registry_address, docker),
        )

    def promotion(self, old: str | None, new: str | None) -> Promotion:
        """What promotes the database's replica.

        Args:
            old: Command that runs Docker on the database's host; None for SSH.
            new: The same on the replica's.
        """
        settings, options = self.settings, self.options
        file = options.root / f"Pulumi.{options.stack}.yaml"
        hosts = settings.database_host, settings.database_replica
        addresses = ["" if host is None else host.address for host in hosts]
        return Promotion(settings, file, self._docker(addresses[0], old), self._docker(addresses[1], new), self.say)

    def _docker(self, address: str, given: str | None) -> Docker:
        login = f"{self.settings.compute.ssh.user}@{address}"
        return Docker(shlex.split(given)) if given else Docker.over_ssh(login)

    def snapshots(self) -> Making:
        """The snapshots of the stack's Docker hosts, by the token that makes the machines."""
        options, known = self.options, {"Authorization": f"PVEAPIToken={self._secrets['luxima:proxmoxApiToken']}"}
        web = Web(self.settings.compute.endpoint, options.authorities, known, loopback_only=options.loopback_only)
        releases = ReleaseFile(options.root, options.stack).read().releases
        return Making(Hypervisor(web), self.settings, options.stack, releases, self.say, self.now)

    def manifests(self) -> Manifests:
        """What the services run in the cluster, for each revision."""
        releases = ReleaseFile(self.options.root, self.options.stack).read().releases
        return Manifests(self._cluster, self.settings, self.options.stack, releases, self.say, self.now)

    def audit(self) -> Audit:
        """The audit's rows; those that wait are in the checkout's folder for what is no part of it."""
        folder = lock.folder(self.options.root) / f"{self.options.stack}.audit"
        key = self._secrets.get("luxima:serviceRoleKey") or str(self.engine.outputs().get("serviceRoleKey", ""))
        url, options = self.settings.observability.alert_log_url, self.options
        return Audit(folder, url, key, options.authorities, loopback_only=options.loopback_only)

    def announcer(self) -> Announcer:
        """Alertmanager."""
        environment, given = self.settings.environment, self.settings.guard.alertmanager_url
        return Announcer(
            given or f"https://{environment.core_fqdn('alertmanager')}",
            environment.label,
            self.settings.observability.alerts.runbooks_url,
            f"https://{environment.grafana_host}/d/releases",
            self.options.authorities,
            f"https://{environment.core_fqdn('alertmanager-record')}" if given is None else None,
            loopback_only=self.options.loopback_only,
            headers=self.login() if given is None else {},
        )

    def metrics(self) -> Source:
        """Prometheus."""
        return self._source("prometheus", self.settings.guard.prometheus_url, PROMETHEUS)

    def logs(self) -> Source:
        """Loki."""
        return self._source("loki", self.settings.guard.loki_url, LOKI)

    def _source(self, host: str, given: str | None, path: str) -> Source:
        url = given or f"https://{self.settings.environment.core_fqdn(host)}"
        headers = self.login() if given is None else None
        return Source(url, path, self.options.authorities, headers, loopback_only=self.options.loopback_only)

    def login(self) -> Mapping[str, str]:
        """Who this tool is to the gateways; for the platform's own names, and for nobody else's server."""
        return login(RELEASE_CLIENT, self._secrets.get(f"luxima:{CLIENT_SECRETS[RELEASE_CLIENT]}", ""))

    def _cluster(self) -> Cluster:
        kubeconfig = self._secrets.get("luxima:kubeconfig") or str(self.engine.outputs().get("kubeconfig", ""))
        if not kubeconfig:
            raise ClusterError("the stack has no kubeconfig")
        return Cluster(kubeconfig)


def _silent(_text: str) -> None:
    """Notes nothing."""


def read_addresses(file: Path | None) -> dict[str, str]:
    """Addresses to ask in the place of others, from a JSON file such as {"10.10.10.61:443": "127.0.0.1:8443"}.

    Raises:
        ReleaseError: When it is not one.
    """
    if file is None:
        return {}
    try:
        content: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{file} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ReleaseError(
            f'{file} has no JSON object of addresses; give one, such as {{"10.10.10.61:443": "127.0.0.1:8443"}}'
        )
    return {str(key): str(value) for key, value in cast("dict[object, object]", content).items()}
