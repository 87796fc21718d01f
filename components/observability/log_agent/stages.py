"""Stages that make a log line one of LOG-4, with the labels of LOG-3, whatever program wrote it.

Lines of other programs are mapped with JMESPath: the `json` stage writes an object that an expression made back as
JSON, so that every value is escaped as it should be.
"""

from typing import Any, Final

from components.observability.log_agent import masking
from components.observability.loki.tenants import AUDIT_TENANT
from components.programs import API_AUDIT_SERVICE

Stage = dict[str, Any]

LABELS: Final = ("tenant_id", "service", "environment", "class", "level", "host")
"""All labels a stream may have (LOG-3); `host` is the machine that the agent runs on. Anything else would be
unbounded."""
TENANT_FORM: Final = "tenant_[a-z0-9_]{1,40}"
"""Form of a tenant's id; anything else does not become a label, however often it is sent."""
SECURITY_EVENTS: Final = (
    "login_failed|login_locked|mfa_failed|account_locked|role_changed|role_granted|role_revoked|permission_denied|"
    "jwt_invalid|token_reused|rls_violation|password_changed|api_key_created|api_key_revoked"
)
"""Events of services that are kept as long as security alerts (LOG-1, SEC-4)."""

_LEVEL: Final = (
    '{{ $level := regexReplaceAll "[0-9]+$" (ToLower .log_level) "" }}'
    '{{ if or (eq $level "trace") (eq $level "debug") }}debug'
    '{{ else if or (eq $level "info") (eq $level "log") (eq $level "notice") }}info'
    '{{ else if or (eq $level "warn") (eq $level "warning") }}warn'
    '{{ else if or (eq $level "err") (eq $level "error") }}error'
    '{{ else if or (eq $level "fatal") (eq $level "critical") (eq $level "panic") (eq $level "emerg") }}fatal'
    "{{ end }}"
)

_ACCESS_LEVEL: Final = "(DownstreamStatus >= `500` && 'error') || (DownstreamStatus >= `400` && 'warn') || 'info'"

TRAEFIK: Final = (
    "{timestamp: StartUTC || time, service: ServiceName || RouterName || entryPointName, "
    f"level: {_ACCESS_LEVEL}, "
    'tenant_id: "downstream_X-Tenant-Id", '
    "user_id: \"downstream_X-User-Id\" || (ClientUsername != '-' && ClientUsername) || `null`, "
    "event: 'http_request', "
    "message: join(' ', [RequestMethod, RequestHost || '-', RequestPath, to_string(DownstreamStatus)]), "
    'context: {ip: ClientHost, user_agent: "request_User-Agent"}, '
    'request_id: "request_X-Request-Id" || "request_X-Request-ID", '
    'trace_id: "request_X-Trace-Id" || "request_X-Trace-ID" || TraceId, '
    "method: RequestMethod, path: RequestPath, status: DownstreamStatus, duration_nanoseconds: Duration, "
    "bytes: DownstreamContentSize, router: RouterName}"
)
"""Traefik's access log in JSON as LOG-4; the headers are there when the gateway's settings keep them.

Tenant and user are what the service says in its answer, or who logged in at the gateway; a client's claim is no proof.
"""

JOURNAL: Final = (
    "{service: SYSLOG_IDENTIFIER || _SYSTEMD_UNIT || 'system', level: "
    "(contains(['0', '1', '2'], PRIORITY) && 'fatal') || (PRIORITY == '3' && 'error') || "
    "(PRIORITY == '4' && 'warn') || (PRIORITY == '7' && 'debug') || 'info', "
    "message: MESSAGE, unit: _SYSTEMD_UNIT, host: _HOSTNAME}"
)
"""An entry of systemd's journal as LOG-4."""

AUTH_EVENT: Final = (
    "{timestamp: time, service: 'supabase-auth', level: level || 'info', user_id: auth_event.actor_id, "
    "event: auth_event.action, message: msg || auth_event.action, context: {ip: remote_addr}, "
    "request_id: request_id, class: 'audit'}"
)
"""An audit entry of Supabase Auth as LOG-4."""

AUTH_FAILURE: Final = (
    "{timestamp: time, service: 'supabase-auth', level: 'warn', user_id: auth_event.actor_id || user_id, "
    "event: 'login_failed', message: error || msg, context: {ip: remote_addr}, request_id: request_id}"
)
"""A refused login of Supabase Auth as LOG-4."""

API_AUDIT: Final = (
    f"{{timestamp: stageTimestamp, service: '{API_AUDIT_SERVICE}', "
    "level: (responseStatus.code >= `400` && 'warn') || 'info', user_id: user.username, "
    "event: join('.', ['audit', 'kubernetes', verb]), "
    "message: join(' ', [verb, requestURI, to_string(responseStatus.code || '-')]), "
    "context: {ip: sourceIPs[0], user_agent: userAgent, as: impersonatedUser.username, object: objectRef}, "
    "request_id: auditID, class: 'audit'}"
)
"""An event of the API server's audit log as LOG-4."""

COMBINED: Final = (
    r'^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<access_time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" '
    r'(?P<status_class>[1-5])[0-9]{2} (?P<bytes>[0-9]+|-)(?: "(?P<referer>[^"]*)" "(?P<user_agent>[^"]*)")?'
)
"""The combined access log of Nginx and OpenLiteSpeed."""

