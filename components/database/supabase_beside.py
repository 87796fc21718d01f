"""What stands beside the API: storage and its pictures, postgres-meta, Studio, and the pooler."""

from collections.abc import Mapping, Sequence
from typing import Final

import versions
from components.database.model import AUTHORITY_FILE, DATABASE, NOBODY, NODE, PORT, SECRETS, Part, uri
from settings import Settings

_STORAGE_TENANT: Final = "supabase"
"""Folder of the objects in their bucket."""
_FETCH: Final = "fetch('{url}').then((r) => {{ if (r.status !== 200) throw new Error(r.status) }})"


def _node(url: str) -> Sequence[str]:
    return "CMD", "node", "-e", _FETCH.format(url=url)


def _trusting(settings: Settings) -> Mapping[str, str]:
    private = settings.edge.certificates.authority_secret is not None
    return {"NODE_EXTRA_CA_CERTS": f"{SECRETS}/{AUTHORITY_FILE}"} if private else {}


def storage(settings: Settings) -> Part:
    """Storage, which keeps its objects in the media bucket."""
    store = settings.storage
    return Part(
        name="supabase-storage",
        aliases=["storage"],
        image=versions.SUPABASE_STORAGE,
        port=5000,
        memory_mib=settings.database.memory_mib.storage,
        user=NODE,
        callers=["gateway"],
        env={
            "POSTGREST_URL": "http://rest:3000",
            "STORAGE_PUBLIC_URL": f"https://{settings.database_fqdn}",
            "REQUEST_ALLOW_X_FORWARDED_PATH": "true",
            "FILE_SIZE_LIMIT": str(settings.database.max_upload_mib * 1024 * 1024),
            "STORAGE_BACKEND": "s3",
            "GLOBAL_S3_BUCKET": store.bucket_name("media"),
            "GLOBAL_S3_ENDPOINT": f"https://{store.endpoint}",
            "GLOBAL_S3_PROTOCOL": "https",
            "GLOBAL_S3_FORCE_PATH_STYLE": "true",
            "TENANT_ID": _STORAGE_TENANT,
            "REGION": store.region,
            **_trusting(settings),
            "ENABLE_IMAGE_TRANSFORMATION": "true",
            "IMGPROXY_URL": "http://imgproxy:5001",
        },
        secrets={
            "ANON_KEY": "{anonKey}",
            "SERVICE_KEY": "{serviceRoleKey}",
            "AUTH_JWT_SECRET": "{jwtSecret}",
            "JWT_JWKS": "{jwtJwks}",
            "DATABASE_URL": uri("supabase_storage_admin", query=""),
            "AWS_ACCESS_KEY_ID": "{storageKeyId}",
            "AWS_SECRET_ACCESS_KEY": "{storageKey}",
        },
        command=["node", "dist/start/server.js"],
        health=["CMD", "wget", "--no-verbose", "--tries=1", "--spider", "http://localhost:5000/status"],
    )


def imgproxy(settings: Settings) -> Part:
    """imgproxy, which scales them."""
    return Part(
        name="supabase-imgproxy",
        aliases=["imgproxy"],
        image=versions.IMGPROXY,
        port=5001,
        memory_mib=settings.database.memory_mib.imgproxy,
        user=NOBODY,
        callers=["storage"],
        env={
            "IMGPROXY_BIND": ":5001",
            "IMGPROXY_USE_ETAG": "true",
            "IMGPROXY_AUTO_WEBP": "true",
            "IMGPROXY_MAX_SRC_RESOLUTION": "16.8",
        },
        health=["CMD", "imgproxy", "health"],
    )


def meta(settings: Settings) -> Part:
    """postgres-meta, which only Studio asks."""
    return Part(
        name="supabase-meta",
        aliases=["meta"],
        image=versions.POSTGRES_META,
        port=8080,
        memory_mib=settings.database.memory_mib.meta,
        user=NODE,
        callers=["studio"],
        env={
            "PG_META_PORT": "8080",
            "PG_META_DB_HOST": DATABASE,
            "PG_META_DB_PORT": str(PORT),
            "PG_META_DB_NAME": "postgres",
            "PG_META_DB_USER": "supabase_admin",
        },
        secrets={"PG_META_DB_PASSWORD": "{databasePassword}", "CRYPTO_KEY": "{metaKey}"},
        command=["node", "dist/server/server.js"],
        health=_node("http://localhost:8080/health"),
    )


