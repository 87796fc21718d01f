"""What Supabase runs around PostgreSQL, with every variable of its environment.

The names are upstream's (its folder `docker`, self-hosted); a test compares them, and says why one is left out.
"""

import json
from typing import Final

import versions
from components.database.model import DATABASE, ENV_FILE, NOBODY, NODE, PORT, SECRETS, Part, uri
from components.database.supabase_beside import imgproxy, meta, pooler, storage, studio
from settings import Settings
from settings.functions import sources, version

_TENANT: Final = "realtime-dev"
"""Realtime knows one tenant, by the first label of the name that it is asked under."""


def parts(settings: Settings) -> dict[str, Part]:
    """All but PostgreSQL and the API gateway, by their field in `database.memory_mib`."""
    return {
        "auth": _auth(settings),
        "rest": _rest(settings),
        "realtime": _realtime(settings),
        "storage": storage(settings),
        "imgproxy": imgproxy(settings),
        "meta": meta(settings),
        "functions": _functions(settings),
        "studio": studio(settings),
        "pooler": pooler(settings),
    }


def _auth(settings: Settings) -> Part:
    database, alerts = settings.database, settings.observability.alerts
    mail_host, _, mail_port = alerts.smtp_endpoint.rpartition(":")
    pages = ("INVITE", "CONFIRMATION", "RECOVERY", "EMAIL_CHANGE")
    return Part(
        name="supabase-auth",
        aliases=["auth"],
        image=versions.SUPABASE_AUTH,
        port=9999,
        memory_mib=database.memory_mib.auth,
        user=NODE,
        callers=["gateway"],
        env={
            "GOTRUE_API_HOST": "0.0.0.0",  # noqa: S104 - in its own network
            "GOTRUE_API_PORT": "9999",
            "API_EXTERNAL_URL": f"https://{settings.database_fqdn}/auth/v1",
            "GOTRUE_DB_DRIVER": "postgres",
            "GOTRUE_SITE_URL": f"https://{settings.environment.domain}",
            "GOTRUE_URI_ALLOW_LIST": f"https://{settings.environment.domain}/**,https://*.{settings.environment.domain}/**",
            "GOTRUE_DISABLE_SIGNUP": _word(not database.signup),
            "GOTRUE_JWT_ADMIN_ROLES": "service_role",
            "GOTRUE_JWT_AUD": "authenticated",
            "GOTRUE_JWT_DEFAULT_GROUP_NAME": "authenticated",
            "GOTRUE_JWT_EXP": str(database.token_seconds),
            "GOTRUE_EXTERNAL_EMAIL_ENABLED": "true",
            "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "false",
            "GOTRUE_MAILER_AUTOCONFIRM": "false",
            "GOTRUE_SMTP_ADMIN_EMAIL": alerts.smtp_user,
            "GOTRUE_SMTP_HOST": mail_host,
            "GOTRUE_SMTP_PORT": mail_port,
            "GOTRUE_SMTP_USER": alerts.smtp_user,
            "GOTRUE_SMTP_SENDER_NAME": settings.environment.domain,
            **{f"GOTRUE_MAILER_URLPATHS_{page}": "/auth/v1/verify" for page in pages},
            "GOTRUE_EXTERNAL_PHONE_ENABLED": "false",
            "GOTRUE_SMS_AUTOCONFIRM": "false",
        },
        secrets={
            "GOTRUE_DB_DATABASE_URL": uri("supabase_auth_admin"),
            "GOTRUE_JWT_SECRET": "{jwtSecret}",
            "GOTRUE_JWT_KEYS": "{jwtKeys}",
            "GOTRUE_SMTP_PASS": "{smtpPassword}",
        },
        command=["auth"],
        health=["CMD", "wget", "--no-verbose", "--tries=1", "--spider", "http://localhost:9999/health"],
    )


