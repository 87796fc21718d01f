"""Rules on the cluster: whatever runs in it runs in a namespace that is there (INF-2)."""

from collections.abc import Iterator

from settings.report import Path, Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings


def namespaces(settings: Settings) -> Iterator[Problem]:
    """Whatever names a namespace names one of `kubernetes.namespaces`."""
    known = settings.kubernetes.namespaces
    areas: list[tuple[Path, str]] = [
        *((("services", name, "namespace"), service.namespace) for name, service in whole(settings.services)),
        (("edge", "namespace"), settings.edge.namespace),
        (("observability", "namespace"), settings.observability.namespace),
        (("observability", "agents_namespace"), settings.observability.agents_namespace),
    ]
    for path, name in areas:
        if name not in known:
            yield Problem(path, f"{show(name)} is no namespace; {suggest(name, known, 'namespaces')}")


RULES = (namespaces,)
