"""Specs of policy/rules/database.py, and of its gateway."""

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Spec, but, declared, simple, wrong

_DC = kinds.DOCKER_CONTAINER
_CONF = "ssl = 'on'\nssl_min_protocol_version = 'TLSv1.2'\npassword_encryption = 'scram-sha-256'\n"
_HBA = (
    "local all all peer\nhost all all samenet scram-sha-256\n"
    "hostssl all all 10.0.0.0/8 scram-sha-256\nhost all all all reject\n"
)


def _files(name: str, text: str) -> dict[str, object]:
    return {"image": "docker.io/supabase/postgres:17.6.1.140", "uploads": [{"file": f"/etc/{name}", "content": text}]}


_DATABASE = {
    "image": "docker.io/supabase/postgres:17.6.1.140",
    "restart": "unless-stopped",
    "healthcheck": {"tests": ["CMD", "pg_isready"]},
    "mounts": [{"type": "volume", "target": "/var/lib/postgresql", "source": "data"}],
    "networksAdvanced": [{"name": "supabase"}],
}
_STRANGER = {"image": "docker.io/library/busybox:1.37.0", "networksAdvanced": [{"name": "other"}]}
_COOLIFY = (
    declared(_DC, {"image": "docker.io/library/postgres:15.18-alpine", "networksAdvanced": [{"name": "own"}]}, "db"),
    declared(_DC, {"image": "docker.io/valkey/valkey:8.1.10-alpine", "networksAdvanced": [{"name": "own"}]}, "redis"),
    declared(_DC, {"image": "docker.io/coollabsio/coolify:4.3.11", "networksAdvanced": [{"name": "own"}]}, "coolify"),
)
_ROUTES = "http:\n  services:\n    rest:\n      loadBalancer:\n        servers:\n          - url: http://rest:3000\n"
_TCP = "tcp:\n  services:\n    x:\n      loadBalancer:\n        servers:\n          - address: db:5432\n"
_STATIC = "entryPoints:\n  api:\n    address: :8443\n    http:\n      tls: {}\n"
_GATEWAY = {"name": "gateway", "image": "traefik", "ports": [{"internal": 8443, "external": 8443}]}
_GATEWAY_FILES = {"name": "files", "image": "traefik", "uploads": [{"file": "/run/traefik.yaml", "content": _STATIC}]}
_CONTENT = "uploads[0].content"

SPECS = (
    simple(
        "postgres-tls",
        _DC,
        _files("postgresql.conf", _CONF),
        ("uploads/0/content", _CONF.replace("'on'", "'off'"), _CONTENT),
        ("uploads/0/content", "listen_addresses = '*'\n", _CONTENT),
        ("uploads/0/content", _CONF.replace("1.2", "1"), _CONTENT),
        ("uploads/0/content", _CONF.replace("scram-sha-256", "md5"), _CONTENT),
        ("uploads/0/content", f"{_CONF}fsync = off\n", _CONTENT),
        ("command", ["postgres", "-c", "config_file=/x", "-c", "ssl=off"], "command[4]"),
        ("command", ["postgres", "-c", "config_file=/x", "-c", "archive_mode=off"], "command[4]"),
        ("command", ["postgres"], "command"),
        unknown=("uploads/0/content", _CONTENT),
    ),
    simple(
        "postgres-clients",
        _DC,
        _files("pg_hba.conf", _HBA),
        ("uploads/0/content", "local all all trust\n", _CONTENT),
        ("uploads/0/content", "host all all samenet md5\n", _CONTENT),
        ("uploads/0/content", "host all all 10.0.0.0/8 scram-sha-256\n", _CONTENT),
        ("uploads/0/content", "hostssl all all all scram-sha-256\n", _CONTENT),
        ("uploads/0/content", "host all all 10.0.0.0 255.0.0.0 trust\n", _CONTENT),
        unknown=("uploads/0/content", _CONTENT),
    ),
    Spec(
        "database-network",
        passes=(
            (declared(_DC, _DATABASE), declared(_DC, _STRANGER, "other")),
            _COOLIFY,
            (declared(_DC, _DATABASE), *_COOLIFY),
        ),
        fails=(
            wrong(
                (
                    declared(_DC, _DATABASE),
                    declared(_DC, but(_STRANGER, ("networksAdvanced/0/name", "supabase")), "other"),
                ),
                "networksAdvanced[0].name",
            ),
            wrong(
                (*_COOLIFY, declared(_DC, but(_STRANGER, ("networksAdvanced/0/name", "own")), "other")),
                "networksAdvanced[0].name",
            ),
            # Neither of the two is in the other's network.
            wrong(
                (declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", "own"))), _COOLIFY[0]),
                "networksAdvanced[0].name",
            ),
            wrong(
                (declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", "own"))), _COOLIFY[2]),
                "networksAdvanced[0].name",
            ),
        ),
        unknown=(
            wrong((declared(_DC, but(_DATABASE, ("networksAdvanced/0/name", UNKNOWN))),), "networksAdvanced[0].name"),
        ),
    ),
    simple(
        "database-kept",
        _DC,
        _DATABASE,
        ("healthcheck/tests", ["NONE"], "healthcheck.tests"),
        ("healthcheck", DROP, "healthcheck.tests"),
        ("mounts", [], "mounts"),
        ("tmpfs", {"/var/lib/postgresql": ""}, "tmpfs"),
        unknown=("image", "image"),
    ),
    simple(
        "database-routes",
        kinds.CONFIG_MAP,
        {"data": {"routing.yaml": _ROUTES}},
        (
            "data/routing.yaml",
            _ROUTES.replace("rest:3000", "meta:8080"),
            'data["routing.yaml"].http.services.rest.loadBalancer.servers[0].url',
        ),
        ("data/routing.yaml", _TCP, 'data["routing.yaml"].tcp.services.x.loadBalancer.servers[0].address'),
        unknown=("data/routing.yaml", 'data["routing.yaml"]'),
    ),
    Spec(
        "docker-gateway",
        passes=((declared(_DC, _GATEWAY), declared(_DC, _GATEWAY_FILES, "files")),),
        fails=(
            wrong(
                (
                    declared(_DC, _GATEWAY),
                    declared(
                        _DC,
                        but(_GATEWAY_FILES, ("uploads/0/content", _STATIC.replace("    http:\n      tls: {}\n", ""))),
                        "files",
                    ),
                ),
                "ports[0].internal",
            ),
            wrong(
                (
                    declared(
                        _DC,
                        {
                            "uploads": [
                                {
                                    "file": "/run/routes.yaml",
                                    "content": "http: {}\ntls: {options: {default: {minVersion: VersionTLS10}}}\n",
                                }
                            ]
                        },
                    ),
                ),
                "uploads[0].content.tls.options.default.minVersion",
            ),
        ),
        unknown=(wrong((declared(_DC, but(_GATEWAY_FILES, ("uploads/0/content", UNKNOWN))),), _CONTENT),),
    ),
)
