"""What log agents read, mask, label and send: nothing is lost on its way, and no secret comes along (LOG-1, LOG-7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .availability import ENVIRONMENTS
from .buckets import tenants_of_loki
from .documents import LOG_AGENT, ROUTING, contents, of_stack
from .gateway_told import hosts_of
from .loki import hours_of
from .routed import TENANT

_AGENTS = (kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER, *kinds.COMMANDS)
"""Where the document of a log agent stands."""
_LABELS = frozenset({"tenant_id", "service", "environment", "class", "level", "host", "__tenant_id__"})
"""Labels of which there are few; each other one makes streams without bound (LOG-3)."""
_PARTED = frozenset({"tenant_id", "service", "environment", "class"})
"""Labels by which lines are found, and kept as long as their class is."""
_EVENTS = ("login_failed", "role_changed")
"""What is a line of class security (SEC-4)."""
_OF_AUDIT = re.compile(r'class="audit"')
_LEAST_JOURNAL_HOURS = 1
_LOSING = frozenset({"drop", "sampling", "limit", "labeldrop"})
"""Stages by which lines, or what they are found by, are lost."""
_LONG = frozenset({"default", "security", "audit", "api", "edge_functions", "syslog"})
"""Classes that are kept 30 days at least."""
_CONTAINERS, _DOCKER = ("/var/log/pods", "/var/lib/docker/containers"), "/var/lib/docker/containers"
_SECRETS = (
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
    "password=hunter22",
    '{"password":"hunter22"}',
    "Authorization: Bearer abcdefghijklmnop",
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.dQw4w9WgXcQ",
    "postgres://luxima:hunter22@db:5432/luxima",
)
"""What must not stay as it is in a line."""


def _masks(job: Value) -> list[str]:
    replaced = [stage.at("replace") for stage in job.at("pipeline_stages").items()]
    return [each.at("expression").text for each in replaced if "masked" in each.at("replace").text]


def _hits(pattern: str, line: str) -> bool:
    try:
        return re.search(pattern, line) is not None
    except re.error:
        return False


@resource_rule("log-lines-masked", requirements=("SEC-2", "LOG-7"), types=_AGENTS)
def log_lines_masked(resource: Resource) -> Iterator[Finding]:
    """A log agent takes secrets out of every line that it reads, the same ones in each of its jobs."""
    for content in contents(resource, LOG_AGENT):
        jobs = list(content.at("scrape_configs").items())
        everywhere = {mask for job in jobs for mask in _masks(job)}
        for job in jobs:
            masks, stages = _masks(job), job.at("pipeline_stages")
            if everywhere - set(masks):
                yield stages.wrong("masks less than another job does", "give the same stages")
            elif not all(any(_hits(mask, line) for mask in masks) for line in _SECRETS):
                yield stages.wrong("lets secrets through", "mask passwords, tokens, keys and URLs with logins")


@resource_rule(
    "log-lines-kept",
    requirements=("LOG-1", "LOG-2", "LOG-3", "LOG-7", "SEC-4"),
    types=_AGENTS,
)
def log_lines_kept(resource: Resource) -> Iterator[Finding]:
    """A log agent reads containers and the journal, drops no line, and puts none into a class that is kept shorter."""
    for content in contents(resource, LOG_AGENT):
        jobs = content.at("scrape_configs")
        if not any(job.at("journal").present for job in jobs.items()):
            yield jobs.wrong("reads no journal", "give a job with journal (LOG-1)")
        read = {leaf.text for name, leaf in jobs.named_leaves() if name in {"replacement", "__path__"}}
        if resource.type not in kinds.COMMANDS and not any(path.startswith(_CONTAINERS) for path in read):
            yield jobs.wrong("reads no containers' lines", "give a job with their files (LOG-1)")
        if any(path.startswith(_DOCKER) for path in read) and not any("access" in path for path in read):
            yield jobs.wrong("reads no access logs", "give a job with their files (LOG-1)")
        position = content.at("positions", "filename")
        if not position.text.startswith("/var/lib/"):
            yield position.wrong(f"is {position.text or 'missing'}: gone with the agent", "put it on its volume")
        if content.at("limits_config", "readline_rate_enabled").flag:
            yield content.at("limits_config", "readline_rate_enabled").wrong("leaves lines out", "remove it")
        for job in jobs.items():
            yield from _stages(job.at("pipeline_stages"), selected=False)
            stages = list(job.at("pipeline_stages").items())
            last = stages[-1] if stages else job.at("pipeline_stages")
            given = set(last.at("labelallow").texts())
            if not stages or last.names() != ["labelallow"] or given - _LABELS:
                yield last.wrong("lets lines have any label", f"end with labelallow of {', '.join(sorted(_LABELS))}")
            elif _PARTED - given:
                yield last.wrong(f"takes {', '.join(sorted(_PARTED - given))} away", "add it (LOG-3)")
            yield from _secured(job)
            yield from _of_tenants(job, {each.at("tenant_id").text for each in content.at("clients").items()})
            yield from _classes(job)


def _stages(stages: Value, *, selected: bool) -> Iterator[Finding]:
    for stage in stages.items():
        for name in stage.names():
            if name in _LOSING or (name == "match" and stage.at(name, "action").text == "drop"):
                yield stage.at(name).wrong("loses lines, or what they are found by", "remove it")
        if not selected:
            for name in ("tenant", "static_labels"):
                if stage.at(name).present and (name == "tenant" or stage.at(name, "class").present):
                    yield stage.at(name).wrong("is for every line", "put it into a match with a selector")
        yield from _stages(stage.at("match", "stages"), selected=True)


def _of_tenants(job: Value, own: set[str]) -> Iterator[Finding]:
    """Lines that are led to a tenant come to one that keeps them longer."""
    for stage in job.at("pipeline_stages").items():
        audit = _OF_AUDIT.search(stage.at("match", "selector").text)
        for inner in stage.at("match", "stages").items():
            tenant = inner.at("tenant", "value")
            if tenant.present and (tenant.text in own or (audit and tenant.text != "audit")):
                yield tenant.wrong(f"is {tenant.text}, which keeps them shorter", "give audit (LOG-2)")


def _secured(job: Value) -> Iterator[Finding]:
    """Where an event makes a line's class, failed logins and changed roles are of class security."""
    told = [stage.at("regex") for stage in job.at("pipeline_stages").items()]
    told = [each for each in told if each.at("source").text == "event" and "security" in each.at("expression").text]
    for event in _EVENTS if told else ():
        if not any(_hits(each.at("expression").text, event) for each in told):
            yield told[0].at("expression").wrong(f"leaves {event} out", "add it (SEC-4)")
    age = job.at("journal", "max_age")
    if age.present and (hours_of(age.text) or 0) < _LEAST_JOURNAL_HOURS:
        yield age.wrong(f"is {age.text}: what an agent that waited has missed is lost", "give 12h")


