"""What is waited for before the next machine is touched; the script runs here, with programs that answer as told.

No server: `k3s`, `docker` and `systemctl` are shell scripts, and the clock goes by the number of looks at it.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.compute.settling import settled_script

_BOOT = "0b1e-this-start"
_READY: Mapping[str, str] = {
    "get node": f"{_BOOT} True",
    "get pods": "True True",
    "--raw /readyz": "ok",
    "docker info": "fine",
    "docker ps": "",
    "systemctl": "running",
}
"""What is answered to a command that has these words in it; `!` refuses."""


def _run(
    folder: Path, role: str, answers: Mapping[str, str] | None = None, *, token: bool = True
) -> subprocess.CompletedProcess[str]:
    programs = folder / "bin"
    programs.mkdir()
    cases = "".join(
        f"*'{words}'*) {'exit 1' if said == '!' else f'echo {said!r}'} ;;\n"
        for words, said in {**_READY, **(answers or {})}.items()
    )
    for program in ("k3s", "docker", "systemctl"):
        (programs / program).write_text(f'#!/bin/sh\ncase "{program} $*" in\n{cases}esac\n')
    (programs / "sleep").write_text("#!/bin/sh\n")
    # Each look at the clock is five minutes after the last one.
    (programs / "date").write_text(f"#!/bin/sh\necho x >> {folder}/looks\necho $(($(wc -l < {folder}/looks) * 300))\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    (folder / "token").touch() if token else None
    (folder / "config.yaml").write_text("node-name: k3s-server-1\n")
    (folder / "boot_id").write_text(_BOOT)
    script = settled_script(role, "edge")
    for path in ("/etc/rancher/k3s/", "/proc/sys/kernel/random/"):
        script = script.replace(path, f"{folder}/")
    return subprocess.run(
        ["sh", "-s"],
        input=script,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("role", ["k3s_server", "k3s_agent", "docker_host", "name_server", "general"])
def test_a_machine_that_serves_is_not_waited_for(tmp_path: Path, role: str) -> None:
    done = _run(tmp_path, role)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("role", "answers"),
    [
        ("k3s_server", {"get node": f"{_BOOT} False"}),
        ("k3s_server", {"get node": "the-start-before True"}),
        ("k3s_server", {"get node": "!"}),
        ("k3s_server", {"--raw /readyz": "!"}),
        ("k3s_agent", {"get node": f"{_BOOT} Unknown"}),
        ("k3s_agent", {"get pods": "True False"}),
        ("k3s_agent", {"get pods": "!"}),
        ("docker_host", {"docker info": "!"}),
        ("docker_host", {"docker ps": "4f1a"}),
        ("name_server", {"systemctl": "starting"}),
    ],
)
def test_one_that_does_not_is_waited_for_and_ends_the_update(
    tmp_path: Path, role: str, answers: Mapping[str, str]
) -> None:
    done = _run(tmp_path, role, answers)
    assert done.returncode == 1
    assert "does not serve within 900 s of its change; the next machine was not touched" in done.stderr
    assert len((tmp_path / "looks").read_text().splitlines()) > 2


def test_a_unit_that_failed_is_no_reason_to_wait(tmp_path: Path) -> None:
    assert _run(tmp_path, "name_server", {"systemctl": "degraded"}).returncode == 0


@pytest.mark.parametrize("role", ["k3s_server", "k3s_agent"])
def test_a_node_that_was_never_started_has_nothing_to_serve(tmp_path: Path, role: str) -> None:
    assert _run(tmp_path, role, {"get node": "!"}, token=False).returncode == 0
