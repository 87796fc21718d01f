"""Prometheus and both Alertmanagers, run with the documents of stack `prod`; time passes faster.

What differs from the deployed documents, beside durations: ports, addresses and folders; discovery, in whose place
static targets bring the labels that it would have found (relabelling is the documents' own); TLS and credentials of the
scraped programs; and the addresses of PagerDuty and Telegram, which are Alertmanager's defaults.
"""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import requests
import yaml

from components.flows import ETCD_METRICS
from components.observability import alertmanager, prometheus, rules
from components.programs import PVE_EXPORTER, SCRAPED
from components.text import to_yaml
from sandbox.tls import ensure_authority, ensure_server
from settings import Settings
from settings.delivery import PULL_METRICS_PORT, PUSH_METRICS_PORT
from tests.documents.loki.server import write
from tests.e2e.observability import compression
from tests.e2e.observability.receiving import HEARTBEAT, PAGERDUTY, RECORD, SECURITY, SLACK, MailServer, Web
from tests.e2e.observability.targets import HOSTS, Observed
from tests.programs import end, free_port
from tests.recording import released, stack_settings
from tests.waiting import wait_for
from tools import ensure

SECRETS: Final = {"pagerdutyRoutingKey": "routing-key", "smtpPassword": "mail-password", "serviceRoleKey": "role-key"}
_POD: Final = "__meta_kubernetes_pod"


