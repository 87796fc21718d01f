"""What runs is what was tested: images and charts cannot change under the same name (REL-1, REL-5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import versions

from ..judging import Level, Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .availability import REPLICAS

OWN_REGISTRY = re.compile(r"(registry\.(?!k8s\.io/)[a-z0-9.-]+)(?::\d+)?/")
"""`registry.` of a stack's core domain; Kubernetes' own begins so too."""
CHARTS = frozenset({"https://charts.jetstack.io"})
"""Where charts may come from."""
_DIGEST = re.compile(r"(?:^|@)sha256:[0-9a-f]{64}$")
_EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?")


_LISTED = {pinned.reference: pinned for pinned in versions.TABLE}
_TRIED_IN_DEV = "dev tries versions before the table has them"


def today() -> date:
    """The day that support is judged by."""
    return datetime.now(UTC).date()


def judge_support(image: Value) -> Iterator[Finding]:
    """Whether an image of others is in the table of versions and supported still."""
    text = image.text
    if OWN_REGISTRY.match(text) or text.startswith("sha256:"):
        return
    listed = _LISTED.get(text.partition("@")[0])
    if listed is None:
        yield image.wrong(f"{text!r} is not in the table of versions", "take the version there, or add it to versions/")
    elif listed.ends is not None and listed.ends < today():
        why = f"{text!r} is supported no longer, since {listed.ends}"
        yield image.wrong(why, "raise it in versions/; policy/exemptions.py can wait for it")


def _images(pod: Value) -> Iterator[Value]:
    """The images of a pod's containers, and those that are mounted as volumes."""
    yield from (container.at("image") for container in kinds.all_containers(pod))
    for volume in pod.at("volumes").items():
        if volume.at("image").present:
            yield volume.at("image", "reference")


def _judge(image: Value) -> Iterator[Finding]:
    text = image.text
    if _DIGEST.search(text):
        return
    if OWN_REGISTRY.match(text):
        yield image.wrong(f"{text!r} names no digest", "give <image>@sha256:<digest>, as the release wrote it")
        return
    tag = text.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if not any(character.isdigit() for character in tag):
        yield image.wrong(f"{text!r} names no version", "give a version tag or a digest")


@resource_rule("workload-image-pinned", requirements=("REL-1", "REL-5"), types=kinds.WORKLOADS)
def workload_image_pinned(resource: Resource) -> Iterator[Finding]:
    """Our own images run by digest, others at least by version."""
    for image in _images(kinds.pod_spec(resource)):
        yield from _judge(image)
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        if container.at("imagePullPolicy").text == "Never":
            yield container.at("imagePullPolicy").wrong("is Never: what a node happens to have runs", "remove it")


@resource_rule(
    "docker-image-pinned", requirements=("REL-1", "REL-5"), types=(kinds.DOCKER_CONTAINER, kinds.DOCKER_IMAGE)
)
def docker_image_pinned(resource: Resource) -> Iterator[Finding]:
    """The same for images on Docker hosts."""
    if resource.props.at("build").present:
        yield resource.props.at("build").wrong("builds the image here", "take one that CI has built and tested")
    yield from _judge(resource.props.at("image" if resource.type == kinds.DOCKER_CONTAINER else "name"))


@resource_rule(
    "workload-image-supported",
    requirements=("INF-7",),
    types=kinds.WORKLOADS,
    dev=Level.ADVISORY,
    because=_TRIED_IN_DEV,
)
def workload_image_supported(resource: Resource) -> Iterator[Finding]:
    """Images of others are those of the table of versions, and their publishers support them still."""
    for image in _images(kinds.pod_spec(resource)):
        yield from judge_support(image)


@resource_rule(
    "docker-image-supported",
    requirements=("INF-7",),
    types=(kinds.DOCKER_CONTAINER, kinds.DOCKER_IMAGE),
    dev=Level.ADVISORY,
    because=_TRIED_IN_DEV,
)
def docker_image_supported(resource: Resource) -> Iterator[Finding]:
    """The same for images on Docker hosts."""
    yield from judge_support(resource.props.at("image" if resource.type == kinds.DOCKER_CONTAINER else "name"))


@resource_rule("helm-release", requirements=("SEC-2", "SEC-3"), types=(kinds.HELM_RELEASE,))
def helm_release(resource: Resource) -> Iterator[Finding]:
    """No Helm Release: what it makes passes by this pack unseen; a Chart (helm.sh/v4) shows every object."""
    chart = resource.props.at("chart")
    yield chart.wrong(f"{chart.text!r} is installed unseen", "use kubernetes.helm.v4.Chart with an exact version")
    version = resource.props.at("version")
    if not _EXACT_VERSION.fullmatch(version.text):
        yield version.wrong("is not exact", "give a full version, as in v1.19.2")


@resource_rule("helm-chart", requirements=("INF-7", "REL-5", "SEC-1"), types=(kinds.HELM_CHART,))
def helm_chart(resource: Resource) -> Iterator[Finding]:
    """A chart is one version, from a repository that is listed, over TLS, and somebody does its work."""
    version = resource.props.at("version")
    if not _EXACT_VERSION.fullmatch(version.text):
        yield version.wrong(f"is {version.text or 'missing'}", "give a full version, as in v1.19.2")
    repository, chart = resource.props.at("repositoryOpts", "repo"), resource.props.at("chart")
    if repository.text not in CHARTS:
        yield repository.wrong(f"is {repository.text or 'missing'}", f"give one of {', '.join(sorted(CHARTS))}")
    for name in ("postRenderer", "valueYamlFiles"):
        if resource.props.at(name).present:
            yield resource.props.at(name).wrong("changes the chart unseen", "give values")
    if "://" in chart.text:
        yield chart.wrong(f"is {chart.text}", "give the chart's name")
    elif _EXACT_VERSION.fullmatch(version.text) and f"{chart.text}:{version.text}" not in _LISTED:
        yield version.wrong(f"is {version.text}, which is not in the table of versions", "take the version there")
    environment = resource.props.at("values", "global", "commonLabels", "environment").text
    least = REPLICAS.get(environment, 1)
    for leaf in resource.props.at("values").leaves():
        if ".image." in leaf.path:
            yield leaf.wrong("is another image than the chart's own", "remove it")
        if leaf.path.endswith(".replicaCount") and (leaf.number or 0) < least:
            yield leaf.wrong(f"is {leaf.text}", f"give at least {least} (ENV-4)")
        if least > 1 and leaf.path.endswith(".podDisruptionBudget.enabled") and leaf.flag is False:
            yield leaf.wrong("is false: a node that is emptied takes all of them", "set it (ENV-4)")


@stack_rule(
    "own-registry",
    requirements=("INF-6", "ENV-3"),
    types=(*kinds.WORKLOADS, kinds.DOCKER_CONTAINER, kinds.DOCKER_IMAGE, kinds.DNS_RECORD),
)
def own_registry(stack: Stack) -> Iterator[Finding]:
    """The registry of our own images is the one that this stack has a name for."""
    names = {each.props.at("name").text for each in stack.of(kinds.DNS_RECORD)}
    if not names:
        return
    images = [each.props.at("image") for each in stack.of(kinds.DOCKER_CONTAINER)]
    images += [each.props.at("name") for each in stack.of(kinds.DOCKER_IMAGE)]
    for workload in stack.of(*kinds.WORKLOADS):
        images += [container.at("image") for container in kinds.all_containers(kinds.pod_spec(workload))]
    for image in images:
        own = OWN_REGISTRY.match(image.text)
        if own is not None and own[1] not in names:
            yield image.wrong(f"is of {own[1]}, for which the stack has no record", "take it from the stack's registry")
