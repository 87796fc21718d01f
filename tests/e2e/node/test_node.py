"""The dev stack on a real node and a real Docker host: everything runs, talks to whom it may, is released under load,
and leaves nothing.
"""

import re
import subprocess
import urllib.parse
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from components.database.model import ENV_FILE, SECRETS
from components.database.postgres import ADMIN
from components.observability.loki.tenants import LOG_TENANT
from sandbox.layout import Layout
from sandbox.machine.kernel import control_groups
from sandbox.servers import docker
from tests.e2e.checkout import Checkout
from tests.e2e.node import inside
from tests.e2e.node.inside import Pod, needs_node
from tests.e2e.releases import blue_green, rolling, shadow
from tests.e2e.releases.trial import STACK, Trial, trial
from tests.e2e.running import left_of
from tests.e2e.world import World
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.needs_tools,
    pytest.mark.timeout(3600),
    needs_node,
]


@pytest.fixture(scope="module")
def made() -> Iterator[Trial]:
    before = _interfaces()
    with trial("rolling", rolling.IMAGES | blue_green.IMAGES | shadow.IMAGES) as made:
        yield made
        copy = made.copy
        group = docker.cgroup(_layout(copy))
        copy.succeed("down", "--stack", STACK)
        assert left_of(copy.root.parent) == []
        assert not [path for path in Path("/proc/self/mountinfo").read_text().splitlines() if str(copy.root) in path]
        assert not [top for top in control_groups() if (top / group.lstrip("/")).exists()]
    assert _interfaces() == before


@pytest.fixture
def world(made: Trial) -> World:
    return made.world


def _layout(copy: Checkout) -> Layout:
    return Layout(STACK, copy.root)


def _interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def test_every_pod_is_ready(world: World) -> None:
    wait_for(lambda: inside.not_ready(world) == [], "every pod is ready", 600)
    nodes = world.cluster.items("/api/v1/nodes")
    assert [node["status"]["nodeInfo"]["containerRuntimeVersion"].partition(":")[0] for node in nodes] == ["containerd"]


def test_every_container_of_the_docker_hosts_runs(world: World) -> None:
    containers = [item["inputs"] for item in world.state() if item["type"] == "docker:index/container:Container"]
    # What only brings files is never started.
    declared = [item["name"] for item in containers if item.get("start", True)]

    def healthy() -> list[str]:
        return sorted(name for vm in docker.hosts(world.settings) for name in _containers(world, vm))

    wait_for(lambda: healthy() == sorted(declared), "every container is healthy", 600)


@contextmanager
def _engine(world: World, vm: str) -> Generator[Any]:
    """The engine of a Docker host."""
    client = APIClient(base_url=f"unix://{docker.socket(_layout(world.checkout), vm)}")
    try:
        yield client
    finally:
        client.close()


def _containers(world: World, vm: str) -> list[str]:
    """Names of the containers of a Docker host that run and are healthy."""
    with _engine(world, vm) as engine:
        return [item["Names"][0].lstrip("/") for item in engine.containers(filters={"health": "healthy"})]


def _rows(world: World, query: str) -> list[str]:
    """What the stack's own PostgreSQL answers to its superuser, a line for each row."""
    script = f'. {SECRETS}/{ENV_FILE} && psql --no-psqlrc -At -U {ADMIN} -c "$0"'
    with _engine(world, world.settings.database.host) as engine:
        made = engine.exec_create("supabase-db", ["sh", "-c", script, query])
        return engine.exec_start(made["Id"]).decode().splitlines()


