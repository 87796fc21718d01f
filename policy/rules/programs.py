"""What programs are told beside their documents may not say otherwise (SEC-1, SEC-6, LOG-2, MON-1)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds

_ALLOWED: Mapping[str, re.Pattern[str]] = {
    "/grafana/loki:": re.compile(r"--?(?:config\.(?:file|expand-env)|target|log\.)"),
    "/grafana/tempo:": re.compile(r"--?(?:config\.(?:file|expand-env)|target|log\.)"),
    "/traefik:": re.compile(r"--?configFile", re.IGNORECASE),
    "/prometheus/prometheus:": re.compile(
        r"--(?:config\.(?:file|auto-reload)|storage\.tsdb\.(?:path|retention\.(?:time|size))|web\.external-url"
        r"|web\.enable-remote-write-receiver|enable-feature=exemplar-storage$|rules\.alert\.for-grace-period=\d+s$|log\.)"
    ),
    "/prometheus/alertmanager:": re.compile(r"--(?:config\.file|storage\.path|web\.external-url|cluster\.|log\.)"),
    "/prometheus/node-exporter:": re.compile(
        r"--(?:path\.\w+=/host|web\.listen-address|collector\.(?:filesystem|textfile\.directory=/(?:host/var/lib/node-exporter|backups)|systemd)|log\.)"
    ),
}
"""Programs whose document says all, and the arguments that they get beside it."""
_FORBIDDEN: Mapping[str, re.Pattern[str]] = {
    "/prometheus/prometheus:": re.compile(r"--web\.enable-admin-api|--agent\b|--enable-feature=.*\bagent\b"),
    "/grafana/grafana:": re.compile(r"cfg:"),
    "/postgres-exporter:": re.compile(r"--(?:no-collector|disable-)"),
    "/cadvisor:": re.compile(
        r"--disable_metrics=(?:.*,)?(?:cpu|memory)(?:,.*)?$|--housekeeping_interval=(?!\d$|1[0-5]s$|\ds$).*"
    ),
}
_MANY = frozenset({"--cluster.peer", "--enable-feature", "--collector.textfile.directory"})
_READERS = ("/prometheus/prometheus:", "/prometheus/alertmanager:", "/grafana/loki:", "/grafana/tempo:")
_READING = re.compile(r"--?(?:config\.file|configFile|config)=(/\S+)", re.IGNORECASE)
_DOCUMENTED = re.compile(r"GF_(?:AUTH|SECURITY|USERS|PUBLIC|SERVER|PLUGINS|INSTALL|SNAPSHOTS)_|REGISTRY_|TRAEFIK_")
_SAID_BY_FILE = re.compile(r"\$__file\{|__FILE$")
_UNVERIFIED = re.compile(
    r"NODE_TLS_REJECT_UNAUTHORIZED=0|PYTHONHTTPSVERIFY=0|GIT_SSL_NO_VERIFY=.+|(?:\w+_)?(?:SKIP_VERIFY|INSECURE)=(?:true|1)"
    r"|PGSSLMODE=(?:disable|allow|prefer|require)|(?:\w+_)?(?:SSL|TLS)_?VERIFY=(?:false|0|no)",
    re.IGNORECASE,
)
_SILENT = re.compile(r"LOG_LEVEL=(?:silent|off|fatal)|OTEL_SDK_DISABLED=true|OTEL_TRACES_SAMPLER=always_off")
"""Nobody hears of what a request did (MON-4)."""
_BESIDE = re.compile(
    r"(?:https?|all)_proxy=.+|LD_(?:PRELOAD|LIBRARY_PATH)=.+|NODE_OPTIONS=.*--(?:inspect|tls-min-v1\.[01]).*", re.I
)
"""Another one reads along, or runs along."""
_AUTHORITY = frozenset({"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"})
_DATABASE = re.compile(r"postgres(?:ql)?://")
_SSL_MODE = re.compile(r"\bsslmode=(disable|allow|prefer|require)\b")
_NO_TLS = re.compile(r"\b(?:sslmode|PGSSLMODE)\s*=\s*['\"]?(disable|allow|prefer)\b")


def _variables(resource: Resource) -> Iterator[tuple[Value, str, str]]:
    if resource.type == kinds.DOCKER_CONTAINER:
        for entry in resource.props.at("envs").items():
            name, _, value = entry.text.partition("=")
            yield entry, name, value
        return
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for entry in container.at("env").items():
            if not entry.at("valueFrom").present:
                yield entry.at("value"), entry.at("name").text, entry.at("value").text


def _told(resource: Resource) -> Iterator[tuple[str, Value, Value]]:
    """Image, container, and its lists of arguments."""
    if resource.type == kinds.DOCKER_CONTAINER:
        for name in ("command", "entrypoints"):
            yield resource.props.at("image").text, resource.props, resource.props.at(name)
        return
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for name in ("command", "args"):
            yield container.at("image").text, container, container.at(name)


@resource_rule(
    "program-variables",
    requirements=("SEC-1", "SEC-6"),
    types=(*kinds.WORKLOADS, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def program_variables(resource: Resource) -> Iterator[Finding]:
    """No variable switches a check off, nor says what a program's own document is to say, where rules read it."""
    said: dict[str, str] = {}
    for place, name, value in _variables(resource):
        yield from _beside(place, name, value)
        if said.setdefault(name, value) != value:
            yield place.wrong(f"gives {name} once more", "remove it")
        if _UNVERIFIED.fullmatch(f"{name}={value}"):
            yield place.wrong(f"gives {name}, which checks nobody", "remove it")
        elif resource.type in kinds.WORKLOADS and _DATABASE.match(value):
            yield place.wrong("leads to the database itself", "ask the Supabase API (SEC-3)")
        elif _SSL_MODE.search(value):
            yield place.wrong("does not check the database's certificate", "give sslmode=verify-full")
        elif _DOCUMENTED.match(name) and not _SAID_BY_FILE.search(f"{value}{name}"):
            yield place.wrong(f"gives {name} beside the program's document", "say it in the document")
    if resource.type == kinds.DOCKER_CONTAINER:
        for upload in resource.props.at("uploads").items():
            # What holds a password is not known before the first update.
            with contextlib.suppress(UnevaluableError):
                weak = _NO_TLS.search(upload.at("content").text)
                if weak is not None:
                    yield upload.at("content").wrong(
                        f"says sslmode={weak[1]}: the database may answer without TLS",
                        "give verify-full",
                    )


