"""The key by which a guest is known: the script that reads it inside, and that no connection is made without one.

The script runs here, with `qm`, `pct` and `ssh` that answer as told and a clock that goes by the number of looks at it.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.compute.host_key import Kind, script
from tests.recording import STACKS, record_platform, stack_settings

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
_JSON = f'{{\n   "exitcode" : 0,\n   "exited" : 1,\n   "out-data" : "{_KEY} root@docker-1\\n"\n}}'


def _run(folder: Path, kind: Kind, node: str, answers: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script on pve1, for guest 3131 on a node."""
    conf = folder / f"pve/nodes/{node}/{'qemu-server' if kind == 'vm' else 'lxc'}/3131.conf"
    conf.parent.mkdir(parents=True)
    conf.touch()
    programs = folder / "bin"
    programs.mkdir()
    for program in ("qm", "pct", "ssh"):
        said = answers.get(program)
        (folder / f"{program}.said").write_text(said or "")
        text = "exit 1" if said is None else f"cat {folder}/{program}.said"
        (programs / program).write_text(f'#!/bin/sh\necho "{program} $*" >>{folder}/calls\n{text}\n')
    (programs / "hostname").write_text("#!/bin/sh\necho pve1\n")
    (programs / "sleep").write_text("#!/bin/sh\n")
    (programs / "date").write_text(f"#!/bin/sh\necho x >>{folder}/looks\necho $(($(wc -l <{folder}/looks) * 100))\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    return subprocess.run(
        ["sh", "-c", script(kind, 3131).replace("/etc/pve/", f"{folder}/pve/")],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("kind", "node", "answers", "call"),
    [
        ("vm", "pve1", {"qm": _JSON}, "qm guest exec 3131 -- cat /etc/ssh/ssh_host_ed25519_key.pub"),
        ("lxc", "pve1", {"pct": f"{_KEY} root@ns1\n"}, "pct exec 3131 -- cat /etc/ssh/ssh_host_ed25519_key.pub"),
        (
            "vm",
            "pve2",
            {"ssh": _JSON},
            "ssh -o BatchMode=yes root@pve2 qm guest exec 3131 -- cat /etc/ssh/ssh_host_ed25519_key.pub",
        ),
    ],
)
def test_the_key_is_read_inside_the_guest_wherever_it_is(
    tmp_path: Path, kind: Kind, node: str, answers: Mapping[str, str], call: str
) -> None:
    done = _run(tmp_path, kind, node, answers)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{_KEY}\n", "")
    assert (tmp_path / "calls").read_text() == f"{call}\n"


@pytest.mark.parametrize("said", [None, "", '{"exitcode": 1, "err-data": "No such file"}'])
def test_a_guest_that_does_not_tell_it_ends_with_a_sentence(tmp_path: Path, said: str | None) -> None:
    done = _run(tmp_path, "vm", "pve1", {} if said is None else {"qm": said})
    assert (done.returncode, done.stdout) == (1, "")
    assert "guest 3131 on pve1 does not tell its key within 300 s; 'qm guest exec 3131 -- cat" in done.stderr
    assert len((tmp_path / "calls").read_text().splitlines()) > 1


@pytest.mark.parametrize("stack", STACKS)
def test_each_machine_is_known_by_the_key_that_its_hypervisor_read(stack: str) -> None:
    settings, recorder = stack_settings(stack), record_platform(stack_settings(stack))
    nodes = {host.address: host.host_key for host in settings.compute.nodes.values()}
    guests = {**settings.wanted_vms, **settings.compute.containers}
    told = {each.name: each for each in recorder.of("remote:Command") if each.name.endswith("-host-key")}
    assert told.keys() == {f"compute-{name}-host-key" for name in guests}
    owner = {guest.address: name for name, guest in guests.items()}
    for each in recorder.of("remote:Command"):
        connection = each.inputs["connection"]
        # A machine that never answers ends the run, with its address and the reason of the last of these tries.
        assert (connection["dialErrorLimit"], connection["perDialTimeout"]) == (60, 15)
        if each.name in told or each.name.endswith("-admission"):
            assert connection["hostKey"] == nodes[connection["host"]]
            continue
        # What the recording stand-in says that each command printed.
        assert connection["hostKey"] == "kubeconfig"
        assert told[f"compute-{owner[connection['host']]}-host-key"].identity in recorder.before(each)


def test_a_guest_that_is_made_anew_is_asked_again() -> None:
    recorder = record_platform(stack_settings("prod"))
    for name, type_ in (("docker-1-vm", "vmLegacy:VmLegacy"), ("ns1-lxc", "containerLegacy:ContainerLegacy")):
        machine = recorder.named(f"compute-{name}")
        assert machine.type.endswith(type_)
        asked = recorder.named(f"compute-{name.rpartition('-')[0]}-host-key")
        assert recorder.replaced_with[asked.identity] == {machine.identity}