_SSH: Final = (
    r'"Failed \S+ for (?:invalid user )?(?P<ssh_user>.{0,300}) from (?P<ssh_address>[0-9a-fA-F.:]{3,39}) '
    r'port [0-9]+ ssh2"'
)
"""What sshd says of a refused login. A stranger chooses the name, with ` from ADDRESS` in it: the last one is meant."""


def match(selector: str, *stages: Stage) -> Stage:
    """Stages for the lines that a selector with line filters finds."""
    return {"match": {"selector": selector, "stages": list(stages)}}


def mapped(expression: str) -> list[Stage]:
    """The line replaced by what a JMESPath expression makes of it."""
    return [{"json": {"expressions": {"mapped": expression}}}, {"output": {"source": "mapped"}}]


def traefik() -> Stage:
    """Access log lines of the gateways. The tenant stays a field: of each service there would be streams twice."""
    return match(
        '{service=~".+"} |= "\\"RequestMethod\\"" |= "\\"DownstreamStatus\\""',
        *mapped(TRAEFIK),
        {"static_labels": {"class": "access"}},
    )


def combined(selector: str) -> Stage:
    """Combined access log lines: the line stays as it is, its time and its level are taken from it."""
    return match(
        selector,
        {"regex": {"expression": COMBINED}},
        {"timestamp": {"source": "access_time", "format": "02/Jan/2006:15:04:05 -0700", "action_on_failure": "skip"}},
        {
            "template": {
                "source": "level",
                "template": '{{ if eq .status_class "5" }}error{{ else if eq .status_class "4" }}warn'
                "{{ else if .status_class }}info{{ end }}",
            }
        },
        {"labels": {"level": None}},
        {"static_labels": {"class": "access"}},
    )


def supabase() -> list[Stage]:
    """Audit entries, refused logins and row level security of Supabase's containers (SEC-4)."""
    return [
        match('{service=~".+"} |= "\\"auth_event\\"" != "login_failed"', *mapped(AUTH_EVENT)),
        match('{service=~".*auth.*"} |~ "invalid_credentials|Invalid login credentials"', *mapped(AUTH_FAILURE)),
        match('{service=~".*db.*|.*postgres.*"} |= "AUDIT: "', {"static_labels": {"class": "audit"}}),
        match('{service=~".+"} |= "violates row-level security policy"', {"static_labels": {"class": "security"}}),
    ]


def journal() -> list[Stage]:
    """Entries of the journal; a login that sshd refused is an event like that of a service (SEC-4)."""
    failed = '"event":"login_failed","user_id":"{{ .ssh_user }}","context":{"ip":"{{ .ssh_address }}"},{{ .Value }}'
    return [
        *mapped(JOURNAL),
        match(
            # By its unit, which the journal knows: a name anybody can give himself.
            '{class="syslog"} |= "\\"unit\\":\\"ssh" |~ "Failed [a-z/-]+ for .* from "',
            {"regex": {"expression": _SSH}},
            {"replace": {"expression": r'("host":)', "replace": failed}},
        ),
    ]


def finish(labels: tuple[str, ...] = LABELS) -> list[Stage]:
    """What every line goes through at last: labels from its fields, the tenant of Loki, and no label but the known."""
    return [
        {"regex": {"expression": r"\b(?P<log_level>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):\s"}},
        {"regex": {"expression": r"\blevel=\"?(?P<log_level>[A-Za-z]+)"}},
        {
            "json": {
                "expressions": {
                    "log_level": "level",
                    "log_time": "timestamp",
                    "log_tenant": "tenant_id",
                    "log_class": "class",
                    "event": "event",
                    "request_id": "request_id || context.request_id",
                    "trace_id": "trace_id || context.trace_id",
                }
            }
        },
        {"template": {"source": "level", "template": _LEVEL}},
        {"regex": {"source": "log_tenant", "expression": f"^(?P<known_tenant>{TENANT_FORM})$"}},
        {"regex": {"source": "event", "expression": f"^(?P<security_event>{SECURITY_EVENTS})$"}},
        {"regex": {"source": "event", "expression": "^(?P<audit_event>audit[._].+)$"}},
        {"regex": {"source": "log_class", "expression": "^(?P<security_class>security)$"}},
        {"regex": {"source": "log_class", "expression": "^(?P<audit_class>audit)$"}},
        {
            "template": {
                "source": "line_class",
                "template": "{{ if or .audit_class .audit_event }}audit"
                "{{ else if or .security_class .security_event }}security{{ end }}",
            }
        },
        {"timestamp": {"source": "log_time", "format": "RFC3339Nano", "action_on_failure": "skip"}},
        {"labels": {"level": None}},
        match('{class!="access"}', {"labels": {"tenant_id": "known_tenant", "class": "line_class"}}),
        {"structured_metadata": dict.fromkeys(("request_id", "trace_id", "namespace", "pod", "slot"))},
        match('{class="audit"}', {"tenant": {"value": AUDIT_TENANT}}),
        {"labelallow": [*labels, "__tenant_id__"]},
    ]


def unended() -> Stage:
    """A line of Docker's without the end of the line that it keeps."""
    return {"replace": {"expression": "(\\n)$", "replace": ""}}


def whole() -> Stage:
    """A message of several lines as one, so that all of it is masked, classified and kept alike.

    What begins with white space, or closes what was opened before, goes on with the line before it: a stack trace, a
    statement in PostgreSQL's log, JSON that is spread out.
    """
    return {"multiline": {"firstline": r"^[^\s})\]]", "max_wait_time": "1s", "max_lines": 500}}


def masked() -> list[Stage]:
    """Secrets are gone before anything else looks at the line."""
    return masking.stages()
