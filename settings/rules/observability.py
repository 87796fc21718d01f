"""Rules on what is observed: the names it speaks of are there, and what is promised can be measured (MON-6)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import promql_parser
from promql_parser import Expr, MatrixSelector

from settings.delivery import REGISTRY_PORTS
from settings.observability.objectives import AVAILABILITY, Promise
from settings.promql import parsed
from settings.report import Path, Problem, listed, show
from settings.shape import whole
from settings.stack import Settings

BOUNDS_MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
"""Upper bounds of the buckets of `http_request_duration_seconds`, as the contract with the services says (MON-8)."""

_TAKEN: Final = {
    22: "SSH",
    53: "the machine's resolver",
    111: "rpcbind",
    2112: "kube-vip for the API server",
    2113: "kube-vip for Services",
    2379: "etcd's clients",
    2380: "etcd's members",
    2381: "etcd's metrics",
    6443: "the Kubernetes API",
    6444: "k3s' own API",
    10010: "containerd's streams",
    10248: "the kubelet's health",
    10249: "kube-proxy's metrics",
    10250: "the kubelet",
    10256: "kube-proxy's health",
    10257: "the controller manager",
    10258: "the cloud controller",
    10259: "the scheduler",
    # By default, Kubernetes gives a port of this range to each Service that has an address outside of the cluster.
    **dict.fromkeys(range(30000, 32768), "a Service of the cluster"),
}
"""TCP ports of the machines that somebody else listens on."""


def given_objectives(settings: Settings) -> Iterator[tuple[Path, Promise]]:
    """The objectives that the services file gives, with their places."""
    for service, entry in whole(settings.services):
        for name, objective in entry.objectives.items():
            yield ("services", service, "objectives", name), objective


def objectives(settings: Settings) -> Iterator[Problem]:
    """A latency has a threshold that the services' histogram knows; the name `availability` says what it is."""
    for path, objective in given_objectives(settings):
        threshold = objective.threshold_milliseconds
        if objective.indicator == "availability" and threshold is not None:
            yield Problem((*path, "threshold_milliseconds"), "is for the indicator latency only; remove it")
        if objective.indicator == "latency" and path[-1] == AVAILABILITY:
            yield Problem(path, "is of indicator latency; give it another name, such as latency")
        if objective.indicator == "latency" and threshold not in BOUNDS_MILLISECONDS:
            bounds = ", ".join(map(str, BOUNDS_MILLISECONDS))
            text = "is missing" if threshold is None else f"{threshold} is not a bound of the services' histogram"
            yield Problem((*path, "threshold_milliseconds"), f"{text}; give one of {bounds}")


def uptime(settings: Settings) -> Iterator[Problem]:
    """No service is promised to be available less than the requirement asks for (ENV-4)."""
    required = settings.environment.uptime_objective_percent
    for path, objective in given_objectives(settings):
        percent = objective.objective_percent
        if objective.indicator == "availability" and percent < required:
            text = f"{percent:g} is less than environment.uptime_objective_percent, {required:g}; give at least that"
            yield Problem((*path, "objective_percent"), text)


def anomalies(settings: Settings) -> Iterator[Problem]:
    """A signal is PromQL that gives series, over times in which there are two scrapes at least."""
    least = timedelta(seconds=2 * settings.observability.scrape_interval_seconds)
    for name, signal in whole(settings.observability.anomalies):
        path = ("observability", "anomalies", name, "expression")
        try:
            expression = parsed(signal.expression)
            # As the rule has it, which takes neither a range of values nor a number.
            parsed(f"max by (it) (({signal.expression}) > -Inf)")
        except ValueError as error:
            wanted = "give one that returns series, such as sum by (service_name) (rate(http_requests_total[5m]))"
            yield Problem(path, f"is no PromQL expression for a signal: {error}; {wanted}")
            continue
        short = [each for each in _ranges(expression) if each < least]
        if short:
            given, right = (promql_parser.display_duration(each) for each in (min(short), least))
            text = f"[{given}] covers fewer than two scrapes, so nothing can be computed from it"
            yield Problem(path, f"{text}; give at least [{right}]")


def _ranges(expression: Expr) -> list[timedelta]:
    """The ranges of series that an expression takes; subqueries have steps of their own."""
    found: list[timedelta] = []

    def visit(each: Expr) -> None:
        if isinstance(each, MatrixSelector):
            found.append(each.range)

    promql_parser.walk(expression, visit)
    return found


