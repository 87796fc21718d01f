"""What can go wrong with the real node and its network: nothing is left behind, and the next `up` has it all again.

All tests share one stack on a machine on which somebody else's Docker engine runs as well.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from docker import APIClient, DockerClient

from sandbox.layout import Layout
from sandbox.machine import kernel
from sandbox.servers import docker, docker_engine
from tests.e2e.checkout import Checkout, checkout
from tests.e2e.docker import images
from tests.e2e.node import inside
from tests.e2e.node.inside import needs_node
from tests.e2e.running import left_of
from tests.e2e.world import World
from tests.waiting import wait_for
from tools import cache, ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), needs_node]

STACK = "dev"
_UP = ("up", "--stack", STACK)
_DOWN = ("down", "--stack", STACK)
_START_SECONDS = 600
_NOBODY = 65534
_SERVERS = f"""
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.verbs import session
from tests.waiting import wait_for
layout = Layout("{STACK}")
layout.prepare()
session.prepare(layout, Interrupts("up"))
"""
"""What `up` does before it runs the engine."""
# Python may lie in root's home; programs are looked for by a call that does not ask for capabilities.
_AS_NOBODY = f"""\
mount --bind "$1" "$2" && shift 2 && exec setpriv --reuid={_NOBODY} --regid={_NOBODY} --clear-groups \
  --inh-caps=+dac_read_search --ambient-caps=+dac_read_search "$@"
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """A container of an engine that has nothing to do with the sandbox; it has to be as it was when all is over."""
    with _engine(tmp_path_factory.mktemp("foreign")) as client:
        images.load(client, ["foreign:1"])
        client.containers.run(
            "foreign:1", ["--port=8080"], name="foreign", detach=True, network_mode="none", mem_limit="64m"
        )
        before = _inspected(client)
        yield before
        assert _inspected(client) == before
        client.containers.get("foreign").remove(force=True)


def _inspected(client: DockerClient) -> dict[str, Any]:
    found = cast("Any", client.api).inspect_container("foreign")
    assert found["State"]["Running"]
    return cast("dict[str, Any]", found["State"])


