"""What the guard talks to, and the guard itself, each as a real program or a small server on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import requests

from tests.documents.database.postgres import Postgres, RefusedError
from tests.programs import end, free_port, start
from tests.recording import ROOT
from tests.serving import Answer, Asked, Serving
from tests.waiting import wait_for
from tools import ensure

HOST: Final = "127.0.0.1"
KEY: Final = "planted-service-role-key"


@dataclass
class Traffic:
    """The metrics of the pods of both slots and of a gateway, as requests come in."""

    good: float = 0
    """Requests per second to slot green that are answered well."""
    bad: float = 0
    """Requests per second to slot green that are answered with 500."""
    pods_up: bool = True
    """Whether the pods of slot green are there; if not, the gateway answers 502."""
    _counts: dict[str, float] = field(default_factory=lambda: {"200": 0.0, "500": 0.0, "502": 0.0})
    _pods: dict[str, float] = field(default_factory=lambda: {"200": 0.0, "500": 0.0})
    _at: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self, good: float, bad: float = 0, *, pods_up: bool = True) -> None:
        """From now on it is like that."""
        with self._lock:
            self._count()
            self.good, self.bad, self.pods_up = good, bad, pods_up

    def burst(self, bad: float) -> None:
        """So many requests fail in one moment."""
        with self._lock:
            self._count()
            self._counts["500"] += bad
            self._pods["500"] += bad

    def text(self, path: str) -> str | None:
        """The answer to a scrape; None when nobody answers."""
        with self._lock:
            self._count()
            if path == "/green":
                lines = [f'http_requests_total{{code="{code}"}} {value}' for code, value in self._pods.items() if value]
                return "\n".join(lines) + "\n" if self.pods_up else None
            if path == "/blue":
                return 'http_requests_total{code="200"} 1000\n'
            name = 'traefik_service_requests_total{service="api-green@file"'
            return "".join(f'{name},code="{code}"}} {value}\n' for code, value in self._counts.items() if value)

    def _count(self) -> None:
        now = time.monotonic()
        good, bad, self._at = self.good * (now - self._at), self.bad * (now - self._at), now
        if self.pods_up:
            for counts in (self._counts, self._pods):
                counts["200"] += good
                counts["500"] += bad
        else:
            self._counts["502"] += good + bad


class Emitter(Serving):
    """Serves the traffic's metrics; each scenario has a fresh one."""

    def __enter__(self) -> Self:
        self.traffic = Traffic()
        return super().__enter__()

    def answer(self, asked: Asked) -> Answer:
        text, headers = self.traffic.text(asked.path), {"Content-Type": "text/plain; version=0.0.4"}
        return Answer(503, headers=headers) if text is None else Answer(200, text.encode(), headers)


class Rpc(Serving):
    """A small stand-in for PostgREST: the body of a request goes to the function as its one json parameter."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    def answer(self, asked: Asked) -> Answer:
        if (asked.headers.get("apikey"), asked.headers.get("authorization")) != (KEY, f"Bearer {KEY}"):
            return Answer(401)
        assert asked.path == "/rest/v1/rpc/record_deploy"
        body = asked.body.decode().replace("'", "''")
        try:
            self._database.sql(f"select public.record_deploy('{body}')", role="service_role")
        except RefusedError as error:
            return Answer(503 if "connection to server" in str(error) else 400)
        return Answer()


class Prometheus:
    """Scrapes the emitter every second, and a real gateway in the place of the emitter's if there is one."""

    def __init__(self, folder: Path, emitter: Emitter, gateway: str | None = None) -> None:
        self._folder = folder
        self._address = f"{HOST}:{free_port(datagrams=True)}"
        self.url = f"http://{self._address}"
        jobs = [
            _job("services-blue", "/blue", emitter.address, service_name="api", slot="blue"),
            _job("services-green", "/green", emitter.address, service_name="api", slot="green"),
            _job(
                "traefik",
                "/metrics" if gateway else "/gateway",
                gateway or emitter.address,
                service_name="traefik",
                slot="green",
            ),
        ]
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs})
        )

    def __enter__(self) -> Self:
        command = [
            ensure("prometheus")["prometheus"],
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'series'}",
            f"--web.listen-address={self._address}",
        ]
        self._process = start(command, self._folder / "log")
        wait_for(self.scrapes, "a first scrape of every target")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            end(self._process)

    def value(self, query: str) -> float:
        """The one number that a query gives; 0 when it gives none, or nobody answers."""
        try:
            answer = requests.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=2).json()
        except (requests.RequestException, ValueError):
            return 0
        (found, *_) = answer["data"]["result"] or [None]
        return float(found["value"][1]) if found else 0

    def scrapes(self) -> bool:
        """Whether it has looked at every target."""
        return self.value("count(up == 1)") == 3


def _job(name: str, path: str, address: str, **labels: str) -> dict[str, Any]:
    return {
        "job_name": name,
        "metrics_path": path,
        "static_configs": [{"targets": [address], "labels": labels}],
    }


class Guard:
    """`python -m release.guard` as a process."""

    def __init__(self, folder: Path, plan: Mapping[str, Any], tsig: str, *arguments: str) -> None:
        self.folder = folder
        secrets = folder / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        (folder / "watch.json").write_text(json.dumps(plan))
        (secrets / "tsig").write_text(tsig)
        (secrets / "serviceRoleKey").write_text(KEY)
        self._arguments = arguments
        self.start()

    def start(self) -> None:
        """Begin, or begin anew as the Job would."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "release.guard"),
                    f"--plan={self.folder / 'watch.json'}",
                    f"--secrets={self.folder / 'secrets'}",
                    f"--spool={self.folder / 'spool'}",
                    *("--patience=60", *self._arguments),
                ],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def end(self, seconds: float = 180) -> int:
        """Its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"it has not ended in {seconds} s:\n{self.log}") from None

    def stop(self) -> None:
        """kill -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