def labels(settings: Settings) -> Iterator[Problem]:
    """Signals are told apart by labels that there can be, each named once."""
    for name, signal in whole(settings.observability.anomalies):
        path = ("observability", "anomalies", name, "by")
        for index, label in enumerate(signal.by):
            if not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", label):
                text = f"{show(label)} is not a label name; give letters, digits and underscores, no digit first"
                yield Problem((*path, index), text)
            elif label in signal.by[:index]:
                yield Problem((*path, index), f"{show(label)} is there already; remove one of them")


def ports(settings: Settings) -> Iterator[Problem]:
    """Each program on a machine listens on a port of its own."""
    observed = settings.observability
    taken = {**_TAKEN, **dict(served(settings))}
    taken[int(observed.database.rpartition(":")[2])] = "observability.database"
    for key in ("node_exporter_port", "cadvisor_port", "agent_port", "probe_port", "postgres_exporter_port"):
        port = getattr(observed, key)
        if port in taken:
            yield Problem(("observability", key), f"{port} is the port of {taken[port]} already; give another one")
        taken.setdefault(port, f"observability.{key}")


def served(settings: Settings) -> Iterator[tuple[int, str]]:
    """Ports at which Docker hosts serve what the platform asks for by name, and what that is."""
    vms = dict(whole(settings.compute.vms))
    machines = {vm.address for vm in vms.values() if vm.role == "docker_host"}
    registry = [vm.address for name, vm in vms.items() if name == settings.delivery.registry.host]
    addresses = [found for hosts in settings.dns.hosts.values() for found in hosts.values()]
    names = {name for name, found in zip(settings.hosts.values(), addresses, strict=True) if machines & set(found)}
    url = urlsplit(settings.observability.alert_log_url)
    for host, port, what in (
        (*settings.storage.endpoint.rsplit(":", 1), "storage.endpoint"),
        *((address, port, "the image registry") for address in registry for port in REGISTRY_PORTS),
        (url.hostname, url.port or 443, "observability.alert_log_url"),
    ):
        if host in machines | names:
            yield int(port), what


def database_host(settings: Settings) -> Iterator[Problem]:
    """The database is on a Docker host of the stack: its exporter runs there, and nowhere else."""
    address = settings.observability.database.rpartition(":")[0]
    known = dict(whole(settings.wanted_vms))
    hosts = [vm.address for vm in known.values() if vm.role == "docker_host"]
    # One of which something is wrong may be it.
    if address not in hosts and len(known) == len(settings.wanted_vms):
        text = f"{show(address)} is not the address of a machine of role docker_host"
        right = f"give {listed(hosts, 'or')}" if hosts else "add one with that address"
        yield Problem(("observability", "database"), f"{text}; {right}")


def bases(settings: Settings) -> Iterator[Problem]:
    """A path is put behind some URLs: a slash at their end would make another path of it."""
    observed, guard = settings.observability, settings.guard
    urls: tuple[tuple[Path, str | None], ...] = (
        (("observability", "alert_log_url"), observed.alert_log_url),
        (("observability", "alerts", "runbooks_url"), observed.alerts.runbooks_url),
        (("guard", "prometheus_url"), guard.prometheus_url),
        (("guard", "loki_url"), guard.loki_url),
        (("guard", "alertmanager_url"), guard.alertmanager_url),
    )
    for path, url in urls:
        if url is not None and url.endswith("/"):
            yield Problem(
                path, f"must not end with a slash, because a path is added to it; give {show(url.rstrip('/'))}"
            )


def replicas(settings: Settings) -> Iterator[Problem]:
    """Loki's mode and number of pods belong together; Grafana's pods share no volume, and so no users."""
    grafana = settings.observability.grafana.replicas
    if grafana != 1:
        text = f"{grafana} pods would each have a database, so a login at one would not work at another; give 1"
        yield Problem(("observability", "grafana", "replicas"), text)
    loki = settings.observability.loki
    if loki.mode == "monolithic" and loki.replicas != 1:
        yield Problem(
            ("observability", "loki", "replicas"), f"{loki.replicas} with mode monolithic; give 1, or mode ha"
        )
    if loki.mode == "ha" and loki.replicas < 3:
        text = f"{loki.replicas} is too few for mode ha, which keeps three copies; give at least 3"
        yield Problem(("observability", "loki", "replicas"), text)


RULES = (objectives, uptime, anomalies, labels, ports, database_host, bases, replicas)
