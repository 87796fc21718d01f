"""A Debian package is unpacked with what it lacks, by any user."""

import subprocess

import pytest

from tests.unit.tools.machine import Machine
from tools import ToolError, ensure

APT = """\
echo "$@" >>"{folder}/apt"
case "$*" in
*--simulate*)
    case "$*" in *Dir::State::lists*) ;; *) [ -z "{missing}" ] || exit 100 ;; esac
    echo "Inst libknot13 (3.2.6-1 Debian:12 [amd64])"; echo "Inst knot (3.2.6-1 Debian:12 [amd64])"; echo "Conf knot" ;;
*download*)
    case "$*" in *Dir::State::lists*) ;; *) [ -z "{stale}" ] || {{ echo "E: 404 Not Found" >&2; exit 100; }} ;; esac
    touch knot_3.deb libknot13_3.deb ;;
*update*) [ -z "{offline}" ] || exit 100 ;;
esac
"""

DPKG = """\
case "$2" in
*libknot*) mkdir -p "$3/usr/lib/x86_64-linux-gnu"; touch "$3/usr/lib/x86_64-linux-gnu/libknot.so.13" ;;
*)
    mkdir -p "$3/usr/sbin"
    printf '#!/bin/sh\\necho "knotd, version {version}"; echo "$LD_LIBRARY_PATH $*"\\n' >"$3/usr/sbin/knotd"
    chmod +x "$3/usr/sbin/knotd" ;;
esac
"""


def debian(machine: Machine, *, missing: bool = False, stale: bool = False, offline: bool = False) -> None:
    """Give the machine a package manager: lists that lack the package, or name an old one, or no network."""
    flags = {"missing": missing, "stale": stale, "offline": offline}
    script = APT.format(folder=machine.folder, **{name: "yes" if flag else "" for name, flag in flags.items()})
    machine.program("apt-get", script)
    machine.program("dpkg", DPKG.format(version="3.2.6"))


def asked(machine: Machine) -> str:
    return (machine.folder / "apt").read_text()


def test_the_program_runs_with_the_libraries_that_came_along(machine: Machine) -> None:
    debian(machine)

    knotd = ensure("knotd")["knotd"]

    said = subprocess.run([knotd, "-c", "a b"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == ["knotd, version 3.2.6", f"{knotd.parent}/root/usr/lib/x86_64-linux-gnu -c a b"]
    assert "download knot libknot13" in asked(machine)
    assert "update" not in asked(machine)
    assert machine.unfinished() == []


@pytest.mark.parametrize("problem", ["missing", "stale"])
def test_lists_that_do_not_serve_are_replaced_by_ones_of_our_own(machine: Machine, problem: str) -> None:
    debian(machine, missing=problem == "missing", stale=problem == "stale")

    assert ensure("knotd")["knotd"].is_file()
    assert f"Dir::State::lists={machine.cache}/work" in asked(machine)


def test_a_package_that_nobody_offers_is_an_error(machine: Machine) -> None:
    debian(machine, missing=True, offline=True)
    machine.program("apt-get", f'echo "E: Unable to locate package knot"; echo "$@" >>"{machine.folder}/apt"; exit 100')

    with pytest.raises(ToolError, match=r"^no package source in /etc/apt offers knot; what apt said is in") as error:
        ensure("knotd")
    log = str(error.value).rpartition(" ")[2]
    assert "Unable to locate package knot" in (machine.cache / "logs" / log).read_text()
    assert machine.entries() == []


def test_a_machine_without_apt_is_told_what_to_install(machine: Machine) -> None:
    with pytest.raises(ToolError, match=r"there is no apt-get here: install knotd >= 3\.0, 3\.x so that it is on PATH"):
        ensure("knotd")
    assert machine.entries() == []


def test_a_release_whose_version_is_too_old_is_refused(machine: Machine) -> None:
    debian(machine)
    machine.program("dpkg", DPKG.format(version="2.9.1"))

    with pytest.raises(ToolError, match=r"package knot does not run in a version >= 3\.0, 3\.x"):
        ensure("knotd")
    assert machine.entries() == []


def test_an_archive_that_cannot_be_unpacked_is_named(machine: Machine) -> None:
    debian(machine)
    machine.program("dpkg", "echo 'dpkg: corrupted'; exit 2")

    with pytest.raises(ToolError, match=r"^unpacking knot_3\.deb failed; what dpkg said is in"):
        ensure("knotd")
    assert machine.unfinished() == []


TREE = """\
case "$2" in
*iptables*)
    mkdir -p "$3/usr/sbin" "$3/usr/lib/here/xtables"; touch "$3/usr/lib/here/xtables/libxt_tcp.so"
    printf '#!/bin/sh\\necho "${0##*/} $XTABLES_LIBDIR"\\n' >"$3/usr/sbin/xtables-nft-multi"
    chmod +x "$3/usr/sbin/xtables-nft-multi" ;;
*)
    mkdir -p "$3/usr/sbin"
    printf '#!/bin/sh\\necho "Docker version 20.10.24, $*"\\n' >"$3/usr/sbin/dockerd"
    chmod +x "$3/usr/sbin/dockerd" ;;
esac
"""


def test_several_programs_of_several_packages_run_by_name(machine: Machine) -> None:
    machine.program(
        "apt-get",
        f'echo "$@" >>"{machine.folder}/apt"\n'
        'case "$*" in *--simulate*) echo "Inst docker.io (20.10)" ;;\n'
        "*download*) touch docker.io_1.deb iptables_1.deb ;; esac",
    )
    machine.program("dpkg", TREE)

    engine = ensure("docker-engine")["docker-engine"]

    def said(*command: str) -> str:
        return subprocess.run([engine, *command], capture_output=True, text=True, check=True).stdout.strip()

    assert said("dockerd", "a b") == "Docker version 20.10.24, a b"
    assert said("iptables") == f"iptables {engine.parent}/root/usr/lib/here/xtables"
    assert "download containerd docker.io iptables runc tini" in asked(machine)
