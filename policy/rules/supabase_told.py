"""What Supabase's parts are told by variables: who is let in, which schemas answer, and whom a part asks (SEC-3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds

_PUBLIC = r"https://[\w.-]+"
_SECONDS = r"\d{2,5}|[1-5]\d{5}|60[0-4]\d{3}"
"""A week at most."""
_FIGURE = r"[1-9]\d{0,10}"
_SCHEMAS = r"(?!(?:.*,)?(?:internal|auth|vault|storage|realtime|information_schema|_\w*|pg_\w*)(?:,|$))\w+(?:,\w+)*"
_DATABASE = """
    POSTGRES_HOST db
    POSTGRES_PORT 5432
    POSTGRES_DB postgres
"""
_SHOWN = f"""
    PGRST_DB_SCHEMAS {_SCHEMAS}
    PGRST_DB_MAX_ROWS {_FIGURE}
    PGRST_DB_EXTRA_SEARCH_PATH public
"""
_AUTHORITY = "NODE_EXTRA_CA_CERTS /run/luxima/.+"
_TOLD: Mapping[str, str] = {
    "/gotrue:": rf"""
        API_EXTERNAL_URL {_PUBLIC}/auth/v1
        GOTRUE_API_HOST 0\.0\.0\.0
        GOTRUE_API_PORT 9999
        GOTRUE_DB_DRIVER postgres
        GOTRUE_SITE_URL {_PUBLIC}
        GOTRUE_URI_ALLOW_LIST https://\S+
        GOTRUE_DISABLE_SIGNUP true|false
        GOTRUE_JWT_ADMIN_ROLES service_role
        GOTRUE_JWT_AUD authenticated
        GOTRUE_JWT_DEFAULT_GROUP_NAME authenticated
        GOTRUE_JWT_EXP {_SECONDS}
        GOTRUE_EXTERNAL_EMAIL_ENABLED true
        GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED false
        GOTRUE_EXTERNAL_PHONE_ENABLED false
        GOTRUE_MAILER_AUTOCONFIRM false
        GOTRUE_SMS_AUTOCONFIRM false
        GOTRUE_SMTP_ADMIN_EMAIL \S+@\S+
        GOTRUE_SMTP_HOST [\w.-]+
        GOTRUE_SMTP_PORT 2?465|2?587|2525
        GOTRUE_SMTP_USER \S+
        GOTRUE_SMTP_SENDER_NAME \S+
        GOTRUE_MAILER_URLPATHS_(?:INVITE|CONFIRMATION|RECOVERY|EMAIL_CHANGE) /auth/v1/verify
    """,
    "/postgrest:": rf"""
        {_SHOWN}
        PGRST_DB_ANON_ROLE anon
        PGRST_DB_USE_LEGACY_GUCS false
        PGRST_APP_SETTINGS_JWT_EXP {_SECONDS}
        PGRST_ADMIN_SERVER_PORT 3001
        PGRST_(DB_URI|JWT_SECRET) @/run/luxima/PGRST_\w+
    """,
    "/realtime:": r"""
        PORT 4000
        DB_HOST db
        DB_PORT 5432
        DB_USER supabase_admin
        DB_NAME postgres
        DB_AFTER_CONNECT_QUERY SET search_path TO _realtime
        ERL_AFLAGS -proto_dist inet6?_tcp
        DNS_NODES ''
        RLIMIT_NOFILE \d+
        APP_NAME realtime
        (?:SEED_SELF_HOST|RUN_JANITOR|DISABLE_HEALTHCHECK_LOGGING) true
    """,
    "/storage-api:": rf"""
        {_AUTHORITY}
        POSTGREST_URL http://rest:3000
        STORAGE_PUBLIC_URL {_PUBLIC}
        REQUEST_ALLOW_X_FORWARDED_PATH true
        FILE_SIZE_LIMIT {_FIGURE}
        STORAGE_BACKEND s3
        GLOBAL_S3_BUCKET [\w.-]+-media
        GLOBAL_S3_ENDPOINT {_PUBLIC}:\d+
        GLOBAL_S3_PROTOCOL https
        GLOBAL_S3_FORCE_PATH_STYLE true
        TENANT_ID supabase
        REGION [\w-]+
        ENABLE_IMAGE_TRANSFORMATION true|false
        IMGPROXY_URL http://imgproxy:5001
    """,
    "/edge-runtime:": rf"""
        SUPABASE_URL http://gateway:8000
        SUPABASE_PUBLIC_URL {_PUBLIC}
        VERIFY_JWT true
        FUNCTIONS_ENVIRONMENT \{{.*\}}
        FUNCTIONS_VERSION \w+
    """,
    "/postgres-meta:": r"""
        PG_META_PORT 8080
        PG_META_DB_HOST db
        PG_META_DB_PORT 5432
        PG_META_DB_NAME postgres
        PG_META_DB_USER supabase_admin
    """,
    "/studio:": rf"""
        {_DATABASE}
        {_SHOWN}
        HOSTNAME 0\.0\.0\.0
        STUDIO_PG_META_URL http://meta:8080
        DEFAULT_(?:ORGANIZATION|PROJECT)_NAME \w+
        SUPABASE_URL http://gateway:8000
        SUPABASE_PUBLIC_URL {_PUBLIC}
        ENABLED_FEATURES_LOGS_ALL false
    """,
    "/supavisor:": rf"""
        {_DATABASE}
        PORT 4000
        CLUSTER_POSTGRES true
        REGION local
        ERL_AFLAGS -proto_dist inet6?_tcp
        POOLER_TENANT_ID \w+
        POOLER_(?:DEFAULT_POOL_SIZE|MAX_CLIENT_CONN) {_FIGURE}
        POOLER_POOL_MODE transaction
        DB_POOL_SIZE {_FIGURE}
    """,
    "/imgproxy:": r"""
        IMGPROXY_BIND :5001
        IMGPROXY_USE_ETAG true
        IMGPROXY_AUTO_WEBP true
        IMGPROXY_MAX_SRC_RESOLUTION \d{1,2}(?:\.\d+)?
    """,
    "/supabase/postgres:": rf"""
        POSTGRES_HOST /var/run/postgresql
        (?:PGPORT|POSTGRES_PORT) 5432
        (?:PGDATABASE|POSTGRES_DB) postgres
        JWT_EXP {_SECONDS}
        PGSERVICE \w+
        PGSERVICEFILE /run/luxima/service\.conf
        PGCONNECT_TIMEOUT \d+
    """,
}
"""By what is in the image's name: the variables, and what they may say; all else a part has by files."""
_READ = {
    image: re.compile(
        "|".join(f"(?:{'=(?:'.join(line.split(' ', 1))}))" for line in map(str.strip, told.splitlines()) if line)
    )
    for image, told in _TOLD.items()
}
_MUST = {
    "/gotrue:": "GOTRUE_JWT_AUD=authenticated",
    "/postgrest:": "PGRST_DB_ANON_ROLE=anon",
    "/edge-runtime:": "VERIFY_JWT=true",
    "/storage-api:": "STORAGE_BACKEND=s3",
}
"""What a part does wrong when nobody says it."""