def _beside(place: Value, name: str, value: str) -> Iterator[Finding]:
    if _SILENT.fullmatch(f"{name}={value}"):
        yield place.wrong(f"gives {name}, by which nobody hears of what happens", "remove it")
    if _BESIDE.fullmatch(f"{name}={value}"):
        yield place.wrong(f"gives {name}, by which another one runs or reads along", "remove it")
    if name in _AUTHORITY and value.startswith("/tmp/"):  # noqa: S108 - what a rule is to find
        yield place.wrong(f"believes {value}, which anybody may write", "name the mounted file")


@resource_rule(
    "program-arguments",
    requirements=("SEC-1", "LOG-2", "MON-1"),
    types=(*kinds.WORKLOADS, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def program_arguments(resource: Resource) -> Iterator[Finding]:
    """A program reads the document that is mounted for it, and no argument says otherwise than that."""
    for image, container, arguments in _told(resource):
        texts = arguments.texts()
        if any(each in image for each in _READERS) and texts and not any(_READING.match(each) for each in texts):
            yield arguments.wrong("names no document", "give --config.file")
        said: set[str] = set()
        for argument in arguments.items():
            text = argument.text
            name, given, _ = text.partition("=")
            if name in said and given and name.startswith("-") and name not in _MANY and _is_known(image):
                yield argument.wrong(f"says {name} once more", "remove it")
            said.add(name)
            for name, allowed in _ALLOWED.items():
                if name in image and text.startswith("-") and not allowed.match(text):
                    yield argument.wrong(f"is {text}, beside the document", "say it in the document")
            for name, forbidden in _FORBIDDEN.items():
                if name in image and forbidden.search(text):
                    yield argument.wrong(f"is {text}", "remove it")
            read = _READING.match(text)
            if read is not None and not any(read[1].startswith(f"{each}/") for each in _mounts(resource, container)):
                yield argument.wrong(f"reads {read[1]}, which nobody mounts", "name the mounted document")


def _is_known(image: str) -> bool:
    return any(each in image for each in _ALLOWED)


def _mounts(resource: Resource, container: Value) -> Iterator[str]:
    if resource.type == kinds.DOCKER_CONTAINER:
        yield from (mount.at("target").text for mount in container.at("mounts").items())
        yield from (volume.at("containerPath").text for volume in container.at("volumes").items())
        return
    given = {
        volume.at("name").text
        for volume in kinds.pod_spec(resource).at("volumes").items()
        if not volume.at("emptyDir").present
    }
    for mount in container.at("volumeMounts").items():
        if mount.at("name").text in given:
            yield mount.at("mountPath").text
