"""Who may use the programs behind the gateways that have no login of their own, and for what: one table (SEC-6).

A route is there for the paths of its grant only, and asks for the login of one of its clients. The tenant of Loki is
set here: what a client says of it is removed, or chooses between the two that it may write to.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.programs import (
    ALERTMANAGER,
    ALERTMANAGER_RECORD,
    AUDIT_TENANT,
    GRAFANA,
    LOG_AGENT_CLIENT,
    LOG_TENANT,
    LOKI,
    OPERATOR_CLIENT,
    PROMETHEUS,
    RELEASE_CLIENT,
    Client,
    Program,
)
from components.text import to_yaml

ACCESS_FILE: Final = "routes/access.yaml"
"""Path of the document with the logins below the folder that a gateway watches."""
TENANT_HEADER: Final = "X-Scope-OrgID"
"""How Loki is told the tenant."""
_READ: Final = "(Method(`GET`) || Method(`HEAD`))"
_ASK: Final = "(Method(`GET`) || Method(`POST`))"
_METRICS: Final = "!PathRegexp(`(?i)^/metrics(/.*)?$`)"
_PROXY: Final = "PathRegexp(`(?i)^/api/datasources/proxy(/.*)?$`)"
_TRACES: Final = "(Method(`GET`) && PathPrefix(`/api/datasources/proxy/uid/tempo/api/`))"
"""The one thing that Grafana's pages ask through its proxy: they look for traces."""
OWN_LOGIN: Final = {GRAFANA.name: f"{_METRICS} && (!{_PROXY} || {_TRACES})"}
"""What is asked of programs that ask for a login themselves, and have people with roles.

Grafana gives its metrics to everybody. Its proxy leads whoever may look to any path of what is behind it, with its own
rights: a viewer could write into the audit trail of Loki, or end it.
"""
_INSIDE: Final = "!PathPrefix(`/-/`) && !PathPrefix(`/debug`) && !PathPrefix(`/metrics`)"
"""A program's own affairs: to end it, to reload it, its memory."""
_PUSH: Final = "Method(`POST`) && Path(`/loki/api/v1/push`)"
_TOLD: Final = "Method(`POST`) && Path(`/api/v2/alerts`)"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One thing that some clients may do with one program."""

    name: str
    """Name of the router."""
    program: Program
    clients: tuple[Client, ...]
    """Who may; each has a password of its own."""
    rule: str
    """Which requests, in Traefik's words, besides the host."""
    tenant: str | None = None
    """Tenant of Loki that they are for."""
    priority: int = 100
    """Of two that fit, the one with the higher priority counts."""

    @property
    def login(self) -> str:
        """Name of the middleware that asks for the login."""
        return f"login-{'-or-'.join(self.clients)}"

    @property
    def middlewares(self) -> list[str]:
        """What a request passes through, besides what all do."""
        return [self.login, *([] if self.tenant is None else [f"tenant-{self.tenant}"])]


GRANTS: Final = (
    Grant(name="loki-push", program=LOKI, clients=(LOG_AGENT_CLIENT,), rule=_PUSH, tenant=LOG_TENANT),
    # A log agent tells by the header which lines are of the audit trail. It may add to it, and can read nothing.
    Grant(
        name="loki-push-audit",
        program=LOKI,
        clients=(LOG_AGENT_CLIENT,),
        rule=f"{_PUSH} && Header(`{TENANT_HEADER}`, `{AUDIT_TENANT}`)",
        tenant=AUDIT_TENANT,
        priority=200,
    ),
    Grant(
        name="loki-query",
        program=LOKI,
        clients=(RELEASE_CLIENT, OPERATOR_CLIENT),
        rule=f"{_ASK} && PathRegexp(`^/loki/api/v1/(query|query_range|series|labels|label/[A-Za-z_]+/values)$`)",
        tenant=LOG_TENANT,
    ),
    Grant(
        name="prometheus-query",
        program=PROMETHEUS,
        clients=(RELEASE_CLIENT, OPERATOR_CLIENT),
        rule=f"{_ASK} && PathRegexp(`^/api/v1/(query|query_range|series|labels|label/[A-Za-z_]+/values)$`)",
        priority=200,
    ),
    # Its pages only read; what writes is a POST, and the administrator's API is none of them.
    Grant(
        name="prometheus-pages",
        program=PROMETHEUS,
        clients=(OPERATOR_CLIENT,),
        rule=f"{_READ} && !PathPrefix(`/api/v1/admin`) && {_INSIDE}",
    ),
    Grant(
        name="alertmanager-alerts",
        program=ALERTMANAGER,
        clients=(RELEASE_CLIENT,),
        rule=_TOLD,
        priority=200,
    ),
    Grant(
        name="alertmanager-pages",
        program=ALERTMANAGER,
        clients=(OPERATOR_CLIENT,),
        rule=f"{_READ} && {_INSIDE}",
    ),
    Grant(
        name="alertmanager-silences",
        program=ALERTMANAGER,
        clients=(OPERATOR_CLIENT,),
        rule="((Method(`POST`) && Path(`/api/v2/silences`)) || "
        "(Method(`DELETE`) && PathRegexp(`^/api/v2/silence/[0-9a-f-]+$`)))",
    ),
    # It is told alerts, and knows no silence (ALR-10).
    Grant(name="alertmanager-record-alerts", program=ALERTMANAGER_RECORD, clients=(RELEASE_CLIENT,), rule=_TOLD),
)
"""Everything that is granted; the rest has no route."""


def tenants() -> dict[str, dict[str, Any]]:
    """Middlewares that say which tenant a request is for, by name."""
    found = dict.fromkeys(grant.tenant for grant in GRANTS if grant.tenant is not None)
    return {f"tenant-{name}": {"headers": {"customRequestHeaders": {TENANT_HEADER: name}}} for name in found}


def access_yaml(passwords: Mapping[Client, str]) -> str:
    """The document with the logins, which is secret.

    A password is kept as its hash without a salt and without a cost: its form asks for at least 32 random characters,
    which nobody finds by trying, and a costly hash for each batch of log lines would be the gateway's own work.

    Args:
        passwords: Each client's.
    """
    logins = {
        grant.login: {
            "basicAuth": {
                "realm": "luxima",
                # What is behind the gateway never sees the password.
                "removeHeader": True,
                "users": [f"{client}:{{SHA}}{_sha(passwords[client])}" for client in grant.clients],
            }
        }
        for grant in GRANTS
    }
    return to_yaml({"http": {"middlewares": logins}})


def _sha(password: str) -> str:
    return base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()
