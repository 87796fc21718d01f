"""What can go wrong while a stack is up or coming up: one clear sentence, nothing lost, and the next `up` succeeds.

All tests share one running stack and leave it up; each makes the change that it needs by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.broken import another_disk, broken_tools, full_disk
from tests.e2e.checkout import Done, Running
from tests.e2e.life import next_release, setting, stands
from tests.e2e.world import World
from tests.e2e.world.cluster import Refused
from tests.e2e.world.expected_cluster import NAMESPACE, SERVICE

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]

_STACK = "dev"
_QUOTA = r"( media: \{.*quota_gib: )(\d+)"
"""How much a bucket may hold, in the stack's file."""
_UP = ("up", "--stack", _STACK)
_STACK_FILE = f"Pulumi.{_STACK}.yaml"


def assert_up(world: World) -> Done:
    """`up` succeeds, and every server has what the settings say."""
    done = world.checkout.succeed(*_UP)
    stands(world)
    return done


def stopped(done: Done, verb: str) -> None:
    """A command ended in order after a Ctrl-C."""
    assert done.code == 130, str(done)
    assert "stopping after the operations in progress" in done.err
    assert done.err.rstrip().endswith(f"interrupted; what is done is kept: run make {verb} again")
    assert "Traceback" not in done.text


@contextmanager
def taken(port: int) -> Generator[None]:
    """Listen on a port as soon as it is free."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end, pause = time.monotonic() + 10, threading.Event()
        while True:
            try:
                listener.bind(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < end, f"port {port} is not given back"
                pause.wait(0.05)
        listener.listen()
        yield


def said(done: Done, *parts: str) -> str:
    """The one error of a command, with every part in it."""
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, str(done)
    assert all(part in errors[0] for part in parts), f"{parts}\n{done}"
    assert "Traceback" not in done.text
    return errors[0]


def until(condition: Callable[[], bool], running: Running, seconds: float = 420) -> None:
    """Wait for something to be true on a server while a command runs."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert running.process.poll() is None, str(running.wait())
        assert time.monotonic() < end, f"not true after {seconds} s"
        pause.wait(0.1)


