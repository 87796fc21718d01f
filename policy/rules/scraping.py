"""Prometheus asks every 15 s, keeps 30 days and has the room for it; Loki deletes only what is due (MON-1, LOG)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .availability import amount
from .documents import LOKI, OVERRIDES, PROMETHEUS, TEMPO, contents, of_stack
from .documents import RULES as RULES_OF_PROMETHEUS
from .loki import CLASSES, TENANT_HOURS, hours_of
from .network import GATEWAYS
from .placement import cluster_elsewhere

INTERVAL_SECONDS = 15
KEPT_HOURS = 30 * 24
FLUSHED_HOURS = 1
"""BAK-4: what real time means."""
TEMPO_HOURS = 7 * 24
_SHARES = re.compile(r"nfs|cifs|smb", re.IGNORECASE)
_TIME, _SIZE = "--storage.tsdb.retention.time=", "--storage.tsdb.retention.size="


def _seconds(value: Value) -> float | None:
    hours = hours_of(value.text)
    return None if hours is None else hours * 3600


@resource_rule("scrape-interval", requirements=("MON-1",), types=(kinds.CONFIG_MAP,))
def scrape_interval(resource: Resource) -> Iterator[Finding]:
    """Prometheus asks everyone every 15 seconds, judges as often, and tells who is to know."""
    for content in contents(resource, PROMETHEUS):
        for name in ("scrape_interval", "evaluation_interval"):
            value = content.at("global", name)
            if (_seconds(value) or 60) > INTERVAL_SECONDS + 0.01:
                yield value.wrong(f"is {value.text or 'missing, which is 1m'}", f"give {INTERVAL_SECONDS}s")
        jobs = list(content.at("scrape_configs").items())
        if not jobs:
            yield content.at("scrape_configs").wrong("is missing", "give the jobs")
        for job in jobs:
            own = job.at("scrape_interval")
            if own.present and (_seconds(own) or 60) > INTERVAL_SECONDS + 0.01:
                yield own.wrong(f"is {own.text}", "remove it")
        if not content.at("rule_files").texts():
            yield content.at("rule_files").wrong("is missing", "name the files of the rules")
        if not list(content.at("alerting", "alertmanagers").items()):
            yield content.at("alerting", "alertmanagers").wrong("is missing", "name the Alertmanagers")
        if not content.at("global", "external_labels", "environment").text:
            yield content.at("global", "external_labels", "environment").wrong("is missing", "give the environment")


@resource_rule("prometheus-retention", requirements=("MON-1",), types=(kinds.STATEFUL_SET,))
def prometheus_retention(resource: Resource) -> Iterator[Finding]:
    """Prometheus keeps 30 days, and its volume has room for more than it may fill."""
    for container in kinds.pod_spec(resource).at("containers").items():
        if "/prometheus:" not in container.at("image").text:
            continue
        arguments = container.at("args")
        given = {each.text.partition("=")[0] + "=": each for each in arguments.items()}
        time, size = given.get(_TIME), given.get(_SIZE)
        if "--config.auto-reload" not in arguments.texts() and not any(
            each.startswith("--web.enable-lifecycle") for each in arguments.texts()
        ):
            yield arguments.wrong("reads no rule that changes", "give --config.auto-reload")
        if time is None or (hours_of(time.text.removeprefix(_TIME)) or 0) < KEPT_HOURS:
            yield (time or arguments).wrong("keeps less than 30 days", f"give {_TIME}30d")
        claims = list(resource.props.at("spec", "volumeClaimTemplates").items())
        if not claims:
            yield resource.props.at("spec", "volumeClaimTemplates").wrong("is missing", "give a volume for the data")
            continue
        room = claims[0].at("spec", "resources", "requests", "storage")
        if size is None:
            yield arguments.wrong("has no bound on the size", f"give {_SIZE}<bytes>B")
        elif amount(size.text.removeprefix(_SIZE).removesuffix("B")) > 0.9 * amount(room.text):
            yield size.wrong("is more than nine tenths of the volume", "give less, or a larger volume")
        elif amount(size.text.removeprefix(_SIZE).removesuffix("B")) < 0.5 * amount(room.text):
            yield size.wrong("is less than half of the volume: 30 days may not fit", "give four fifths of it")


@resource_rule("volumes-kept", requirements=("ENV-4", "BAK-4"), types=(kinds.STATEFUL_SET,))
def volumes_kept(resource: Resource) -> Iterator[Finding]:
    """What has a state keeps it on a volume, which stays when the pod goes."""
    claims = resource.props.at("spec", "volumeClaimTemplates")
    if not list(claims.items()):
        yield claims.wrong("is missing", "give a volume for the data, or use a Deployment")
    for claim in claims.items():
        kind = claim.at("spec", "storageClassName")
        if _SHARES.search(kind.text):
            yield kind.wrong(f"is {kind.text}, a plain network share", "remove it")
    for _, value in resource.props.at("spec", "persistentVolumeClaimRetentionPolicy").entries():
        if value.text == "Delete":
            yield value.wrong("is Delete", "give Retain")


@resource_rule("loki-deletes-what-is-due", requirements=("LOG-2", "LOG-6", "BAK-4"), types=(kinds.CONFIG_MAP,))
def loki_deletes_what_is_due(resource: Resource) -> Iterator[Finding]:
    """Loki deletes by retention only, flushes within an hour, and keeps its tenants apart."""
    for content in contents(resource, LOKI):
        if content.at("compactor", "retention_enabled").flag is not True:
            yield content.at("compactor", "retention_enabled").wrong("is not true: nothing is deleted", "set it")
        if content.at("limits_config", "deletion_mode").text != "disabled":
            yield content.at("limits_config", "deletion_mode").wrong("lets people delete logs", "give disabled")
        if content.at("auth_enabled").flag is not True:
            yield content.at("auth_enabled").wrong("is not true: the audit trail is no tenant of its own", "set it")
        for name in ("max_chunk_age", "chunk_idle_period"):
            value = content.at("ingester", name)
            if (hours_of(value.text) or 2) > FLUSHED_HOURS:
                yield value.wrong(f"is {value.text or 'missing'}", "give at most 1h")
        for name in ("enabled", "flush_on_shutdown"):
            if content.at("ingester", "wal", name).flag is not True:
                yield content.at("ingester", "wal", name).wrong("is not true", "set it")
        if not content.at("runtime_config", "file").text:
            yield content.at("runtime_config", "file").wrong("is missing: no tenant has its own", "name the file")
        yield from _classes(content.at("limits_config"))


def _classes(limits: Value) -> Iterator[Finding]:
    default = hours_of(limits.at("retention_period").text)
    if default is None:
        yield limits.at("retention_period").wrong("is missing", "give 720h")
        return
    streams = limits.at("retention_stream")
    kept = dict.fromkeys(CLASSES, default)
    for stream in streams.items():
        selector = stream.at("selector").text.replace(" ", "")
        name = next((each for each in CLASSES if selector == f'{{class="{each}"}}'), None)
        if name is None:
            yield stream.at("selector").wrong("is no class of the requirement's", 'give {class="<class>"}')
        else:
            kept[name] = hours_of(stream.at("period").text) or 0
    for name, least in CLASSES.items():
        if kept[name] < least:
            yield streams.wrong(f"keeps {name} {kept[name]:g}h", f"give at least {least}h (LOG-1)")


@stack_rule("audit-kept", requirements=("LOG-2",), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL)
def audit_kept(stack: Stack) -> Iterator[Finding]:
    """The audit tenant has a retention of its own, of 90 days."""
    places = [document.place for document in of_stack(stack, LOKI)]
    found: set[str] = set()
    for document in of_stack(stack, OVERRIDES):
        places.append(document.place)
        for tenant, limits in document.content.at("overrides").entries():
            least = TENANT_HOURS.get(tenant)
            if least is None:
                continue
            found.add(tenant)
            periods = [limits.at("retention_period")]
            periods += [stream.at("period") for stream in limits.at("retention_stream").items()]
            for period in periods:
                if (hours_of(period.text) or 0) < least:
                    yield period.wrong(f"is {period.text or 'missing'}", f"give at least {least}h")
    for tenant in TENANT_HOURS:
        if places and tenant not in found:
            yield places[-1].wrong(f"has no retention of the tenant {tenant}", "give it in overrides")


@resource_rule("traces-kept", requirements=("MON-4",), types=(kinds.CONFIG_MAP,))
def traces_kept(resource: Resource) -> Iterator[Finding]:
    """Tempo keeps traces 7 days at least."""
    for content in contents(resource, TEMPO):
        period = content.at("compactor", "compaction", "block_retention")
        if (hours_of(period.text) or 0) < TEMPO_HOURS:
            yield period.wrong(f"is {period.text or 'missing'}", f"give at least {TEMPO_HOURS}h")


_JOB = re.compile(r'\bjob="([^"]+)"')
_RECORDED = re.compile(r"\b(?:[a-z_][a-z0-9_]*(?::[a-z0-9_]+)+|release_(?:live|probation)[a-z_]*)\b")
"""Names of what rules record: with a colon, or of what is live, which nobody else tells."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_OF_LOKI = re.compile(r"_over_time\(\{|rate\(\{")
_SLOT, _NAME = "luxima.id/slot", "app.kubernetes.io/name"
_OPTIONAL = frozenset({"blackbox-coolify"})
"""Jobs that ask nobody in a stack without the thing."""
_EXPORTERS = ("node", "cadvisor", "postgres")
"""MON-2."""
_TELLS: Mapping[str, str] = {"certmanager_": "cert-manager"}
"""The job of those whose figures rules read without naming it, and the chart that brings them."""


def asks(job: Value) -> bool:
    """Whether a job asks anybody, or need not."""
    sources = [job.at(name) for name in job.names() if name.endswith(("static_configs", "_sd_configs"))]
    return job.at("job_name").text in _OPTIONAL or not sources or any(list(each.items()) for each in sources)


def _needless(stack: Stack) -> set[str]:
    """Jobs that ask nobody as long as the stack has not what they are for."""
    found = {"etcd"} if cluster_elsewhere(stack) else set[str]()
    pods = [each.props.at("spec", "template", "metadata", "labels") for each in stack.of(kinds.DEPLOYMENT)]
    if not any(each.at(_SLOT).text and each.at(_NAME).text not in GATEWAYS for each in pods):
        found.add("live-slot")
    return found


@stack_rule(
    "scrape-jobs",
    requirements=("MON-2", "MON-8", "ALR-10"),
    types=(kinds.CONFIG_MAP, kinds.HELM_CHART, kinds.DEPLOYMENT, kinds.VM),
)
def scrape_jobs(stack: Stack) -> Iterator[Finding]:
    """Whom the requirement and the rules speak of is asked, what rules read is recorded, two Alertmanagers are told."""
    documents = list(of_stack(stack, PROMETHEUS))
    jobs = [job for each in documents for job in each.content.at("scrape_configs").items()]
    asked = {job.at("job_name").text for job in jobs if asks(job)}
    needed: set[str] = {*_EXPORTERS}
    brought = {each.props.at("chart").text for each in stack.of(kinds.HELM_CHART)}
    recorded: set[str] = set()
    read: set[str] = set()
    place: Value | None = None
    for document in of_stack(stack, RULES_OF_PROMETHEUS):
        for group in document.content.at("groups").items():
            for rule in group.at("rules").items():
                expression = rule.at("expr").text
                if _OF_LOKI.search(expression):
                    continue
                place = document.place
                needed.update(_JOB.findall(expression))
                needed.update(job for figure, job in _TELLS.items() if job in brought and figure in expression)
                read.update(_RECORDED.findall(_STRING.sub("", expression)))
                recorded.add(rule.at("record").text)
    if not documents:
        return
    for job in sorted(needed - asked - _needless(stack)):
        yield documents[0].content.at("scrape_configs").wrong(f"has no job {job}", "declare it: rules read its metrics")
    managers = documents[0].content.at("alerting", "alertmanagers")
    if len(list(managers.items())) < 2:
        yield managers.wrong("names fewer than two", "name the one that calls people and the one that keeps the record")
    for name in sorted(read - recorded):
        if place is not None:
            yield place.wrong(f"reads {name}, which nothing records", "record it")