def studio(settings: Settings) -> Part:
    """Studio."""
    database = settings.database
    return Part(
        name="supabase-studio",
        aliases=["studio"],
        image=versions.SUPABASE_STUDIO,
        port=3000,
        memory_mib=database.memory_mib.studio,
        user=NODE,
        callers=["gateway"],
        env={
            "HOSTNAME": "0.0.0.0",  # noqa: S104 - in its own network
            "STUDIO_PG_META_URL": "http://meta:8080",
            "POSTGRES_HOST": DATABASE,
            "POSTGRES_PORT": str(PORT),
            "POSTGRES_DB": "postgres",
            "PGRST_DB_SCHEMAS": ",".join(database.schemas),
            "PGRST_DB_MAX_ROWS": str(database.max_rows),
            "PGRST_DB_EXTRA_SEARCH_PATH": "public",
            "DEFAULT_ORGANIZATION_NAME": "Luxima",
            "DEFAULT_PROJECT_NAME": settings.environment.name,
            "SUPABASE_URL": "http://gateway:8000",
            "SUPABASE_PUBLIC_URL": f"https://{settings.database_fqdn}",
            "ENABLED_FEATURES_LOGS_ALL": "false",
        },
        secrets={
            "POSTGRES_PASSWORD": "{databasePassword}",
            "PG_META_CRYPTO_KEY": "{metaKey}",
            "SUPABASE_ANON_KEY": "{anonKey}",
            "SUPABASE_SERVICE_KEY": "{serviceRoleKey}",
            "AUTH_JWT_SECRET": "{jwtSecret}",
        },
        command=["docker-entrypoint.sh", "node", "apps/studio/server.js"],
        health=_node("http://localhost:3000/api/platform/profile"),
        writes=["/app/apps/studio/.next/cache"],
    )


def pooler(settings: Settings) -> Part:
    """The pooler, for parts that open many connections; nobody from outside reaches it."""
    database = settings.database
    started = '/app/bin/migrate && /app/bin/supavisor eval "$(cat /etc/pooler/pooler.exs)" && exec /app/bin/server'
    return Part(
        name="supabase-pooler",
        aliases=["supavisor", "pooler"],
        image=versions.SUPAVISOR,
        port=6543,
        memory_mib=database.memory_mib.pooler,
        user=NOBODY,
        env={
            "PORT": "4000",
            "POSTGRES_HOST": DATABASE,
            "POSTGRES_PORT": str(PORT),
            "POSTGRES_DB": "postgres",
            "CLUSTER_POSTGRES": "true",
            "REGION": "local",
            "ERL_AFLAGS": "-proto_dist inet_tcp",
            "POOLER_TENANT_ID": settings.environment.name,
            "POOLER_DEFAULT_POOL_SIZE": str(database.pooler_connections),
            "POOLER_MAX_CLIENT_CONN": str(database.pooler_clients),
            "POOLER_POOL_MODE": "transaction",
            "DB_POOL_SIZE": "5",
        },
        secrets={
            "POSTGRES_PASSWORD": "{databasePassword}",
            "DATABASE_URL": uri("supabase_admin", "ecto", "_supabase", ""),
            "SECRET_KEY_BASE": "{secretKeyBase}",
            "VAULT_ENC_KEY": "{vaultKey}",
            "API_JWT_SECRET": "{jwtSecret}",
            "METRICS_JWT_SECRET": "{jwtSecret}",
        },
        command=["/bin/sh", "-c", started],
        health=["CMD", "curl", "-sSfL", "--head", "-o", "/dev/null", "http://127.0.0.1:4000/api/health"],
        writes=["/app/tmp"],
    )