def _classes(job: Value) -> Iterator[Finding]:
    for step in job.at("relabel_configs").items():
        given = step.at("replacement")
        if step.at("action").text == "drop":
            yield step.wrong("drops lines", "remove it")
        if step.at("target_label").text == "class" and given.text not in _LONG:
            yield given.wrong(f"is {given.text}, which is kept shorter", "name a class that is kept 30 days")
    journal = job.at("journal", "labels", "class")
    if job.at("journal").present and journal.text != "syslog":
        yield journal.wrong(f"is {journal.text or 'missing'}", "give syslog (LOG-1)")
    for place in job.at("static_configs").items():
        given, path = place.at("labels", "class"), place.at("labels", "__path__").text
        if given.text not in {*_LONG, "docker"} and not (given.text == "access" and "access" in path):
            yield given.wrong(f"is {given.text or 'missing'}", "name the class of these lines (LOG-1)")


@stack_rule(
    "log-agents-send",
    requirements=("LOG-1", "LOG-3", "LOG-6", "LOG-7"),
    types=(*_AGENTS, kinds.BUCKET_LIFECYCLE, kinds.DNS_RECORD, *kinds.LONG_RUNNING),
    severity=Severity.CRITICAL,
)
def log_agents_send(stack: Stack) -> Iterator[Finding]:
    """Agents send to the stack's Loki, to a tenant whose lines have an end, and gateways let each tenant's in."""
    tenants = tenants_of_loki(stack)
    asked: dict[tuple[str, str], set[str]] = {}
    names = {record.props.at("name").text for record in stack.of(kinds.DNS_RECORD)}
    said = {
        kinds.pod_template(each).at("metadata", "labels", "environment").text for each in stack.of(*kinds.LONG_RUNNING)
    } & ENVIRONMENTS
    for document in of_stack(stack, LOG_AGENT):
        clients = document.content.at("clients")
        if not list(clients.items()):
            yield clients.wrong("is missing: lines go nowhere", "name Loki")
        for client in clients.items():
            url, tenant = client.at("url"), client.at("tenant_id")
            host = re.sub(r"^[a-z]+://|[:/].*$", "", url.text)
            if names and not host.endswith((".svc", ".svc.cluster.local")) and host not in names:
                yield url.wrong(f"leads to {host}, for which the stack has no record", "name the stack's Loki")
            if tenants and tenant.text not in tenants:
                yield tenant.wrong(f"is {tenant.text or 'missing'}", f"give one of {', '.join(sorted(tenants))}")
            if host in names:
                asked.setdefault((host, urlsplit(url.text).path), set()).update(
                    _tenants(document.content), [tenant.text]
                )
            retries = client.at("backoff_config", "max_retries")
            if retries.present and (retries.number or 0) < _LEAST_RETRIES:
                yield retries.wrong(f"is {retries.text}: lines are thrown away", f"give at least {_LEAST_RETRIES}")
        for place in _environments(document.content) if len(said) == 1 else ():
            if place.text not in said:
                yield place.wrong(f"is {place.text or 'missing'}", f"give {min(said)}, which the stack's pods say")
    for gateway in of_stack(stack, ROUTING) if asked else ():
        if gateway.place.subject.type == kinds.CONFIG_MAP:
            yield from _let_in(gateway.content.at("http"), asked)


