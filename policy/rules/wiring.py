"""What one part is told of another holds (MON-1, ALR-11, LOG-2): files that documents name, environments, volumes."""

from __future__ import annotations

import contextlib
import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Stack, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .availability import ENVIRONMENTS
from .documents import ALERTMANAGER, GATEWAY, LOKI, PROMETHEUS, ROUTING, TEMPO, Document, of_resource

_SNAPSHOTS = re.compile(r"^etcd-s3-config-secret: (\S+)", re.MULTILINE)
_TYPES = (kinds.CONFIG_MAP, *kinds.LONG_RUNNING)


def _sources(volume: Value) -> Iterator[tuple[str, Value]]:
    """The ConfigMaps and Secrets of a volume, by name, with what they are mounted by."""
    yield volume.at("configMap", "name").text, volume.at("configMap")
    yield volume.at("secret", "secretName").text, volume.at("secret")
    for source in volume.at("projected", "sources").items():
        for kind in ("configMap", "secret"):
            yield source.at(kind, "name").text, source.at(kind)


def _mounted(workload: Resource) -> Mapping[str, list[str]]:
    """Where the files of each ConfigMap and Secret are for the workload's containers; all of its keys as `*`."""
    pod = kinds.pod_spec(workload)
    folders: dict[str, list[str]] = {}
    for container in pod.at("containers").items():
        for mount in container.at("volumeMounts").items():
            folders.setdefault(mount.at("name").text, []).append(mount.at("mountPath").text)
    found: dict[str, list[str]] = {}
    for volume in pod.at("volumes").items():
        for folder in folders.get(volume.at("name").text, ()):
            with contextlib.suppress(UnevaluableError):
                for name, source in _sources(volume):
                    paths = [item.at("path").text for item in source.at("items").items()] or ["*"]
                    found.setdefault(name, []).extend(posixpath.join(folder, path) for path in paths)
    found.pop("", None)
    return found


def _readers(stack: Stack) -> Iterator[tuple[Resource, Document, list[str]]]:
    """Each workload with the documents that it mounts, and all the files that it has."""
    maps: dict[tuple[str, str], Resource] = {}
    for each in stack.of(kinds.CONFIG_MAP):
        with contextlib.suppress(UnevaluableError):
            maps[kinds.namespace_of(each), each.props.at("metadata", "name").text] = each
    for workload in stack.of(*kinds.LONG_RUNNING):
        mounted = _mounted(workload)
        files = [path for paths in mounted.values() for path in paths]
        for name in mounted:
            resource = maps.get((kinds.namespace_of(workload), name))
            for document in of_resource(resource) if resource is not None else ():
                yield workload, document, files


def _named(document: Document) -> Iterator[Value]:
    """The files that a document tells its reader to read."""
    content = document.content
    if document.kind == PROMETHEUS:
        yield from content.at("rule_files").items()
    elif document.kind == LOKI:
        yield content.at("runtime_config", "file")
        yield content.at("common", "storage", "s3", "http_config", "ca_file")
    elif document.kind == GATEWAY:
        folder = content.at("providers", "file", "directory")
        yield folder.holding(f"{folder.text}/*") if folder.text else content.at("providers", "file", "filename")
    elif document.kind == ROUTING:
        for certificate in content.at("tls", "certificates").items():
            yield from (certificate.at("certFile"), certificate.at("keyFile"))
    elif document.kind == ALERTMANAGER:
        yield from content.at("templates").items()
        for name, leaf in content.named_leaves():
            if name.endswith("_file"):
                yield leaf


@stack_rule("files-named", requirements=("MON-1", "ALR-11", "LOG-2"), types=_TYPES)
def files_named(stack: Stack) -> Iterator[Finding]:
    """The files that documents name (rules, keys, templates, tenants) are mounted where they say."""
    for _, document, files in _readers(stack):
        own = next((posixpath.dirname(each) for each in files if each.endswith(f"/{document.file}")), "")
        for value in _named(document):
            path = posixpath.join(own, value.text)
            if value.text and not any(_is(path, file) for file in files):
                yield value.wrong(f"is {value.text}, which nobody mounts", "name a file that is mounted")
        templates = document.content.at("templates") if document.kind == ALERTMANAGER else None
        if templates is not None and not templates.texts() and _uses_templates(document):
            yield templates.wrong("is missing, and messages are made of templates", "name the files")
        rules = document.content.at("ruler", "storage", "local", "directory") if document.kind == LOKI else None
        if rules is not None and rules.text and not any(file.startswith(f"{rules.text}/") for file in files):
            yield rules.wrong(f"is {rules.text}, where no rules are", "name the folder that is mounted")


