"""Prometheus finds whom it is to ask, keeps labels that others count on, and sends alerts as they are (MON-1)."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .addresses import is_address, of_machine, of_machines
from .documents import PROMETHEUS, TEMPO, contents, of_stack
from .loki import hours_of

_COUNTED_ON = ("service_name", "environment", "tenant_id", "slot")
_SENT = ("alertname", "severity", "kind", "owner", "service_name", "environment", "tenant_id", "escalation")
_LIMITS = (
    *("sample_limit", "body_size_limit", "label_limit", "label_name_length_limit", "label_value_length_limit"),
    *("target_limit", "keep_dropped_targets"),
)
_DROPPED = ["__meta_kubernetes_pod_phase"]
"""Pods that have ended are the only ones that nobody is to ask."""
_TARGETS = frozenset({"dns_sd_configs", "static_configs", "kubernetes_sd_configs", "scheme", "api_version"})
_LATEST_HOURS = 1 / 60
_CONSENT = "__meta_kubernetes_pod_annotation_prometheus_io_scrape"
_NAME, _PORT = "__meta_kubernetes_pod_label_app_kubernetes_io_name", "__meta_kubernetes_pod_container_port_number"
_CLUSTER = frozenset({"kube-system", "default"})
_ON_HOSTS = {"node": ("docker-host", "lxc"), "cadvisor": ("docker-host",)}
"""MON-2: exporters, and the machines beside the cluster that have them."""


def _takes_away(step: Value, labels: tuple[str, ...]) -> bool:
    """Whether a step drops one of these labels, or gives it another value whatever it was."""
    action, regex = step.at("action").text or "replace", step.at("regex").text or "(.*)"
    with contextlib.suppress(re.error):
        if action == "labeldrop":
            return any(re.fullmatch(regex, label) for label in labels)
        if action == "labelkeep":
            return not all(re.fullmatch(regex, label) for label in labels)
    return action in {"replace", "lowercase", "uppercase"} and step.at("target_label").text in labels


@resource_rule("series-unchanged", requirements=("MON-1", "MON-8"), types=(kinds.CONFIG_MAP,))
def series_unchanged(resource: Resource) -> Iterator[Finding]:
    """No bound and no step takes figures, targets or the labels away that rules count on."""
    for content in contents(resource, PROMETHEUS):
        for name in _LIMITS:
            if content.at("global", name).text not in {"", "0"}:
                yield content.at("global", name).wrong("bounds every job", "remove it")
        late = content.at("global", "rule_query_offset")
        if (hours_of(late.text) or 0) > _LATEST_HOURS:
            yield late.wrong(f"is {late.text}: alerts come late", "remove it")
        kept = content.at("storage", "exemplars", "max_exemplars")
        if kept.present and not kept.number:
            yield kept.wrong("is 0: no figure leads to its trace", "remove it (MON-4)")
        for job in content.at("scrape_configs").items():
            if job.at("body_size_limit").present:
                yield job.at("body_size_limit").wrong("leaves figures out", "remove it")
            if job.at("params", "match[]").present:
                yield job.at("params", "match[]").wrong("leaves figures out", "remove it")
            for step in job.at("metric_relabel_configs").items():
                if _takes_away(step, (*_COUNTED_ON, "__name__")):
                    yield step.wrong("changes what rules count on", "remove it")
            yield from _asked(job)


def _asked(job: Value) -> Iterator[Finding]:
    path, given = job.at("metrics_path"), {step.at("target_label").text for step in job.at("relabel_configs").items()}
    if path.text and not kinds.FIGURES.search(path.text) and not {"__param_target", "__metrics_path__"} & given:
        yield path.wrong(f"is {path.text}, no page of figures", "remove it")
    for step in job.at("relabel_configs").items():
        if step.at("source_labels").texts() != [_CONSENT] or step.at("action").text != "keep":
            continue
        if not re.fullmatch(step.at("regex").text or "(.*)", "true"):
            yield step.at("regex").wrong(f"is {step.at('regex').text}, which no service says", "give 'true'")
        if job.at("honor_labels").flag:
            yield job.at("honor_labels").wrong("lets a service say which one it is", "remove it")
    for step in job.at("relabel_configs").items():
        if step.at("action").text == "drop" and step.at("source_labels").texts() != _DROPPED:
            yield step.wrong("leaves targets out", "remove it")
        if step.at("action").text in {"labeldrop", "labelkeep"}:
            yield step.wrong("takes labels away", "remove it")
    for found in job.at("kubernetes_sd_configs").items():
        if list(found.at("selectors").items()):
            yield found.at("selectors").wrong("leaves targets out", "remove it")
        of_pods = [
            step
            for step in job.at("relabel_configs").items()
            if any("_pod_" in x for x in step.at("source_labels").texts())
        ]
        if of_pods and found.at("role").text != "pod":
            yield found.at("role").wrong(f"is {found.at('role').text}, and steps ask for pods", "give pod")


@stack_rule(
    "jobs-find",
    requirements=("MON-1", "MON-2"),
    types=(kinds.CONFIG_MAP, kinds.NAMESPACE, *kinds.LONG_RUNNING, kinds.VM, kinds.LXC),
)
def jobs_find(stack: Stack) -> Iterator[Finding]:
    """A job looks where pods are, for names and ports that they have; and every machine beside the cluster is asked."""
    opened: dict[tuple[str, str], set[str]] = {}
    for each in stack.of(*kinds.LONG_RUNNING):
        name = kinds.pod_template(each).at("metadata", "labels", "app.kubernetes.io/name").text
        containers = kinds.pod_spec(each).at("containers").items()
        ports = {port.at("containerPort").text for container in containers for port in container.at("ports").items()}
        opened.setdefault((kinds.namespace_of(each), name), set()).update(ports)
    spaces = {space for space, _ in opened}
    declared = {each.props.at("metadata", "name").text for each in stack.of(kinds.NAMESPACE)}
    for document in of_stack(stack, PROMETHEUS) if spaces and "?" not in spaces else ():
        for job in document.content.at("scrape_configs").items():
            for found in job.at("kubernetes_sd_configs").items():
                for name in found.at("namespaces", "names").items() if declared else ():
                    if name.text not in declared | _CLUSTER:
                        yield name.wrong(f"is {name.text}, no namespace of the stack", "name the pods' own")
                yield from _found(job, found, opened, spaces)
            for kind in _ON_HOSTS.get(job.at("job_name").text, ()):
                yield from _machines(stack, job, kind)


def _found(job: Value, found: Value, opened: dict[tuple[str, str], set[str]], spaces: set[str]) -> Iterator[Finding]:
    names = found.at("namespaces", "names")
    inside = set(names.texts()) & spaces
    if found.at("role").text == "pod" and names.texts() and not inside and not set(names.texts()) - _CLUSTER - spaces:
        if set(names.texts()) != {"kube-system"}:
            yield names.wrong("names no namespace with pods", "name theirs")
        return
    chosen = {place for place in opened if place[0] in inside}
    for step in job.at("relabel_configs").items() if chosen else ():
        if step.at("action").text != "keep":
            continue
        regex = step.at("regex")
        if step.at("source_labels").texts() == [_NAME]:
            chosen = {place for place in chosen if re.fullmatch(regex.text, place[1])}
            if not chosen:
                yield regex.wrong(f"is {regex.text}, which no pod there is called", "name the program")
                return
        if step.at("source_labels").texts() == [_PORT] and not any(
            re.fullmatch(regex.text, port) for place in chosen for port in opened[place]
        ):
            yield regex.wrong(f"is {regex.text}, which no pod of it opens", "name its port")


def _machines(stack: Stack, job: Value, kind: str) -> Iterator[Finding]:
    asked = {
        target.rpartition(":")[0]
        for place in job.at("static_configs").items()
        for target in place.at("targets").texts()
    }
    for machine in stack.of(kinds.VM, kinds.LXC):
        own = set(of_machine(machine))
        if kind in machine.props.at("tags").texts() and not own & asked:
            yield job.at("static_configs").wrong(f"leaves {machine.name} out", "add its address (MON-2)")


@stack_rule(
    "targets-own",
    requirements=("MON-1", "SEC-6"),
    types=(kinds.CONFIG_MAP, kinds.VM, kinds.LXC, kinds.SERVICE, *kinds.FIREWALL_RULES),
)
def targets_own(stack: Stack) -> Iterator[Finding]:
    """An address that Prometheus asks is one of the stack's: a machine's, a gateway's, or a hypervisor's."""
    own = of_machines(stack)
    if not own:
        return
    for rules in stack.of(*kinds.FIREWALL_RULES):
        for rule in rules.props.at("rules").items():
            own.update(each.strip() for each in rule.at("dest").text.split(","))
    for service in stack.of(kinds.SERVICE):
        own.update(service.props.at("metadata", "annotations", "kube-vip.io/loadbalancerIPs").text.split(","))
    for document in of_stack(stack, PROMETHEUS):
        for job in document.content.at("scrape_configs").items():
            for place in job.at("static_configs").items():
                for target in place.at("targets").items():
                    host = re.sub(r"^[a-z]+://|[:/].*$", "", target.text)
                    # On itself everybody asks whom he likes.
                    if is_address(host) and host not in own and not ipaddress.ip_address(host).is_loopback:
                        yield target.wrong(f"is {host}, which is nobody's of the stack", "name one of its machines")


@stack_rule(
    "alerts-as-they-are",
    requirements=("ALR-7", "ALR-10"),
    types=(kinds.CONFIG_MAP, kinds.SERVICE),
    severity=Severity.CRITICAL,
)
def alerts_as_they_are(stack: Stack) -> Iterator[Finding]:
    """Prometheus tells the Alertmanagers every alert with the labels that routes look at, at their own ports."""
    ports: dict[str, set[str]] = {}
    for service in stack.of(kinds.SERVICE):
        with contextlib.suppress(UnevaluableError):
            name = f"{service.props.at('metadata', 'name').text}.{kinds.namespace_of(service)}.svc"
            ports[name] = {port.at("port").text for port in service.props.at("spec", "ports").items()}
    for document in of_stack(stack, PROMETHEUS):
        alerting = document.content.at("alerting")
        for step in alerting.at("alert_relabel_configs").items():
            if _takes_away(step, _SENT):
                yield step.wrong("changes what routes look at", "remove it")
        for manager in alerting.at("alertmanagers").items():
            for name in manager.names():
                if name not in _TARGETS and not (
                    name == "timeout" and (hours_of(manager.at(name).text) or 0) > _SECOND
                ):
                    yield manager.at(name).wrong("keeps alerts from it", "remove it")
            for found in manager.at("dns_sd_configs").items():
                for host in found.at("names").texts():
                    if ports.get(host) and found.at("port").text not in ports[host]:
                        yield found.at("port").wrong(
                            f"is {found.at('port').text}, which {host} has not", "give its own"
                        )


_SECOND = 1 / 3600


@stack_rule("traces-linked", requirements=("MON-4",), types=(kinds.CONFIG_MAP, kinds.STATEFUL_SET))
def traces_linked(stack: Stack) -> Iterator[Finding]:
    """Where traces are kept, Prometheus keeps what leads to them, and takes in the figures that are made of them."""
    if not list(of_stack(stack, TEMPO)):
        return
    for workload in stack.of(kinds.STATEFUL_SET):
        for container in kinds.pod_spec(workload).at("containers").items():
            if "/prometheus/prometheus:" not in container.at("image").text:
                continue
            given = container.at("args")
            for wanted in ("--enable-feature=exemplar-storage", "--web.enable-remote-write-receiver"):
                if wanted not in given.texts():
                    yield given.wrong(f"lacks {wanted}", "add it")
    for document in of_stack(stack, TEMPO):
        if not list(document.content.at("metrics_generator", "storage", "remote_write").items()):
            yield document.content.at("metrics_generator").wrong("tells nobody its figures", "name Prometheus")
        if not document.content.at("overrides", "defaults", "metrics_generator", "processors").texts():
            yield document.content.at("overrides", "defaults", "metrics_generator", "processors").wrong(
                "makes no figures", "give service-graphs and span-metrics"
            )
