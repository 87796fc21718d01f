"""Containers on Docker hosts stay up, end in order, keep their data, and cannot change what they are told (ENV-4)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .database import PLATFORM, SERVER, files, settings

_TRIVIAL = re.compile(r"(?:/bin/)?(?:true|:|echo\b.*|exit 0|python3? -c (?:pass|0))")
_MOST_SECONDS, _MOST_RETRIES = 60, 20
_LEAST_GRACE = {True: 30, False: 5}
"""Seconds to end in: PostgreSQL writes down what it has in memory."""
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SAID: Mapping[str, tuple[str, re.Pattern[str]]] = {
    name: (right, re.compile(allowed))
    for name, right, allowed in (
        ("hba_file", "/etc/luxima/pg_hba.conf", r"/etc/luxima/pg_hba\.conf"),
        ("log_statement", "none", "none"),
        ("log_min_messages", "warning", r"(?!panic).*"),
        ("log_min_error_statement", "panic", "panic"),
        ("log_parameter_max_length_on_error", "0", "0"),
        ("pgaudit.log_parameter", "off", "off"),
        ("log_destination", "stderr", "stderr"),
        ("logging_collector", "off", "off"),
        ("pg_stat_statements.track", "all", "all|top"),
        ("max_wal_senders", "10", r"[1-9]\d*"),
        ("max_replication_slots", "10", r"[1-9]\d*"),
        ("synchronous_commit", "on", r"(?!off).*"),
        ("shared_preload_libraries", "pgaudit", r".*pgaudit.*"),
        ("ssl_ciphers", "HIGH:!aNULL", r"HIGH:!aNULL|HIGH"),
        ("zero_damaged_pages", "off", "off"),
        ("ignore_checksum_failure", "off", "off"),
    )
}
"""What PostgreSQL is told where a requirement asks for it: nothing secret in its log, and that it is told at all."""
_SUPABASE, _POOLER = re.compile(r"/supabase/"), re.compile(r"/supavisor:")
_POOL = ("POOLER_DEFAULT_POOL_SIZE", "DB_POOL_SIZE", "POOLER_MAX_CLIENT_CONN")


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(each or 0) for each in found.groups()) if found and text else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds


@resource_rule("docker-kept-up", requirements=("ENV-4",), types=(kinds.DOCKER_CONTAINER,))
def docker_kept_up(resource: Resource) -> Iterator[Finding]:
    """A container that serves comes back however it ended, is asked in earnest and often, and has the time to end."""
    props = resource.props
    if not kinds.runs(resource):
        return
    if props.at("restart").text == "on-failure":
        yield props.at("restart").wrong("is on-failure: it stays away after a reboot", "give unless-stopped")
    for name, wrong in (("mustRun", False), ("rm", True)):
        if props.at(name).flag is wrong:
            yield props.at(name).wrong(f"is {str(wrong).lower()}: it may be gone and nobody minds", "remove it")
    yield from _checked(props.at("healthcheck"))
    if props.at("stopSignal").text in {"SIGKILL", "9", "KILL"}:
        yield props.at("stopSignal").wrong("ends it in the middle of its work", "remove it")
    grace = props.at("destroyGraceSeconds")
    least = _LEAST_GRACE[bool(SERVER.search(props.at("image").text))]
    if grace.present and (grace.number or 0) < least:
        yield grace.wrong(f"is {grace.text}", f"give at least {least}")
    for mount in props.at("mounts").items():
        # The name of what is not made yet is one.
        with contextlib.suppress(UnevaluableError):
            if mount.at("type").text == "volume" and not mount.at("source").text:
                yield mount.at("source").wrong("is missing: what is written goes with the container", "name the volume")


def _checked(check: Value) -> Iterator[Finding]:
    words = check.at("tests").texts()[1:]
    if words and (_TRIVIAL.fullmatch(" ".join(words)) or re.search(r"\|\|\s*(?:true|:|exit 0)\s*$", words[-1])):
        yield check.at("tests").wrong("asks nobody", "give a command that asks the program")
    if _seconds(check.at("interval").text) > _MOST_SECONDS:
        yield check.at("interval").wrong(f"is {check.at('interval').text}", f"give at most {_MOST_SECONDS}s")
    for name, most in (("timeout", _MOST_SECONDS), ("startPeriod", 10 * _MOST_SECONDS)):
        if _seconds(check.at(name).text) > most:
            yield check.at(name).wrong(f"is {check.at(name).text}", f"give at most {most}s")
    if (check.at("retries").number or 0) > _MOST_RETRIES:
        yield check.at("retries").wrong(f"is {check.at('retries').text}", f"give at most {_MOST_RETRIES}")


@resource_rule("docker-file-modes", requirements=("SEC-2",), types=(kinds.DOCKER_CONTAINER,))
def docker_file_modes(resource: Resource) -> Iterator[Finding]:
    """A file that a container is given is its user's and group's alone, and nobody else writes to it."""
    for upload in resource.props.at("uploads").items():
        mode = upload.at("permissions")
        if not re.fullmatch(r"0?[0-7][0145]0", mode.text):
            yield mode.wrong(f"is {mode.text or 'missing'}", "give 0440")


@stack_rule("docker-files-read-only", requirements=("SEC-2", "SEC-3"), types=(kinds.DOCKER_CONTAINER,))
def docker_files_read_only(stack: Stack) -> Iterator[Finding]:
    """A container only reads the files that it is given and what it measures; what it reads, somebody writes."""
    given, written = set[tuple[str, str]](), set[tuple[str, str]]()
    mounted: list[tuple[Resource, Value, tuple[str, str]]] = []
    for each in stack.of(kinds.DOCKER_CONTAINER):
        for mount in each.props.at("mounts").items():
            volume = kinds.host_of(each), kinds.volume_of(mount)
            if volume[1]:
                mounted.append((each, mount, volume))
                given |= {volume} if each.props.at("uploads").present else set()
                written |= {volume} if mount.at("readOnly").flag is not True else set()
    for each, mount, volume in mounted:
        measures = "/node-exporter" in each.props.at("image").text
        if mount.at("type").text == "volume" and kinds.runs(each) and volume not in written:
            yield mount.at("source").wrong("is a volume that nobody writes to", "name that of who writes it")
        if each.props.at("uploads").present or mount.at("readOnly").flag is True:
            continue
        if measures or volume in given:
            yield mount.at("readOnly").wrong("lets it change what it is told", "give true")


@stack_rule("database-there", requirements=("INF-4",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL)
def database_there(stack: Stack) -> Iterator[Finding]:
    """Where Supabase's parts run, PostgreSQL does, and its pooler leaves the others half of the connections."""
    parts = kinds.running(stack, _SUPABASE)
    if parts and not kinds.running(stack, PLATFORM):
        yield parts[0].props.at("image").wrong("is a part of Supabase, of which no PostgreSQL runs", "declare it")
    poolers = kinds.running(stack, _POOLER)
    documents = (files(each, "postgresql.conf") for each in stack.of(kinds.DOCKER_CONTAINER)) if poolers else ()
    allowed = [settings(content.text).get("max_connections", "100") for each in documents for content in each]
    most = min((int(each) for each in allowed if each.isdigit()), default=100) // 2
    for pooler in poolers:
        said = pooler.props.at("envs")
        given = {name: value for name, _, value in (each.partition("=") for each in said.texts())}
        size, own, clients = (int(given[each]) if given.get(each, "").isdigit() else 0 for each in _POOL)
        if not (0 < size <= min(most, clients) and 0 < own < most):
            yield said.wrong(
                "opens more connections than half of the database's, or none", f"give {_POOL[0]} up to {most}"
            )