def _uses_templates(document: Document) -> bool:
    return any('{{ template "' in leaf.text for leaf in document.content.leaves())


def _is(path: str, file: str) -> bool:
    return fnmatch.fnmatchcase(file, path) or (
        file.endswith("/*") and posixpath.dirname(path) == posixpath.dirname(file)
    )


@stack_rule("environment-told", requirements=("MON-1",), types=_TYPES)
def environment_told(stack: Stack) -> Iterator[Finding]:
    """Prometheus, Loki and Tempo write down the environment in which they run."""
    for workload, document, _ in _readers(stack):
        own = kinds.pod_template(workload).at("metadata", "labels", "environment").text
        told = {
            PROMETHEUS: ("global", "external_labels", "environment"),
            LOKI: ("ruler", "external_labels", "environment"),
            TEMPO: ("metrics_generator", "registry", "external_labels", "environment"),
        }.get(document.kind)
        if told is None or own not in ENVIRONMENTS:
            continue
        value = document.content.at(*told)
        if value.text != own:
            yield value.wrong(f"is {value.text or 'missing'}", f"give {own}, which its pods say")
        for job in document.content.at("scrape_configs").items() if document.kind == PROMETHEUS else ():
            for name in ("relabel_configs", "metric_relabel_configs"):
                for step in job.at(name).items():
                    given = step.at("replacement")
                    fixed = step.at("target_label").text == "environment" and given.present and "$" not in given.text
                    if fixed and given.text != own:
                        yield given.wrong(f"is {given.text}", f"give {own}")


@stack_rule("volumes-used", requirements=("ENV-4", "BAK-4"), types=(kinds.CONFIG_MAP, kinds.STATEFUL_SET))
def volumes_used(stack: Stack) -> Iterator[Finding]:
    """A volume is mounted where its program writes, as its arguments or documents say, and nothing lies over it."""
    said: dict[str, str] = {}
    for workload, document, _ in _readers(stack):
        said[workload.urn] = said.get(workload.urn, "") + document.text
    for workload in stack.of(kinds.STATEFUL_SET):
        pod = kinds.pod_spec(workload)
        text = said.get(workload.urn, "") + "".join(
            argument.text for each in pod.at("containers").items() for argument in each.at("args").items()
        )
        mounts = {
            mount.at("name").text: mount.at("mountPath")
            for each in pod.at("containers").items()
            for mount in each.at("volumeMounts").items()
        }
        for claim in workload.props.at("spec", "volumeClaimTemplates").items():
            name = claim.at("metadata", "name")
            place = mounts.get(name.text)
            if place is None:
                yield name.wrong(f"{name.text} is mounted nowhere", "mount it where the program writes")
            elif text and place.text not in text:
                yield place.wrong(f"is {place.text}, where the program is told nothing to write", "mount it there")
            for volume in pod.at("volumes").items():
                if volume.at("name").text == name.text:
                    yield volume.wrong(f"is another {name.text}", "remove it")


@stack_rule("snapshots-wired", requirements=("BAK-3",), types=(*kinds.COMMANDS, kinds.SECRET))
def snapshots_wired(stack: Stack) -> Iterator[Finding]:
    """The Secret by which k3s knows where its snapshots go is declared."""
    secrets = {each.props.at("metadata", "name").text for each in stack.of(kinds.SECRET)}
    for command in stack.of(*kinds.COMMANDS) if secrets else ():
        create = command.props.at("create")
        # What is not known yet is judged when it is.
        with contextlib.suppress(UnevaluableError):
            for name in _SNAPSHOTS.findall(create.text):
                if name not in secrets:
                    yield create.wrong(f"names the Secret {name}, which is not declared", "declare it")
    for secret in stack.of(kinds.SECRET):
        place = secret.props.at("metadata", "namespace")
        if secret.props.at("type").text == "etcd.k3s.cattle.io/s3-config-secret" and place.text != "kube-system":
            yield place.wrong(f"is {place.text}, where k3s does not look", "give kube-system")