class Room:
    """The programs, and those whom they speak to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        # Of the shop's services one answers in this story: no other may be missed.
        self.settings: Settings = released(stack_settings("prod"), "storefront")
        self.observed = Observed()
        self.web = Web()
        alerts = self.settings.observability.alerts
        ensure_authority(folder)
        certificate, key = ensure_server(folder, "mail", ["127.0.0.1"])
        self.mail = MailServer(certificate, key, alerts.smtp_user, SECRETS["smtpPassword"])
        self._ports = {name: free_port() for name in ("prometheus", "alertmanager", "alertmanager-record")}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for part in (self.web, self.mail, *self.observed.all()):
                stack.enter_context(part)
            self._write()
            for name, ready in (("alertmanager", "main"), ("alertmanager-record", "record"), ("prometheus", "")):
                stack.callback(self._start(name, ready))
            for name in self._ports:
                wait_for(lambda name=name: self._ready(name), f"a ready {name}")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def url(self, program: str) -> str:
        return f"http://{self._address(program)}"

    def alerts(self, name: str, program: str = "alertmanager", **labels: str) -> list[dict[str, Any]]:
        """Alerts of that name that an Alertmanager holds and that are not over."""
        answer = requests.get(f"{self.url(program)}/api/v2/alerts", timeout=10)
        answer.raise_for_status()
        wanted = {"alertname": name, **labels}
        return [each for each in answer.json() if wanted.items() <= each["labels"].items()]

    def firing(self) -> list[dict[str, str]]:
        """Labels of all that Prometheus says is firing."""
        answer = requests.get(f"{self.url('prometheus')}/api/v1/alerts", timeout=10).json()
        return [each["labels"] for each in answer["data"]["alerts"] if each["state"] == "firing"]

    def value(self, query: str) -> float | None:
        """What an instant query gives, if it gives something."""
        answer = requests.get(f"{self.url('prometheus')}/api/v1/query", params={"query": query}, timeout=10).json()
        (found, *_) = answer["data"]["result"] or [None]
        return float(found["value"][1]) if found else None

    def silence(self, **labels: str) -> str:
        """Silence what has these labels for an hour; gives the silence's id."""
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "on-call",
            "comment": "looked at",
        }
        answer = requests.post(f"{self.url('alertmanager')}/api/v2/silences", json=body, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["silenceID"])

    def unsilence(self, silence: str) -> None:
        """End a silence."""
        requests.delete(f"{self.url('alertmanager')}/api/v2/silence/{silence}", timeout=10).raise_for_status()

    def _address(self, program: str) -> str:
        return f"127.0.0.1:{self._ports[program]}"

    def _ready(self, program: str) -> bool:
        try:
            return requests.get(f"{self.url(program)}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False

    def _start(self, name: str, part: str) -> Any:
        """Start a program; gives what ends it."""
        data = [f"--web.listen-address={self._address(name)}"]
        if part:
            program = "alertmanager"
            arguments = [
                f"--config.file={self._folder / part / 'alertmanager.yml'}",
                f"--storage.path={self._folder / part / 'data'}",
                f"--web.external-url=https://{self.settings.environment.core_fqdn(name)}",
                "--web.route-prefix=/",
                "--cluster.listen-address=",
            ]
        else:
            program = "prometheus"
            arguments = [
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'series'}",
                # Defaults of 5 m and 1 m.
                f"--query.lookback-delta={compression.duration('5m')}",
                f"--rules.alert.resend-delay={compression.duration('1m')}",
            ]
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [ensure(program)[program], *data, *arguments],
                stdout=log,
                stderr=log,
                env={"HOSTNAME": "prometheus-0"},
            )

        return partial(end, process)

    def _write(self) -> None:
        secrets = self._folder / "secrets"
        given = {
            **SECRETS,
            "slackWebhookUrl": self.web.url + SLACK,
            "slackSecurityWebhookUrl": self.web.url + SECURITY,
            "heartbeatUrl": self.web.url + HEARTBEAT,
            "telegramBotToken": "1:token",
        }
        write(given, secrets)
        texts = alertmanager.documents(self.settings)
        told = self._compressed(texts["alertmanager.yml"].replace("/etc/alertmanager/secrets", str(secrets)))
        told["global"] |= {
            "smtp_smarthost": self.mail.address,
            "smtp_tls_config": {"ca_file": str(self._folder / "ca.pem")},
            "pagerduty_url": self.web.url + PAGERDUTY,
            "telegram_api_url": self.web.url,
        }
        recorded = texts["record/alertmanager.yml"].replace("/etc/alertmanager/secrets", str(secrets))
        recorded = self._compressed(recorded)
        url = self.settings.observability.alert_log_url
        for receiver in recorded["receivers"]:
            for webhook in receiver["webhook_configs"]:
                assert webhook["url"] == f"{url}{RECORD.removeprefix('/rest/v1/rpc')}"
                webhook["url"] = self.web.url + RECORD
        main = {"alertmanager.yml": to_yaml(told), "templates/luxima.tmpl": texts["templates/luxima.tmpl"]}
        write(main, self._folder / "main")
        write({"alertmanager.yml": to_yaml(recorded)}, self._folder / "record")
        files = {name: to_yaml(self._compressed(text)) for name, text in rules.documents(self.settings).items()}
        write(files, self._folder / "rules")
        write({"prometheus.yml": to_yaml(self._prometheus())}, self._folder)

    def _compressed(self, text: str) -> Any:
        return compression.document(yaml.load(text, yaml.CSafeLoader))

    def _prometheus(self) -> dict[str, Any]:
        """Its document, with other addresses."""
        observed, rest = self.observed, self.observed.rest.address
        places = {
            "/etc/prometheus/rules": str(self._folder / "rules"),
            f"blackbox-exporter.{self.settings.observability.namespace}.svc:9115": rest,
            f"{PVE_EXPORTER.host(self.settings.observability.namespace)}:{PVE_EXPORTER.port}": rest,
            self.settings.storage.endpoint: rest,
            "$1:10250": "$1",
            "$1:9100": "$1",
            f"$1:{ETCD_METRICS}": rest,
            f"{HOSTS['docker-1']}:9187": observed.postgres.address,
            f"{HOSTS['docker-2']}:9187": observed.replica.address,
        }
        for name, address in HOSTS.items():
            places[f"{address}:9100"] = observed.nodes[name].address
            places[f"{address}:9101"] = observed.cadvisors[name].address
            places[f"{address}:9102"] = rest
            places[f"{address}:9103"] = rest
        places |= {f"{each.address}:9100": rest for each in self.settings.compute.containers.values()}
        places |= {f"{self.settings.registry_address}:{port}": rest for port in (PULL_METRICS_PORT, PUSH_METRICS_PORT)}
        text = prometheus.documents(self.settings)["prometheus.yml"]
        for place, own in places.items():
            assert place in text, place
            text = text.replace(place, own)
        content = self._compressed(text)
        # A scrape may take as long as there is until the next one: the machine may be busy.
        content["global"]["scrape_timeout"] = content["global"]["scrape_interval"]
        for found, name in zip(
            content["alerting"]["alertmanagers"], ("alertmanager", "alertmanager-record"), strict=True
        ):
            found.pop("dns_sd_configs", None)
            found["static_configs"] = [{"targets": [self._address(name)]}]
        for job in content["scrape_configs"]:
            self._locate(job)
        return content

    def _locate(self, job: dict[str, Any]) -> None:
        """Targets in the place of discovery, with the labels that it finds."""
        roles = [each["role"] for each in job.pop("kubernetes_sd_configs", ())]
        for key in ("tls_config", "authorization", "scheme"):
            job.pop(key, None)
        name, rest = job["job_name"], self.observed.rest.address
        own = self._address(name) if name in self._ports else rest
        pods: Mapping[str, Sequence[Mapping[str, Any]]] = {
            "services": [
                # The one probe of this story says yes to each slot's name: both are live.
                *(_pod("storefront", self.observed.storefront.address, slot) for slot in self.settings.edge.gateways),
                _pod("billing", self.observed.billing.address),
            ],
            "traefik": [_part("traefik", rest, slot) for slot in self.settings.edge.gateways],
            "log-agent": [_part("log-agent", rest)],
            **{program.name: [_part(program.name, own, port=program.port)] for program in SCRAPED},
        }
        kubernetes: Mapping[str, Sequence[Mapping[str, Any]]] = {
            "pod": pods.get(name, ()),
            "node": [
                _labelled(rest, __meta_kubernetes_node_address_InternalIP=rest, __meta_kubernetes_node_name="k3s-1")
            ],
            "endpointslice": [
                _labelled(
                    rest,
                    __meta_kubernetes_service_name="kubernetes",
                    __meta_kubernetes_endpointslice_port_name="https",
                )
            ],
        }
        found = [each for role in roles for each in kubernetes[role]]
        if found or "static_configs" not in job:
            job["static_configs"] = [*job.get("static_configs", ()), *(found or [_labelled(own)])]


def _labelled(address: str, **labels: str) -> dict[str, Any]:
    return {"targets": [address], **({"labels": labels} if labels else {})}


def _part(name: str, address: str, slot: str = "", port: int = 0) -> dict[str, Any]:
    """A pod of the platform's own, as discovery finds it."""
    found = {
        f"{_POD}_label_app_kubernetes_io_name": name,
        f"{_POD}_container_port_name": "http",
        f"{_POD}_container_port_number": str(port),
        f"{_POD}_node_name": "k3s-1",
        f"{_POD}_label_luxima_id_slot": slot,
    }
    return _labelled(address, **found)


def _pod(name: str, address: str, slot: str = "blue") -> dict[str, Any]:
    """A pod of a service as discovery finds it."""
    port = address.rpartition(":")[2]
    found = {
        f"{_POD}_annotation_prometheus_io_scrape": "true",
        f"{_POD}_annotation_prometheus_io_port": port,
        f"{_POD}_container_port_number": port,
        "__meta_kubernetes_namespace": "commerce",
        f"{_POD}_name": f"{name}-{slot}-0",
        f"{_POD}_label_app_kubernetes_io_name": name,
        f"{_POD}_label_luxima_id_slot": slot,
    }
    return _labelled(address, **found)