_LEAST_RETRIES = 10


def _tenants(content: Value) -> Iterator[str]:
    """To whom an agent sends some of its lines."""
    for job in content.at("scrape_configs").items():
        for stage in job.at("pipeline_stages").items():
            for inner in stage.at("match", "stages").items():
                if inner.at("tenant").present:
                    yield inner.at("tenant", "value").text


def _let_in(http: Value, asked: Mapping[tuple[str, str], set[str]]) -> Iterator[Finding]:
    """A gateway has a route for the lines of each tenant."""
    routers = [router for _, router in http.at("routers").entries()]
    for (host, path), tenants in asked.items():
        here = [each for each in routers if f"Path(`{path}`)" in each.at("rule").text]
        used = {
            name for each in here if host in hosts_of(each.at("rule").text) for name in each.at("middlewares").texts()
        }
        given = {http.at("middlewares", name, "headers", "customRequestHeaders", TENANT).text for name in used}
        for tenant in sorted(tenants - given):
            yield http.at("routers").wrong(f"lets no lines of {tenant} in", f"give a route for {path} (LOG-7)")


def _environments(content: Value) -> Iterator[Value]:
    for job in content.at("scrape_configs").items():
        given = [
            step.at("replacement")
            for step in job.at("relabel_configs").items()
            if step.at("target_label").text == "environment"
        ]
        given += [place.at("labels", "environment") for place in job.at("static_configs").items()]
        given += [job.at("journal", "labels", "environment")] if job.at("journal").present else []
        yield from given or [job.at("relabel_configs")]