def _rest(settings: Settings) -> Part:
    database = settings.database
    return Part(
        name="supabase-rest",
        aliases=["rest"],
        image=versions.POSTGREST,
        port=3000,
        memory_mib=database.memory_mib.rest,
        user="1000:0",
        callers=["gateway", "storage"],
        env={
            "PGRST_DB_SCHEMAS": ",".join(database.schemas),
            "PGRST_DB_MAX_ROWS": str(database.max_rows),
            "PGRST_DB_EXTRA_SEARCH_PATH": "public",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_USE_LEGACY_GUCS": "false",
            "PGRST_APP_SETTINGS_JWT_EXP": str(database.token_seconds),
            "PGRST_ADMIN_SERVER_PORT": "3001",
        },
        secrets={"PGRST_DB_URI": uri("authenticator"), "PGRST_JWT_SECRET": "{jwtJwks}"},
        # There is no shell in its image.
        told_by="files",
        health=["CMD", "postgrest", "--ready"],
    )


def _realtime(settings: Settings) -> Part:
    asked = f"http://localhost:4000/api/tenants/{_TENANT}/health"
    return Part(
        name="supabase-realtime",
        aliases=["realtime", f"{_TENANT}.supabase-realtime"],
        image=versions.SUPABASE_REALTIME,
        port=4000,
        memory_mib=settings.database.memory_mib.realtime,
        user=NOBODY,
        callers=["gateway"],
        env={
            "PORT": "4000",
            "DB_HOST": DATABASE,
            "DB_PORT": str(PORT),
            "DB_USER": "supabase_admin",
            "DB_NAME": "postgres",
            "DB_AFTER_CONNECT_QUERY": "SET search_path TO _realtime",
            "ERL_AFLAGS": "-proto_dist inet_tcp",
            "DNS_NODES": "''",
            "RLIMIT_NOFILE": "10000",
            "APP_NAME": "realtime",
            "SEED_SELF_HOST": "true",
            "RUN_JANITOR": "true",
            "DISABLE_HEALTHCHECK_LOGGING": "true",
        },
        secrets={
            "DB_PASSWORD": "{databasePassword}",
            "DB_ENC_KEY": "{realtimeKey}",
            "API_JWT_SECRET": "{jwtSecret}",
            "API_JWT_JWKS": "{jwtJwks}",
            "METRICS_JWT_SECRET": "{jwtSecret}",
            "SECRET_KEY_BASE": "{secretKeyBase}",
            # For its own health.
            "ANON_KEY": "{anonKey}",
        },
        command=["/usr/bin/tini", "-s", "-g", "--", "/app/run.sh", "/app/bin/server"],
        health=[
            "CMD-SHELL",
            f'. {SECRETS}/{ENV_FILE} && curl -sSfL --head -o /dev/null -H "Authorization: Bearer $ANON_KEY" {asked}',
        ],
        writes=["/app/tmp"],
    )


def _functions(settings: Settings) -> Part:
    own = {name: dict(given.environment) for name, given in settings.database.functions.items()}
    return Part(
        name="supabase-edge-functions",
        aliases=["functions"],
        image=versions.EDGE_RUNTIME,
        port=9000,
        memory_mib=settings.database.memory_mib.functions,
        user=NOBODY,
        callers=["gateway"],
        env={
            # The router gives a function what it needs, and nothing of the rest.
            "SUPABASE_URL": "http://gateway:8000",
            "SUPABASE_PUBLIC_URL": f"https://{settings.database_fqdn}",
            "VERIFY_JWT": "true",
            "FUNCTIONS_ENVIRONMENT": json.dumps(own, sort_keys=True),
            "FUNCTIONS_VERSION": version(sources()),
        },
        secrets={
            "SUPABASE_ANON_KEY": "{anonKey}",
            "SUPABASE_JWKS": "{jwtJwks}",
        },
        command=["edge-runtime", "start", "--main-service", "/home/deno/functions/main"],
        health=["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9000"],
        writes=["/var/tmp"],  # noqa: S108 - in the container
    )


def _word(value: bool) -> str:
    return json.dumps(value)