@resource_rule(
    "postgres-told",
    requirements=("SEC-3", "SEC-4", "INF-4"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def postgres_told(resource: Resource) -> Iterator[Finding]:
    """Supabase's PostgreSQL can be followed, writes changes of roles down, keeps tenants apart, is measured by TLS."""
    if not _SUPABASE.search(resource.props.at("image").text):
        return
    for content in files(resource, "postgresql.conf"):
        said = settings(content.text)
        if said.get("wal_level", "replica") not in {"replica", "logical"}:
            yield content.wrong("writes too little WAL to follow or restore it", "give wal_level = 'logical'")
        yield from _as_asked(content, said)
        if "role" not in said.get("pgaudit.log", ""):
            yield content.wrong("writes no change of a role down", "give pgaudit.log = 'role' (SEC-4)")
        if said.get("row_security", "on") == "off" or said.get("autovacuum", "on") == "off":
            yield content.wrong("switches off what keeps tenants apart, or the tables small", "leave both on")
        for name in ("ssl_cert_file", "ssl_key_file"):
            if said.get("ssl") == "on" and not said.get(name):
                yield content.wrong(f"has no {name}", "name the file")
    for content in files(resource, "pg_hba.conf"):
        lines = [line.split() for line in content.text.splitlines() if line.split()]
        if any(line[0].startswith("include") or line[0].startswith("@") for line in lines):
            yield content.wrong("includes what nobody judges", "say it here")
        closed = next((at for at, line in enumerate(lines) if line[0] == "hostnossl" and line[-1] == "reject"), None)
        opened = next((at for at, line in enumerate(lines) if line[0] == "host" and line[-1] != "reject"), len(lines))
        if closed is None or closed > opened:
            yield content.wrong(
                "lets who measures it in without TLS", "begin with hostnossl … luxima_monitor all reject"
            )


_TUNED = re.compile(
    r"include_if_exists|hba_file|listen_addresses|max_connections|shared_buffers|effective_cache_size|work_mem"
    r"|maintenance_work_mem|wal_buffers|m(?:in|ax)_wal_size|checkpoint_\w+|random_page_cost|effective_io_concurrency"
    r"|wal_level|wal_keep_size|max_slot_wal_keep_size|wal_log_hints|hot_standby\w*|primary_\w+|recovery_target\w*"
    r"|restore_command|archive_\w+|ssl|ssl_\w+_file|ssl_min_protocol_version|password_encryption|log_\w+|pgaudit\.\w+"
    r"|pg_stat_statements\.\w+|track_\w+|idle_in_transaction_session_timeout|row_security|autovacuum\w*|fsync"
    r"|full_page_writes|max_worker_processes|max_parallel_\w+|max_logical_replication_workers|cron\.\w+"
)
"""Names that PostgreSQL may be told beside those of _SAID."""
_LEAST_CONNECTIONS = 50


def _as_asked(content: Value, said: Mapping[str, str]) -> Iterator[Finding]:
    for name in said:
        if name not in _SAID and not _TUNED.fullmatch(name):
            yield content.wrong(f"says {name}, which no rule reads", "leave it out")
    if said.get("listen_addresses", "*") != "*" or said.get("max_slot_wal_keep_size") == "-1":
        yield content.wrong("keeps its parts out, or its disk full", "listen at '*', and bound max_slot_wal_keep_size")
    connections = said.get("max_connections", "100")
    if connections.isdigit() and int(connections) < _LEAST_CONNECTIONS:
        yield content.wrong(f"lets {connections} in", f"give max_connections = '{_LEAST_CONNECTIONS}' at least")
    if said.get("log_min_duration_statement", "-1") != "-1":
        yield content.wrong("writes statements down, with what is in them", "leave log_min_duration_statement out")
    for name, (right, allowed) in _SAID.items():
        if not allowed.fullmatch(said.get(name, right)):
            yield content.wrong(f"says {name} = {said[name]}", f"give {name} = '{right}'")
    if re.search(r"^\s*include(?!_if_exists '/etc/postgresql/postgresql\.conf')", content.text, re.MULTILINE):
        yield content.wrong("includes what nobody judges", "say it here")