def test_users_reach_the_shop_by_its_name(world: World) -> None:
    """From inside by the stack's own name server, and from outside through the gate."""
    domain = world.settings.environment.domain
    public = {name: each.host for name, each in world.settings.services.items() if not each.trusted_only}
    urls = [f"https://{domain}/" if host == "@" else f"https://{host}.{domain}/" for host in public.values()]
    by_name = ("curl", "--silent", "--show-error", "--max-time", "20", "--include", *urls)

    def answered() -> bool:
        done = world.checkout.run("shell", "--stack", STACK, "--", *by_name)
        return set(re.findall(r"^x-image: \S+?/aceh/([a-z]+)@", done.out.lower(), re.MULTILINE)) == set(public)

    wait_for(answered, "each service answers")
    live = world.settings.releases.services["storefront"].live
    port = world.ports[f"gateway-{live}-https"]
    outside = ("--resolve", f"{domain}:{port}:127.0.0.1", "--cacert", str(world.folder / "tls" / "ca-bundle.pem"))
    done = subprocess.run(
        ["curl", "--silent", "--show-error", *outside, f"https://{domain}:{port}/"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_line_of_a_pod_is_found_in_loki(world: World) -> None:
    """From the program's output by the kubelet's file and the log agent, under the tenant that the line names."""
    shop = inside.pod(world, "commerce", {"app.kubernetes.io/name": "storefront"})
    loki = inside.pod(world, world.settings.observability.namespace, {"app.kubernetes.io/name": "loki"})
    request = "0123456789abcdef0123456789abcdef"
    shop.text(world.settings.services["storefront"].port, "/", f"X-Request-ID: {request}", "X-Tenant-ID: tenant_042")
    query = urllib.parse.quote(f'{{service="storefront", tenant_id="tenant_042"}} | json | request_id="{request}"')

    def found() -> bool:
        answer = loki.ask(3100, f"/loki/api/v1/query_range?query={query}", f"X-Scope-OrgID: {LOG_TENANT}")
        return [len(stream["values"]) for stream in answer["data"]["result"]] == [1]

    wait_for(found, "the line is in Loki")


def test_an_alert_reaches_alertmanager_and_the_database(world: World) -> None:
    alertmanager = inside.pod(world, world.settings.observability.namespace, {"app.kubernetes.io/name": "alertmanager"})

    def told() -> bool:
        alerts = alertmanager.ask(9093, "/api/v2/alerts")
        return "Watchdog" in {alert["labels"]["alertname"] for alert in alerts}

    wait_for(told, "Prometheus has told Alertmanager of the alert that always fires", 600)
    rows = partial(_rows, world, "select alertname from internal.alert_logs")
    wait_for(lambda: "Watchdog" in rows(), "the other Alertmanager has written it down")


def test_a_backup_is_brought_back_where_the_platform_runs(world: World) -> None:
    """By the container on the Docker host, with its own keys, as `make restore` does it."""
    bucket = world.settings.storage.bucket_name("media")
    root = world.store.key(world.settings.storage.root_user, world.secrets["minioRootPassword"])
    root.put(bucket, "2026/a.jpg", b"a picture")
    copy, stack = world.checkout, ("--stack", STACK, "--")

    def made() -> bool:
        # One that its schedule has begun is waited for, as the command says.
        done = copy.run("backup", *stack, "run")
        assert done.code == 0 or "another run is under way; wait for it to end" in done.err, done
        return done.out.count("backup made") == 3

    wait_for(made, "each kind of backup is made", 600)
    root.put(bucket, "2026/a.jpg", b"another one")
    copy.succeed("backup", *stack, "restore", "object-storage/media/2026")
    assert root.get(bucket, "restored/2026/a.jpg") == b"a picture"
    node = world.settings.observability.node_exporter_port
    host = world.settings.compute.vms[world.settings.backup.host].address
    figures = copy.succeed("shell", *stack, "curl", "--silent", f"http://{host}:{node}/metrics").out
    for kind in ("database", "object_storage", "logs"):
        assert f'backup_last_success_timestamp_seconds{{backup="{kind}"}}' in figures
    # One schema of the database, beside the one that runs.
    schema = ("backup", *stack, "restore", "database", "--schema", "internal")
    assert "schema internal_restored: new, with" in copy.succeed(*schema, "--dry-run").out
    assert "restored and compared: schema internal_restored" in copy.succeed(*schema).out
    refused = copy.run(*schema, "--to", "internal")
    assert refused.code != 0
    assert "schema internal is there: name another with --to, or add --over" in refused.out + refused.err


def _flows(world: World) -> Iterator[tuple[str, Pod, Pod, str, int]]:
    """What it is, who may, who may not, where to."""
    settings = world.settings
    network = settings.compute.network

    def observer(name: str) -> Pod:
        return inside.pod(world, settings.observability.namespace, {"app.kubernetes.io/name": name})

    live = settings.releases.services["storefront"].live
    shop = inside.pod(world, "commerce", {"app.kubernetes.io/name": "storefront"})
    gateway = inside.pod(world, settings.edge.namespace, {"app.kubernetes.io/name": "traefik", "luxima.id/slot": live})
    prometheus, grafana, loki = observer("prometheus"), observer("grafana"), observer("loki")
    alertmanager, tempo = observer("alertmanager"), observer("tempo")
    host = next(iter(docker.hosts(settings).values())).address
    outsider = observer("kube-state-metrics")
    storage_port = int(settings.storage.endpoint.rpartition(":")[2])
    yield "a request from the gateway", gateway, loki, shop.address, settings.services["storefront"].port
    yield "a scrape of the shop", prometheus, tempo, shop.address, settings.services["storefront"].port
    yield "a query of metrics", grafana, shop, prometheus.address, 9090
    yield "a query of logs", grafana, shop, loki.address, 3100
    yield "an alert", prometheus, shop, alertmanager.address, 9093
    yield "a visit of Grafana", gateway, shop, grafana.address, 3000
    yield "an object of the shop", shop, grafana, network.gateway, storage_port
    yield "an object of the logs", loki, outsider, network.gateway, storage_port
    yield "a call by a public name", shop, outsider, settings.edge.gateways[live].address, 443
    yield "a probe of plain HTTP", observer("blackbox-exporter"), outsider, settings.edge.gateways[live].address, 80
    yield "spans", shop, outsider, tempo.address, 4318
    yield "the Kubernetes API", prometheus, shop, settings.kubernetes.api_address, 6443
    yield "a scrape of a Docker host", prometheus, shop, host, settings.observability.node_exporter_port


def test_policies_hold_for_packets(world: World) -> None:
    for what, allowed, denied, host, port in _flows(world):
        wait_for(partial(allowed.reaches, host, port), f"{what}: {allowed.name} reaches {host}:{port}")
        assert not denied.reaches(host, port), f"{what}: {denied.name} reaches {host}:{port}"


def test_nothing_inside_has_a_way_out(world: World) -> None:
    gate = world.process("gate")
    routes = subprocess.run(
        ["nsenter", f"--target={gate}", "--net", "ip", "route"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [route.split()[0] for route in routes] == [world.settings.compute.network.cidr]
    interfaces = subprocess.run(
        ["nsenter", f"--target={gate}", "--net", "ip", "-brief", "link"], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert all(re.match(r"(lo|luxima0|vm\w+@)", name) for name in interfaces if name), interfaces


@pytest.mark.long
def test_a_second_up_changes_nothing(world: World) -> None:
    """On simulated nodes that is seen in every run, and of containers in tests/e2e/docker."""
    done = world.checkout.succeed("up", "--stack", STACK)
    assert "Nothing changed" in done.out, str(done)


@pytest.mark.long
def test_a_blue_green_release(made: Trial) -> None:
    _released_by(made, "blue_green")
    blue_green.refused_and_taken_back(made)


def _released_by(made: Trial, strategy: str) -> None:
    """From now on the shop is released so."""
    path = made.copy.root / "services" / f"{STACK}.yaml"
    before = path.read_text(encoding="utf-8")
    text, found = re.subn(r"strategy: \w+(\n +smoke_paths)", rf"strategy: {strategy}\1", before)
    assert found == 1
    path.write_text(text, encoding="utf-8")
    if text != before:
        made.copy.succeed("up", "--stack", STACK)


def test_a_rolling_update(made: Trial) -> None:
    _released_by(made, "rolling")
    rolling.pods_are_changed_one_after_the_other(made)


@pytest.mark.long
def test_a_shadow(made: Trial) -> None:
    _released_by(made, "shadow")
    shadow.errors_of_a_shadow_reach_nobody(made)
