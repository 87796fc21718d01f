"""The parts of Supabase: every variable is upstream's or has a reason, and no secret is where everybody sees it."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.database.gateway import gateway
from components.database.model import Part
from components.database.postgres import postgres
from components.database.supabase_api import parts
from settings.database import REPLICATION_PORT
from settings.functions import sources, version
from settings.secrets import GENERATED
from tests.recording import STACKS, Recorder, record_platform, stack_settings

UPSTREAM: Final[dict[str, list[str]]] = yaml.safe_load(Path(__file__).with_name("upstream.yaml").read_text())
LEFT_OUT: Final = {
    ("db", "JWT_SECRET"): "only a function of upstream's first migrations reads it; PostgREST has the key",
    ("rest", "PGRST_APP_SETTINGS_JWT_SECRET"): "whoever may run SQL could read it",
    ("storage", "FILE_STORAGE_BACKEND_PATH"): "objects are in object storage",
    ("storage", "S3_PROTOCOL_ACCESS_KEY_ID"): "its S3 protocol is not offered: the object storage itself has one",
    ("storage", "S3_PROTOCOL_ACCESS_KEY_SECRET"): "the same",
    ("imgproxy", "IMGPROXY_LOCAL_FILESYSTEM_ROOT"): "no picture is a file of its own",
    ("functions", "JWT_SECRET"): "the key set is enough to check a token",
    ("functions", "SUPABASE_SERVICE_ROLE_KEY"): "a function has the rights of who calls it",
    ("functions", "SUPABASE_PUBLISHABLE_KEYS"): "keys of the new form are not made",
    ("functions", "SUPABASE_SECRET_KEYS"): "the same",
    ("functions", "SUPABASE_DB_URL"): "queries go through the API (SEC-3)",
    ("studio", "OPENAI_API_KEY"): "nothing is sent to a model",
    ("studio", "LOGFLARE_API_KEY"): "logs are in Loki, and Studio's page of them is off",
    ("studio", "LOGFLARE_PUBLIC_ACCESS_TOKEN"): "the same",
    ("studio", "LOGFLARE_PRIVATE_ACCESS_TOKEN"): "the same",
    ("studio", "LOGFLARE_URL"): "the same",
    ("studio", "NEXT_PUBLIC_ENABLE_LOGS"): "the same",
    ("studio", "NEXT_ANALYTICS_BACKEND_PROVIDER"): "the same",
    ("studio", "SNIPPETS_MANAGEMENT_FOLDER"): "nothing is kept in its container",
    ("studio", "EDGE_FUNCTIONS_MANAGEMENT_FOLDER"): "functions come from the repository",
    **{
        ("gateway", name): "it is Traefik: its routes have the keys, the gateways' login Studio's"
        for name in UPSTREAM["gateway"]
    },
}
ADDED: Final = {
    ("storage", "NODE_EXTRA_CA_CERTS"): "the object storage of dev has a certificate of the private CA",
    ("rest", "PGRST_ADMIN_SERVER_PORT"): "its health is asked there",
    ("realtime", "ANON_KEY"): "its health asks with it",
    ("pooler", "POSTGRES_HOST"): "its tenant's script reads it",
    ("functions", "FUNCTIONS_ENVIRONMENT"): "the router gives each function its own",
    ("functions", "FUNCTIONS_VERSION"): "it says which functions run",
    ("gateway", "GOMEMLIMIT"): "garbage is collected before the limit ends the program",
}


def _parts(stack: str = "prod") -> dict[str, Part]:
    settings = stack_settings(stack)
    return {"db": postgres(settings.database), "gateway": gateway(settings), **parts(settings)}


@cache
def _recorded(stack: str) -> Recorder:
    return record_platform(stack_settings(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_every_variable_is_upstreams_or_has_a_reason(stack: str) -> None:
    """With `-s` it prints the figures of docs/reference/benchmarks.md."""
    made = _parts(stack)
    given = {(part, name) for part, each in made.items() for name in (*each.env, *each.secrets)}
    upstream = {(part, name) for part, names in UPSTREAM.items() for name in names}
    assert (given - upstream - ADDED.keys(), upstream - given - LEFT_OUT.keys()) == (set(), set())
    assert all(not set(each.env) & set(each.secrets) for each in made.values())
    running = [each for each in _recorded(stack).of("container:Container") if each.inputs.get("start") is not False]
    secret = sum(len(each.secrets) for each in made.values())
    text = f"{len(running)} containers, of Supabase {len(made)}; {len(GENERATED)} secrets are made; its {len(given)}"
    print(f"\n{stack}: {text} variables, {secret} of them secret; {len(given - upstream)} of our own")  # noqa: T201


def test_no_reason_is_for_nothing() -> None:
    assert {(part, name) for part, name in LEFT_OUT if name not in UPSTREAM[part]} == set()
    assert {(part, name) for part, name in ADDED if name in UPSTREAM[part]} == set()
    assert set(_parts()) == set(UPSTREAM)


def test_who_is_told_a_secret_is_in_the_table() -> None:
    """And nobody else."""
    told: dict[str, set[str]] = {}
    for name, part in _parts().items():
        for template in part.secrets.values():
            for secret in GENERATED:
                words = {"jwtSecret": ("{jwtSecret}", "{jwtKeys}", "{jwtJwks}")}.get(secret.key, (f"{{{secret.key}}}",))
                if any(word in template for word in words):
                    told.setdefault(secret.key, set()).add(name)
    for secret in GENERATED:
        if secret.readers != ("database",):
            inside = set(secret.readers) & set(UPSTREAM) - {"gateway"}
            assert told.get(secret.key, set()) == inside, secret.key


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_in_an_environment_an_argument_or_a_label(stack: str) -> None:
    recorded = _recorded(stack)
    for container in recorded.of("container:Container"):
        seen: dict[str, Any] = {
            key: container.inputs.get(key) for key in ("envs", "command", "entrypoints", "labels", "healthcheck")
        }
        for planted in ("generated-password", "a-smtpPassword", "eyJ", "database-key", "generated-secret"):
            assert planted not in str(seen), container.name


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_gateway_publishes_a_port_and_all_are_hardened(stack: str) -> None:
    settings = stack_settings(stack)
    recorded = _recorded(stack)
    mine = [each for each in recorded.of("container:Container") if each.inputs["name"].startswith("supabase-")]
    running = [each.inputs for each in mine if each.inputs.get("start") is not False]
    replica = settings.database_replica
    assert len(running) == len(UPSTREAM) + (replica is not None)
    published = {each["name"]: each["ports"] for each in running if each.get("ports")}
    port, host = settings.database.gateway_port, settings.database_host
    assert host is not None
    wanted = {"supabase-gateway": (port, port)} | ({} if replica is None else {"supabase-db": (5432, REPLICATION_PORT)})
    assert published == {
        name: [{"internal": inside, "external": outside, "ip": host.address, "protocol": "tcp"}]
        for name, (inside, outside) in wanted.items()
    }
    for each in running:
        assert (each["readOnly"], each["memorySwap"]) == (True, each["memory"])
        assert each["user"].endswith(":0")
        assert each["user"] != "0:0"
        network = "supabase-replica" if each["name"] == "supabase-db-replica" else "supabase"
        assert [joined["name"] for joined in each["networksAdvanced"]] == [network]
        assert each["healthcheck"]["tests"][0] in ("CMD", "CMD-SHELL")


def test_parts_start_after_the_schema_is_there() -> None:
    recorded = _recorded("dev")
    migrated = recorded.named("database-migrate-run").identity
    assert recorded.named("database-postgres-container").identity in recorded.before(
        recorded.named("database-migrate-run")
    )
    for part in (*parts(stack_settings("dev")), "gateway"):
        assert migrated in recorded.before(recorded.named(f"database-{part}-container")), part


@pytest.mark.parametrize("stack", STACKS)
def test_the_folder_is_in_the_container_and_its_version_replaces_it(stack: str) -> None:
    recorded = _recorded(stack)
    files = recorded.named("database-functions-home-deno-functions-container").inputs
    uploads = {each["file"].removeprefix("/home/deno/functions/"): each["content"] for each in files["uploads"]}
    assert uploads == {f"{name}/index.ts": text for name, text in sources().items()}
    container = recorded.named("database-functions-container").inputs
    assert f"FUNCTIONS_VERSION={version(sources())}" in container["envs"]
    assert files["name"] in [mount["source"] for mount in container["mounts"]]