def image_of(world: World, slot: str) -> str:
    """What the API server has for a slot."""
    try:
        found = world.cluster.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}-{slot}")
    except Refused:
        return ""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def kept(world: World) -> dict[str, str]:
    """All that an `up` would be another one without: state, secrets, keys, ports, settings and running servers."""
    parts = ("state", "project", "tls", "run", "secrets.json", "ports.json", "kubeconfig")
    found: dict[str, str] = {}
    for part in parts:
        top = world.folder / part
        for path in [top, *top.rglob("*")]:
            if path.is_file() and path.name != "lock":
                found[str(path.relative_to(world.folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    for process in world.checkout.processes():
        found[f"process {process.pid}"] = process.command
    return found


@contextmanager
def put_back(path: Path) -> Generator[None]:
    """Have a file in the end as it was."""
    content = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(content)


def test_what_is_noticed_before_anything_is_changed(world: World) -> None:
    """Missing secrets, a wrong passphrase, a full disk, a tool that does not build."""
    copy, own = world.checkout, world.folder / "secrets.json"
    before = kept(world)
    with put_back(own):
        own.write_text(json.dumps({**world.secrets, "dnsTsigSecret": None}), encoding="utf-8")
        said(copy.run(*_UP), "secrets.json", "dnsTsigSecret", "put it back")
        own.write_text("{", encoding="utf-8")
        said(copy.run(*_UP), "secrets.json cannot be read", "put it back, or run make clean STACK=dev")
        own.unlink()
        said(copy.run(*_UP), "secrets.json is missing", "put it back, or run make clean STACK=dev")
    wrong = {"PULUMI_CONFIG_PASSPHRASE": "not the one"}
    said(copy.run(*_UP, environment=wrong), "another passphrase", "PULUMI_CONFIG_PASSPHRASE", "unset it")
    said(copy.finish(copy.start_command(*full_disk(*_UP))), "no disk space", "3 MiB free", "needs 1024 MiB")
    said(copy.run(*_UP, environment=broken_tools(copy.root.parent)), "with Go", "out of registers")
    _nothing_was_changed(world, before)


def _nothing_was_changed(world: World, before: dict[str, str]) -> None:
    assert kept(world).keys() == before.keys()
    assert {name for name, digest in kept(world).items() if before[name] != digest} <= {"project/Pulumi.dev.yaml"}


@pytest.mark.long
def test_a_version_that_is_skipped_is_refused_before_anything_is_changed(world: World) -> None:
    """The engine hears it as it hears of the size of a volume, in each run; the sentence is a unit test."""
    copy, before = world.checkout, world.state()
    with put_back(copy.root / _STACK_FILE):
        copy.replace(_STACK_FILE, "version: v1.36.", "version: v1.38.")
        done = copy.run(*_UP)
    assert done.code == 1
    # The pack has something to say, too: nobody supports that version yet.
    assert "luxima:kubernetes.version is v1.38." in done.err
    assert "takes each minor version" in done.err
    # A server of the sandbox is told the new version; the engine changes nothing.
    assert {item["urn"]: item.get("inputs") for item in world.state()} == {
        item["urn"]: item.get("inputs") for item in before
    }


@pytest.mark.long
def test_a_policy_that_objects_is_heard_before_anything_is_changed(world: World) -> None:
    """That it stops a preview of the whole, and an `up` of the engine's, is seen in each run."""
    copy, before = world.checkout, kept(world)
    with put_back(copy.root / "components/storage/lifecycle.py"), put_back(copy.root / _STACK_FILE):
        copy.replace("components/storage/lifecycle.py", "kept = retention.log_objects_days", "kept = 7")
        setting(world, _STACK_FILE, _QUOTA)
        done = copy.run(*_UP)
        assert done.code == 1
        assert "policy lifecycle-floors (mandatory)" in done.err
    _nothing_was_changed(world, before)


@pytest.mark.long
def test_ports_that_somebody_else_has_taken_and_ctrl_c_while_the_servers_start(world: World) -> None:
    """A port that the state refers to stops the run; one that only the sandbox knows gives way, as often as need be."""
    copy, ports = world.checkout, world.ports
    copy.succeed("down", "--stack", _STACK)
    assert copy.processes() == []
    with taken(ports["etcd"]):
        with taken(ports["minio"]):
            before = kept(world)
            done = copy.run(*_UP)
            assert done.code == 1
            said(done, f"port {ports['minio']} of the minio server is in use by", f"pid {os.getpid()}", "make clean")
            assert kept(world) == before
        running = copy.start(*_UP)
        running.wait_for("dns answers at")
        running.interrupt()
        done = copy.finish(running)
        assert done.code == 130, str(done)
        assert f"port {ports['etcd']} of the etcd server is in use by" in done.err
        assert done.err.rstrip().endswith("interrupted; what is done is kept: run make up again")
        assert "Traceback" not in done.text
        copy.succeed("down", "--stack", _STACK)
        with taken(world.ports["etcd"]):
            assert "Nothing changed" in assert_up(world).out
    assert {name for name, port in world.ports.items() if port != ports[name]} == {"etcd"}


@pytest.mark.long
def test_a_component_whose_port_was_taken_when_it_died_takes_the_others_with_it(world: World) -> None:
    ports = world.ports
    os.kill(world.process("etcd"), signal.SIGKILL)
    with taken(ports["etcd"]):
        assert "Nothing changed" in assert_up(world).out
    assert {name for name, port in world.ports.items() if port != ports[name]} == {"etcd"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("server", "file", "change", "by"),
    [
        ("minio", _STACK_FILE, _QUOTA, 1),
        ("kube-apiserver", f"services/{_STACK}.yaml", r"(\n  replicas: )(\d+)", 1),
        ("dns", _STACK_FILE, r"(\n    ttl_seconds: )(\d+)", -1),
    ],
)
def test_a_server_that_dies_is_named_and_started_anew(
    world: World, server: str, file: str, change: str, by: int
) -> None:
    setting(world, file, change, by)
    pid = world.process(server)
    running = world.checkout.start(*_UP)
    running.wait_for("running the program on the engine")
    os.kill(pid, signal.SIGKILL)
    done = world.checkout.finish(running)
    assert done.code == 1, str(done)
    assert f"the {server} server died (pid {pid} is gone); its log is " in done.err
    assert "nothing is lost: run make up again, which starts it anew" in done.err
    assert "Traceback" not in done.text
    done = assert_up(world)
    assert world.process(server) != pid
    assert "\nDone in " in done.out


@pytest.mark.long
def test_ctrl_c_while_something_is_made(world: World) -> None:
    """What is under way is finished, what is not begun is left; that of a removal is in `test_the_end`."""
    image = next_release(world)
    running = world.checkout.start(*_UP)
    until(lambda: image_of(world, "green") == image, running)
    running.interrupt()
    stopped(world.checkout.finish(running), "up")
    assert_up(world)


@pytest.mark.long
def test_an_engine_that_is_killed(world: World) -> None:
    image = next_release(world)
    running = world.checkout.start(*_UP)
    until(lambda: image_of(world, "green") == image, running)
    os.kill(world.process("engine"), signal.SIGKILL)
    done = world.checkout.finish(running)
    assert done.code == 1, str(done)
    said(done, "the engine was killed by signal 9; the state is kept")
    assert_up(world)


@pytest.mark.long
def test_the_program_that_drives_the_engine_is_killed(world: World) -> None:
    image = next_release(world)
    running = world.checkout.start(*_UP)
    until(lambda: image_of(world, "green") == image, running)
    running.kill()
    assert world.checkout.finish(running).code == -signal.SIGKILL
    assert_up(world)


@pytest.mark.long
def test_a_disk_that_runs_full_while_something_is_made(world: World) -> None:
    """The run sees a small disk in place of the one that the state is on.

    Where nobody may mount one, the run is told that the disk is full, which it then asks before it begins.
    """
    image = next_release(world)
    copy = world.checkout
    small = another_disk(world.folder / "state", copy.temporary / "state", *_UP)
    done = copy.finish(copy.start_command(*(small or full_disk(*_UP))))
    assert done.code == 1, str(done)
    said(done, "no disk space", "free some and run it again")
    assert_up(world)
    assert image_of(world, "green") == image
