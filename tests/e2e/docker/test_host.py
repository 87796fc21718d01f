"""A Docker host is a machine of its own: it ends with its process, comes back with what it kept, and leaves nothing."""

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from sandbox import process
from sandbox.servers import docker, fleet
from sandbox.vm import CAPABILITIES_OF_THE_KERNEL
from tests.e2e.docker import images
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.waiting import wait_for

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.timeout(300)]

VM = "docker-1"
IMAGE = "quay.io/acme/program:v1"
_WAITS = "trap 'echo asked > /kept/end; exit 0' TERM; sleep 100000 & wait"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hosts]:
    deep = tmp_path_factory.mktemp("checkout") / ("deep" * 20) / ("deeper" * 10)
    deep.mkdir(parents=True)
    with running(deep) as found:
        images.load(found.engine(VM), [IMAGE])
        yield found


def run(hosts: Hosts, name: str, *command: str, **options: Any) -> Any:
    containers: Any = hosts.engine(VM).containers
    return containers.run(IMAGE, list(command), name=name, detach=True, entrypoint="/bin/busybox", **options)


def process_of(hosts: Hosts, name: str) -> int:
    """Id, on this computer, of a container's first process."""
    container = str(hosts.engine(VM).containers.get(name).id)

    def first() -> int:
        # It is not yet itself when the engine says that it runs, and who is about to begin looks like it.
        (found,) = [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and container in _cgroup(folder) and _command(folder).startswith(b"/bin/busybox")
        ]
        return found

    return wait_for(first, f"the first process of {name}")


def _cgroup(folder: Path) -> str:
    try:
        return (folder / "cgroup").read_text()
    except OSError:
        return ""


def _command(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def groups(hosts: Hosts) -> list[Path]:
    name = docker.cgroup(hosts.site.layout).lstrip("/")
    return [path for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/*") for path in Path("/").glob(f"{top[1:]}/{name}")]


def test_the_socket_of_a_deep_checkout_is_short_enough(hosts: Hosts) -> None:
    assert len(os.fsencode(hosts.site.layout.run)) > 107
    assert len(os.fsencode(docker.socket(hosts.site.layout, VM))) <= 107
    assert docker.reachable(hosts.site.layout, hosts.settings) == {
        "10.10.10.41": f"unix://{docker.socket(hosts.site.layout, VM)}"
    }
    assert docker.absent(hosts.site.layout, hosts.settings) == {}


def test_the_machine_is_not_this_computer(hosts: Hosts) -> None:
    everything: Any = hosts.engine(VM).containers.run(
        IMAGE,
        ["sh", "-c", "cat /host/etc/hostname; ls /host/home /host/srv; touch /host/usr/a; ls /host/var/lib/docker"],
        entrypoint="/bin/busybox",
        volumes={"/": {"bind": "/host", "mode": "rw"}},
        stderr=True,
        remove=True,
    )
    said = everything.decode().splitlines()
    assert VM in said
    assert "ls: /host/home: No such file or directory" in said
    assert "touch: /host/usr/a: Read-only file system" in said
    assert "overlay2" in said


def test_nobody_in_the_machine_may_change_the_kernel(hosts: Hosts) -> None:
    """Policies forbid privileged containers; here none even starts."""
    containers: Any = hosts.engine(VM).containers
    options = {"entrypoint": "/bin/busybox", "remove": True}
    status = containers.run(IMAGE, ["grep", "CapBnd", "/proc/self/status"], **options)
    assert not int(status.split()[1], 16) & sum(1 << number for number in CAPABILITIES_OF_THE_KERNEL.values())
    for more in ({"privileged": True}, {"cap_add": ["SYS_MODULE"]}):
        with pytest.raises(APIError, match="caps"):
            containers.run(IMAGE, ["true"], **options, **more)


def test_a_link_that_the_machine_left_leads_nowhere(hosts: Hosts, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    process.stop(hosts.server.records(hosts.site.layout))
    for path, target in (("etc/hostname", outside), ("var/tmp", tmp_path)):
        left = hosts.root(VM) / path
        left.rmdir() if left.is_dir() else left.unlink()
        left.symlink_to(target)
    mode = tmp_path.stat().st_mode

    hosts.server.start(hosts.site)
    assert outside.read_text() == "mine"
    assert (tmp_path.stat().st_mode, [path.name for path in tmp_path.iterdir()]) == (mode, ["outside"])
    assert (hosts.root(VM) / "etc/hostname").read_text().strip() == VM


def test_a_restart_asks_containers_to_end_and_brings_them_back(hosts: Hosts) -> None:
    kept = {"kept": {"bind": "/kept", "mode": "rw"}}
    run(hosts, "comes-back", "sh", "-c", _WAITS, restart_policy={"Name": "unless-stopped"}, volumes=kept)
    run(hosts, "ends", "sleep", "1000")
    before = process_of(hosts, "comes-back")

    process.stop(hosts.server.records(hosts.site.layout))
    assert not Path(f"/proc/{before}").exists()
    assert docker.absent(hosts.site.layout, hosts.settings)["docker"].startswith("no Docker engine is here")
    assert (hosts.root(VM) / "var/lib/docker/volumes/kept/_data/end").read_text() == "asked\n"

    hosts.server.start(hosts.site)
    wait_for(lambda: hosts.engine(VM).containers.get("comes-back").status == "running", "the container")
    assert hosts.engine(VM).containers.get("ends").status == "exited"
    hosts.engine(VM).containers.get("ends").remove()


def test_who_kills_the_process_ends_all_of_it(hosts: Hosts) -> None:
    wait_for(lambda: hosts.engine(VM).containers.get("comes-back").status == "running", "the container")
    inside = process_of(hosts, "comes-back")
    assert docker.cgroup(hosts.site.layout) in _cgroup(Path(f"/proc/{inside}"))
    assert groups(hosts)
    (record,) = hosts.server.records(hosts.site.layout)

    process.signal_pid(record.pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{inside}").exists(), "the end of its container")
    wait_for(lambda: fleet.left_over(hosts.site.layout) == [], "the end of all processes")
    assert str(hosts.root(VM)) not in Path("/proc/self/mountinfo").read_text()

    folder = docker.socket(hosts.site.layout, VM).parent
    docker.clean(hosts.site.layout)
    assert groups(hosts) == []
    assert not folder.exists()

    hosts.server.start(hosts.site)
    wait_for(lambda: hosts.engine(VM).containers.get("comes-back").status == "running", "the container")