@resource_rule(
    "supabase-told",
    requirements=("SEC-1", "SEC-3", "SEC-4", "INF-4"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def supabase_told(resource: Resource) -> Iterator[Finding]:
    """Supabase's parts are told what rules read: who is let in, which schemas answer, and whom a part asks."""
    image, said = resource.props.at("image").text, resource.props.at("envs")
    part = next((each for each in _READ if each in image), None)
    if part is None:
        return
    for entry in said.items():
        if not _READ[part].fullmatch(entry.text):
            yield entry.wrong(f"says of {entry.text.partition('=')[0]} what no rule reads", "leave it out")
    if part in _MUST and kinds.runs(resource) and _MUST[part] not in said.texts():
        yield said.wrong(f"lacks {_MUST[part]}", "add it")
    names = {each.partition("=")[0] for each in said.texts()}
    if "GOTRUE_SMTP_HOST" in names and not {"GOTRUE_SMTP_USER", "GOTRUE_SMTP_PORT"} <= names:
        # With a login GoTrue refuses a server that does not speak TLS.
        yield said.wrong("may send mails without TLS", "give GOTRUE_SMTP_USER and GOTRUE_SMTP_PORT=587")
    yield from _led_home(said)


def _led_home(said: Value) -> Iterator[Finding]:
    """Links in mails, and where one comes to after a login, are of the stack's own domain."""
    given = {name: value for name, _, value in (each.partition("=") for each in said.texts())}
    if not given.keys() & {"GOTRUE_SITE_URL", "GOTRUE_URI_ALLOW_LIST"}:
        return
    site = urlsplit(given.get("GOTRUE_SITE_URL", "")).hostname or ""
    asked = urlsplit(given.get("API_EXTERNAL_URL", "")).hostname or ""
    allowed = re.compile(rf"https://(?:\*\.)?{re.escape(site)}/\S*")
    if not asked.endswith(f".{site}"):
        yield said.wrong("leads people from one domain to another", "give GOTRUE_SITE_URL the stack's own")
    if not all(map(allowed.fullmatch, given.get("GOTRUE_URI_ALLOW_LIST", "").split(","))):
        yield said.wrong("leads people with their tokens elsewhere", "give GOTRUE_URI_ALLOW_LIST the stack's own names")