@contextmanager
def _engine(folder: Path) -> Generator[DockerClient]:
    group, socket = f"foreign-{os.getpid()}", folder / "s.sock"
    command = [
        *(str(ensure("docker-engine")["docker-engine"]), "dockerd", f"--host=unix://{socket}"),
        *(f"--data-root={folder / 'data'}", f"--exec-root={folder / 'run'}", f"--pidfile={folder / 'pid'}"),
        *("--iptables=false", "--bridge=none", "--storage-driver=vfs", f"--cgroup-parent=/{group}"),
        "--exec-opt=native.cgroupdriver=cgroupfs",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as engine:
        try:
            wait_for(lambda: docker_engine.answers(socket), f"an engine: {(folder / 'log').read_text()[-500:]}")
            client = DockerClient(base_url=f"unix://{socket}", timeout=120)
            yield client
            client.close()
        finally:
            engine.terminate()
            engine.wait(60)
            subprocess.run(
                ["umount", "--quiet", str(folder / "run" / "netns" / "default")], check=False, stderr=subprocess.DEVNULL
            )
            kernel.remove_group(group)


@pytest.fixture(scope="module")
def copy(foreign: dict[str, Any]) -> Generator[Checkout]:
    del foreign  # runs meanwhile
    with checkout(node="real") as made:
        yield made


def _layout(copy: Checkout) -> Layout:
    return Layout(STACK, copy.root)


@contextmanager
def _networks(copy: Checkout) -> Generator[set[int]]:
    """The networks in which processes of the checkout are, the machines' and pods' included.

    They are held open: the system would give the number of one that is gone to the next that anybody makes.
    """
    known = {process.pid for process in copy.processes()}
    for pid in tuple(known):
        with suppress(psutil.Error):
            known |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
    with ExitStack() as held:
        found: set[int] = set()
        for pid in known:
            with suppress(OSError):
                descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                held.callback(os.close, descriptor)
                found.add(os.fstat(descriptor).st_ino)
        yield {network for network in found if network != kernel.network_of("self")}


@contextmanager
def _nothing_left(copy: Checkout) -> Generator[None]:
    """In the block the stack is ended; what it had of the system is gone afterwards."""
    interfaces = _interfaces()
    with _networks(copy) as networks:
        assert networks, "the stack has no network of its own"
        yield
        assert not networks & _inhabited()
    assert left_of(copy.root.parent) == []
    assert str(copy.root) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert not kernel.has_group(docker.cgroup(_layout(copy)).lstrip("/"))
    assert _interfaces() == interfaces


def _inhabited() -> set[int | None]:
    """The networks in which any process is."""
    return {kernel.network_of(pid) for pid in psutil.pids()}


def _interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


@pytest.mark.long
def test_a_run_that_is_killed_leaves_nothing_after_down(copy: Checkout) -> None:
    running = copy.start(*_UP)
    running.wait_for("storage-media-bucket +created")
    running.kill()
    assert copy.finish(running).code == -signal.SIGKILL
    with _nothing_left(copy):
        copy.succeed(*_DOWN)


@pytest.fixture(scope="module")
def world(copy: Checkout) -> Generator[World]:
    copy.succeed(*_UP)
    made = World(copy, STACK)
    wait_for(lambda: inside.not_ready(made) == [], "every pod is ready", _START_SECONDS)
    yield made
    with _nothing_left(copy):
        copy.succeed(*_DOWN)


def _running(world: World) -> dict[str, str]:
    """What runs now, by place: the container of each pod, and each container of the Docker hosts."""
    found: dict[str, str] = {}
    for pod in inside.pods(world):
        for status in pod["status"].get("containerStatuses", []):
            found[f"{pod['metadata']['name']} {status['name']}"] = json.dumps(status["state"].get("running"))
    for vm in docker.hosts(world.settings):
        client = cast("Any", APIClient(base_url=f"unix://{docker.socket(_layout(world.checkout), vm)}"))
        for container in client.containers():
            found[f"{vm} {container['Names'][0]}"] = client.inspect_container(container)["State"]["StartedAt"]
        client.close()
    return found


def _assert_up_again(world: World, before: dict[str, str]) -> None:
    """`up` succeeds, and every container was started anew and is ready."""
    done = world.checkout.succeed(*_UP)
    assert "Nothing changed" in done.out, str(done)

    def again() -> bool:
        now = _running(world)
        return now.keys() == before.keys() and not now.items() & before.items() and inside.not_ready(world) == []

    wait_for(again, "everything runs again", _START_SECONDS)


@pytest.mark.long
def test_gate_node_and_docker_host_that_were_killed_come_back_in_the_same_network(world: World) -> None:
    before, network = _running(world), kernel.network_of(world.process("gate"))
    killed = ("gate", "node", *(f"dockerd-{vm}" for vm in docker.hosts(world.settings)))
    for name in killed:
        os.kill(world.process(name), signal.SIGKILL)
    _assert_up_again(world, before)
    assert kernel.network_of(world.process("gate")) == network
    assert network != kernel.network_of("self")


@pytest.mark.long
def test_servers_that_were_all_killed_get_a_network_anew(world: World) -> None:
    before = _running(world)
    with _networks(world.checkout) as old:
        for record in (world.folder / "run").glob("*.json"):
            if (pid := json.loads(record.read_text(encoding="utf-8")).get("pid")) is not None:
                os.kill(pid, signal.SIGKILL)
        _assert_up_again(world, before)
        assert not old & _inhabited()


@pytest.mark.long
def test_another_checkout_has_the_same_addresses_and_its_own_doors(world: World) -> None:
    with checkout(node="real") as other:
        copies = [World(other, STACK), world]
        # Those of simulated nodes, which nothing was made on, give way to the real ones.
        for node in ("simulated", "real"):
            command = other.start_command(sys.executable, "-c", _SERVERS, environment={"NODE": node})
            started = other.finish(command)
            assert started.code == 0, str(started)
        networks = {kernel.network_of(each.process("gate")) for each in copies}
        assert len(networks) == 2
        plans = [json.loads((each.folder / "run" / "network.json").read_text(encoding="utf-8")) for each in copies]
        assert plans[0]["addresses"] == plans[1]["addresses"]
        assert not set(copies[0].ports.values()) & set(copies[1].ports.values())
        nodes = [each.cluster.items("/api/v1/nodes") for each in copies]
        addresses = [[item["status"]["addresses"] for item in found] for found in nodes]
        assert addresses[0] == addresses[1]
        assert nodes[0][0]["metadata"]["uid"] != nodes[1][0]["metadata"]["uid"]
        before = [(process.pid, process.started) for process in world.checkout.processes()]
        with _nothing_left(other):
            other.succeed(*_DOWN)
        assert {(process.pid, process.started) for process in world.checkout.processes()} >= set(before)
        assert world.cluster.items("/api/v1/nodes")
        assert inside.not_ready(world) == []


def test_an_ordinary_user_gets_simulated_nodes_and_is_told() -> None:
    with checkout(node="auto") as copy:
        own = copy.home / "cache"
        (own / "tools").mkdir(parents=True)
        for folder, names, files in os.walk(copy.root.parent):
            for name in (".", *names, *files):
                os.chown(Path(folder, name), _NOBODY, _NOBODY, follow_symlinks=False)
        tools = (str(cache.root() / "tools"), str(own / "tools"))
        as_nobody = ("unshare", "--mount", "sh", "-c", _AS_NOBODY, "sh", *tools)
        command = (*as_nobody, sys.executable, "-m", "sandbox", *_UP)
        running = copy.start_command(*command, environment={"LUXIMA_CACHE": str(own)})
        line = running.wait_for("nodes are simulated")
        assert line.strip() == "nodes are simulated, and no pod really runs: for a real one, only root may make one"
        running.wait_for("dns answers at")
        running.interrupt()
        done = copy.finish(running)
        assert done.code == 130, str(done)
