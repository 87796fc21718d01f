"""What an LXC is set up with: read by shellcheck and systemd, and run here with programs that answer as told."""

import subprocess
from pathlib import Path

import pytest
import yaml

from components.observability import documents
from components.observability.lxc_agents import files, script
from tests.recording import AUTHORITY, STACKS, record_platform, stack_settings
from tools import ensure
from versions import ALLOY

_ENDPOINT = "10.10.30.53:9100"
_VERSION = ALLOY.version.removeprefix("v")
_DEB = f"alloy-{_VERSION}-1.amd64.deb"


def _pipeline(stack: str) -> str:
    lxc = next(iter(stack_settings(stack).compute.containers))
    return documents(stack_settings(stack))[f"log-agent/{lxc}/promtail.yaml"]


@pytest.mark.needs_tools
@pytest.mark.parametrize("authority", [None, AUTHORITY])
def test_shellcheck_finds_nothing(authority: str | None) -> None:
    command = [ensure("shellcheck")["shellcheck"], "--shell=bash", "--severity=warning", "-"]
    text = script(_ENDPOINT, _pipeline("prod"), authority)
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_systemd_takes_what_is_added_to_the_packages_units(tmp_path: Path) -> None:
    added = [each for each in files(_ENDPOINT, "", None) if each.path.endswith("platform.conf")]
    assert len(added) == 2
    for file in added:
        unit = tmp_path / Path(file.path).parent.name.removesuffix(".d")
        (program,) = [word.partition("=")[2] for word in file.content.split() if word.startswith("ExecStart=/")]
        unit.write_text(f"[Unit]\nDescription=a package\n{file.content.replace(program, '/bin/true')}")
        command = ["systemd-analyze", "verify", "--man=no", str(unit)]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("stack", STACKS)
def test_every_lxc_is_set_up_behind_its_firewall_and_no_command_line_has_the_password(stack: str) -> None:
    settings = stack_settings(stack)
    recorder = record_platform(settings)
    for lxc, container in settings.compute.containers.items():
        step = recorder.named(f"observability-{lxc}-agents")
        assert step.inputs["connection"]["host"] == container.address
        assert step.inputs["stdin"] == "a-logAgentPassword"
        assert "a-logAgentPassword" not in step.inputs["create"]
        assert f"{container.address}:{settings.observability.node_exporter_port}" in step.inputs["create"]
        assert f"compute-{lxc}-firewall-options" in {name for _, name in recorder.before(step)}
        assert f"compute-{lxc}-lxc" in {name for _, name in recorder.replaced_with[step.identity]}


@pytest.mark.parametrize("stack", STACKS)
def test_its_journal_is_all_that_it_sends_and_says_whose_it_is(stack: str) -> None:
    document = yaml.load(_pipeline(stack), yaml.CSafeLoader)
    (job,) = document["scrape_configs"]
    assert job["journal"]["labels"]["class"] == "syslog"
    assert {"source_labels": ["__journal__hostname"], "target_label": "host"} in job["relabel_configs"]
    (client,) = document["clients"]
    assert client["url"].startswith("https://")
    assert client["basic_auth"]["username"] == "log-agent"


class Machine:
    """A folder that is the container's root, and programs that note what they are told."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.root, self._programs = folder, folder / "root", folder / "bin"
        self._programs.mkdir()
        self._is("curl", f'case "$*" in *SHA256SUMS*) cp {folder}/sums "$5" ;; *.deb*) echo deb >"$5" ;; esac')
        self._is("dpkg-query", f"cat {folder}/installed")
        self._is("install", f"cat >{folder}/password")
        for name in ("apt-get", "systemctl", "systemd-tmpfiles", "journalctl"):
            self._is(name, "true")
        self.publish("deb\n")
        self.has("")

    def _is(self, name: str, does: str) -> None:
        path = self._programs / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>{self._folder}/told\n{does}\n')
        path.chmod(0o755)

    def publish(self, content: str) -> None:
        """What the publisher's list of checksums says that the package is."""
        made = subprocess.run(["sha256sum"], input=content, text=True, capture_output=True, check=True)
        (self._folder / "sums").write_text(f"{made.stdout.split()[0]}  {_DEB}\n")

    def has(self, version: str) -> None:
        """The version of the agent that is installed."""
        (self._folder / "installed").write_text(version)

    def run(self) -> subprocess.CompletedProcess[str]:
        text = script(_ENDPOINT, _pipeline("prod"), None).replace("ROOT=''", f"ROOT={self.root}")
        text = text.replace("TEXTFILES=", f"TEXTFILES={self.root}")
        text = text.replace('"$TEXTFILES" /var/log/journal', f'"$TEXTFILES" "{self.root}/journal"')
        environment = {"PATH": f"{self._programs}:/usr/bin:/bin"}
        return subprocess.run(
            ["bash", "-c", text], input="the-password", env=environment, text=True, capture_output=True, check=False
        )

    @property
    def told(self) -> list[str]:
        """What the programs were told, in order."""
        return (self._folder / "told").read_text().splitlines()

    @property
    def password(self) -> str:
        """What was written as the password."""
        return (self._folder / "password").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def _installed(machine: Machine) -> list[str]:
    return [line for line in machine.told if line.startswith("apt-get install") and _DEB in line]


def test_an_agent_that_is_not_there_is_installed_by_its_publishers_checksum(machine: Machine) -> None:
    done = machine.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(_installed(machine)) == 1
    assert machine.password == "the-password"
    assert (machine.root / "etc/log-agent/promtail.yaml").read_text() == _pipeline("prod")
    assert "systemctl restart alloy prometheus-node-exporter tell-reboot.timer" in machine.told


def test_one_that_is_there_is_not_fetched_again(machine: Machine) -> None:
    machine.has(f"{_VERSION}-1")
    assert machine.run().returncode == 0
    assert _installed(machine) == []


def test_another_file_than_the_published_one_is_not_installed(machine: Machine) -> None:
    machine.publish("another\n")
    done = machine.run()
    assert done.returncode != 0
    assert _DEB in done.stdout
    assert _installed(machine) == []
    assert not [line for line in machine.told if line.startswith("systemctl")]
