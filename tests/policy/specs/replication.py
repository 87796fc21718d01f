"""Specs of the rules on the database's replica."""

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_DC = kinds.DOCKER_CONTAINER
_HBA = (
    "local all all scram-sha-256\nhostssl replication luxima_replica 10.10.30.42/32 scram-sha-256\n"
    "host all luxima_replica all reject\nhost all all samenet scram-sha-256\nhost all all all reject\n"
)
_FILES = {"uploads": [{"file": "/etc/luxima/pg_hba.conf", "content": _HBA}]}
_CONTENT = "uploads[0].content"
_SOURCE = "rules[0].source"


def _hba(old: str, new: str) -> Case:
    return one(_DC, but(_FILES, ("uploads/0/content", _HBA.replace(old, new))))


def _firewall(source: str, dport: str = "5433", **more: object) -> Case:
    rule = {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": dport, "source": source, **more}
    return one(kinds.FIREWALL_RULES[0], {"rules": [rule]})


def _server(name: str, host: str, environment: str = "production") -> dict[str, object]:
    labels = [{"label": "environment", "value": environment}, {"label": "luxima.id/host", "value": host}]
    return {"name": name, "image": "docker.io/supabase/postgres:17.6.1.140", "labels": labels}


_DATABASE = declared(_DC, _server("supabase-db", "docker-1"))
_REPLICA = declared(_DC, _server("supabase-db-replica", "docker-2"), "replica")
_EXPORTER = declared(
    _DC, {**_server("postgres-exporter", "docker-2"), "image": "quay.io/x/postgres-exporter:v1"}, "exporter"
)
_ELSEWHERE = declared(
    _DC, {**_server("postgres-exporter", "docker-1"), "image": "quay.io/x/postgres-exporter:v1"}, "exporter"
)
_MIGRATES = declared(_DC, {**_server("supabase-migrate", "docker-1"), "start": False}, "migrate")


def _machines(second: str) -> Case:
    return tuple(
        declared(kinds.VM, {"name": f"docker-{number}", "nodeName": node}, f"docker-{number}")
        for number, node in ((1, "pve1"), (2, second))
    )


SPECS = (
    Spec(
        "database-replication",
        passes=(
            one(_DC, _FILES),
            _firewall("10.10.30.42"),
            _firewall("10.10.30.42/32"),
            _firewall("10.10.30.0/24", dport="443"),
            _firewall("10.10.30.0/24", action="DROP"),
            _firewall("10.10.30.0/24", enabled=False),
            _firewall("10.10.30.0/24", type="out"),
        ),
        fails=(
            wrong(_hba("10.10.30.42/32", "10.10.30.0/24"), _CONTENT),
            wrong(_hba("10.10.30.42/32", "db.example"), _CONTENT),
            wrong(_hba("hostssl replication luxima_replica", "hostssl all all"), _CONTENT),
            wrong(_hba("hostssl", "host"), _CONTENT),
            wrong(_firewall("10.10.30.0/24"), _SOURCE),
            wrong(_firewall("10.10.30.42,10.10.30.0/24", dport="443,5433"), _SOURCE),
            wrong(_firewall(""), _SOURCE),
            wrong(one(_DC, {"uploads": [{"file": "/run/service.conf", "content": "sslmode=prefer\n"}]}), _CONTENT),
        ),
        unknown=(wrong(one(_DC, but(_FILES, ("uploads/0/content", UNKNOWN))), _CONTENT),),
    ),
    Spec(
        "database-replica",
        passes=(
            (_DATABASE, _MIGRATES, _REPLICA, _EXPORTER, *_machines("pve2")),
            (_DATABASE, _REPLICA, _EXPORTER),
            (declared(_DC, _server("supabase-db", "docker-1", "staging")),),
        ),
        fails=(
            wrong((_DATABASE, _MIGRATES), "name"),
            wrong((_REPLICA, _EXPORTER, *_machines("pve2")), "name"),
            wrong((_DATABASE, _REPLICA, _ELSEWHERE), "name"),
            wrong((_DATABASE, _REPLICA, _EXPORTER, *_machines("pve1")), "labels"),
            wrong(
                (_DATABASE, _ELSEWHERE, declared(_DC, _server("supabase-db-replica", "docker-1"), "replica")), "labels"
            ),
        ),
        unknown=(wrong((declared(_DC, {**_server("supabase-db", "docker-1"), "image": UNKNOWN}),), "image"),),
    ),
)
