"""The step that makes a machine a node, run by bash with fakes of k3s, curl and systemd: no cluster is real."""

from pathlib import Path

import pytest

from components.kubernetes import steps
from tests.unit.components.k3s.machine import DIGEST, TOKEN, TOLD, Machine, machine, running

_API, _FIRST, _SECOND = "10.10.30.20", "10.10.30.21", "10.10.30.22"
_NOW, _PATCH, _NEXT, _SKIPPING, _OLDER = "v1.36.5+k3s1", "v1.36.10+k3s1", "v1.37.1+k3s1", "v1.38.0+k3s1", "v1.36.4+k3s1"


def _founder(folder: Path, stack: str = "prod") -> Machine:
    """The first server of a new cluster, after the step that lets it found one."""
    made = machine(folder, "k3s-server-1", stack)
    assert made.run(steps.found(made.name)).returncode == 0
    return made


def _refused(
    made: Machine, done_with: str, *, version: str | None = None, token: str = TOKEN, told: str = TOLD
) -> None:
    """The step fails with a sentence, and k3s was not touched."""
    done = made.up(version, token, told, patience=1)
    assert done.returncode == 1
    assert done_with in done.stderr
    assert done.stderr.startswith(f"{made.name}: ")
    assert done.stderr.count("\n") == 1
    assert not made.starts


def test_the_first_server_of_a_new_cluster_founds_it_once(tmp_path: Path) -> None:
    made = _founder(tmp_path)
    assert made.up(told="").returncode == 0
    assert made.starts == [f"{_NOW} cluster-init: true"]
    # Had it to begin anew, it would join the others.
    assert (made.etc / "config.yaml.d/50-cluster.yaml").read_text() == f"server: https://{_API}:6443\n"
    assert not (made.etc / "may-found-cluster").exists()
    # k3s takes no other form for a cluster that is not there yet.
    assert (made.etc / "token").read_text() == f"{TOKEN}\n"
    assert (made.etc / "token").stat().st_mode & 0o777 == 0o600


def test_the_only_server_of_a_cluster_has_nobody_to_join(tmp_path: Path) -> None:
    made = _founder(tmp_path, "dev")
    assert made.up().returncode == 0
    assert (made.etc / "config.yaml.d/50-cluster.yaml").read_text() == "cluster-init: true\n"


def test_a_first_server_that_was_made_anew_joins_the_others(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-server-1")
    made.answers(_API, 200)
    assert made.up().returncode == 0
    assert made.starts == [f"{_NOW} server: https://{_API}:6443"]


def test_it_joins_any_server_when_nobody_holds_the_virtual_address(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-server-1")
    made.answers(_SECOND, 200)
    assert made.up().returncode == 0
    assert made.starts == [f"{_NOW} server: https://{_SECOND}:6443"]


def test_a_first_server_that_reaches_nobody_founds_no_second_cluster(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-server-1")
    _refused(made, "no other server told it the cluster's authority", told="")
    assert not [call for call in made.calls if TOKEN in call]
    _refused(made, f"no server answers at {_API} {_SECOND}")
    # All that it takes to restore the cluster is there, and nothing starts at the next boot.
    assert (made.root / "usr/local/bin/k3s").exists()
    assert (made.etc / "token").exists()
    assert not [call for call in made.calls if "enable" in call]


@pytest.mark.parametrize("status", [200, 503])
def test_whoever_may_found_does_not_where_a_cluster_answers(tmp_path: Path, status: int) -> None:
    made = _founder(tmp_path)
    made.answers(_SECOND, status)
    if status == 200:
        assert made.up().returncode == 0
        assert made.starts == [f"{_NOW} server: https://{_SECOND}:6443"]
    else:
        _refused(made, f"the server at {_SECOND} is not ready")
        _refused(made, f"somebody answers at {_SECOND}, but no other server told it", told="")


def test_a_second_server_before_the_first_waits_and_says_so(tmp_path: Path) -> None:
    _refused(machine(tmp_path, "k3s-server-2"), f"no server answers at {_API} {_FIRST}")


@pytest.mark.parametrize("name", ["k3s-server-2", "k3s-agent-1"])
def test_a_wrong_token_is_said_at_once_and_shown_nowhere(tmp_path: Path, name: str) -> None:
    made = machine(tmp_path, name)
    made.answers(_API, 401)
    _refused(made, f"the server at {_API} refuses the join token")
    assert [call for call in made.calls if call.startswith("ask")] == [f'ask {_API} user = "node:{TOKEN}"']
    assert TOKEN not in steps.node(made.settings.kubernetes, made.settings.compute, name, None)


def test_data_of_another_token_are_kept(tmp_path: Path) -> None:
    _refused(running(tmp_path, "k3s-server-2"), "another join token", token="other")


@pytest.mark.parametrize(("name", "user"), [("k3s-server-2", "server"), ("k3s-agent-1", "node")])
def test_a_token_in_full_follows_without_a_start_and_is_the_same_token(tmp_path: Path, name: str, user: str) -> None:
    made = running(tmp_path, name)
    full = f"{DIGEST}::{user}:{TOKEN}\n"
    assert (made.etc / "token").read_text() == full
    # As it lies on a machine that joined before servers told their authority.
    (made.etc / "token").write_text(f"{TOKEN}\n")
    for told in (TOLD, ""):
        assert made.up(told=told).stdout == f"{name}: is as it should be\n"
        assert (made.etc / "token").read_text() == full
    assert not made.calls
    assert made.up(_PATCH).returncode == 0


def test_a_server_that_has_data_asks_nobody(tmp_path: Path) -> None:
    """All servers were away, and no API answers: k3s knows its cluster."""
    made = running(tmp_path, "k3s-server-2")
    made.take("active")
    made.take(f"answers/{_API}")
    assert made.up().returncode == 0
    assert made.starts == [f"{_NOW} server: https://{_API}:6443"]


def test_an_agent_joins_and_founds_nothing(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1")
    made.answers(_API, 200)
    assert made.up().returncode == 0
    assert made.starts == [f"{_NOW} "]
    assert f"server: https://{_API}:6443" in (made.etc / "config.yaml").read_text()


@pytest.mark.parametrize(("stack", "pods"), [("dev", "1"), ("prod", "2")])
def test_the_clusters_name_server_outlives_a_node_where_there_is_another(tmp_path: Path, stack: str, pods: str) -> None:
    made = _founder(tmp_path, stack)
    assert made.up().returncode == 0
    assert [call for call in made.calls if call.startswith("scale")] == [f"scale {pods}"]
    agent = machine(tmp_path, "k3s-agent-1", stack)
    agent.answers(agent.settings.kubernetes.api_address, 200)
    assert agent.up().returncode == 0
    assert not [call for call in agent.calls if call.startswith("scale")]


def test_a_cluster_without_a_name_server_is_said(tmp_path: Path) -> None:
    made = _founder(tmp_path)
    made.put("nameless")
    done = made.up(patience=1)
    assert done.returncode == 1
    assert "k3s has brought no name server of the cluster after 1 s" in done.stderr


def test_what_is_as_it_should_be_is_left_alone(tmp_path: Path) -> None:
    made = running(tmp_path, "k3s-server-2")
    done = made.up()
    assert done.stdout == "k3s-server-2: is as it should be\n"
    assert made.calls == []


def test_a_kubelet_finds_the_kernel_as_it_wants_it(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1")
    made.answers(_API, 200)
    made.up()
    load = next(index for index, call in enumerate(made.calls) if call.startswith("sysctl"))
    start = next(index for index, call in enumerate(made.calls) if call.startswith("start"))
    assert load < start


@pytest.mark.parametrize("version", [_PATCH, _NEXT])
def test_an_upgrade_moves_the_pods_first(tmp_path: Path, version: str) -> None:
    made = running(tmp_path, "k3s-agent-1")
    made.put("pods", "commerce storefront-1\nedge gateway-1\n")
    assert made.up(version).returncode == 0
    done = [call.split()[0] for call in made.calls]
    assert done.index("download") < done.index("evict") < done.index("start")
    evicted = [call for call in made.calls if call.startswith("evict")]
    assert ["storefront-1" in evicted[0], "gateway-1" in evicted[1]] == [True, True]
    patches = [call for call in made.calls if "patch node" in call]
    assert ["true" in patches[0], "false" in patches[-1]] == [True, True]
    assert made.starts == [f"{version} "]
    assert (made.world / "running").read_text() == f"{version}\n"


def test_a_node_that_a_person_cordoned_stays_so(tmp_path: Path) -> None:
    made = running(tmp_path, "k3s-agent-1")
    made.put("unschedulable", "true")
    assert made.up(_PATCH).returncode == 0
    assert not [call for call in made.calls if "patch node" in call]


def test_the_only_machine_for_pods_keeps_them(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1", "dev")
    workers = list(made.settings.compute.workers)
    assert len(workers) == 1
    one = running(tmp_path / "running", workers[0], "dev")
    one.put("pods", "commerce storefront-1\n")
    assert one.up(_PATCH).returncode == 0
    assert not [call for call in one.calls if "evict" in call or "patch" in call]


def test_pods_that_may_not_leave_stop_the_upgrade_and_the_node_stays_open(tmp_path: Path) -> None:
    made = running(tmp_path, "k3s-agent-1")
    made.put("pods", "commerce storefront-1\n")
    made.put("held")
    _refused(made, "a PodDisruptionBudget may hold them", version=_PATCH)
    assert "false" in next(call for call in reversed(made.calls) if "patch node" in call)


@pytest.mark.parametrize("state", ["False True", "True False", "True ?"])
def test_a_server_stays_while_another_member_of_etcd_is_ill(tmp_path: Path, state: str) -> None:
    made = running(tmp_path, "k3s-server-2")
    made.put("members", f"k3s-server-1 {state}\nk3s-server-2 True True\nk3s-server-3 True True\n")
    _refused(made, "another server is not ready or no voting member of etcd", version=_PATCH)


def test_a_server_is_done_when_it_votes_again(tmp_path: Path) -> None:
    made = running(tmp_path, "k3s-server-2")
    made.put("members", "k3s-server-1 True True\nk3s-server-2 True False\nk3s-server-3 True True\n")
    done = made.up(_PATCH, patience=1)
    assert done.returncode == 1
    assert made.starts
    assert "etcd has a member that is not ready or does not vote" in done.stderr


@pytest.mark.parametrize(
    ("version", "said"), [(_OLDER, "k3s has no way back to v1.36.4+k3s1"), (_SKIPPING, "skips a minor version")]
)
def test_no_way_back_and_no_jump(tmp_path: Path, version: str, said: str) -> None:
    _refused(running(tmp_path, "k3s-server-2"), said, version=version)


def test_a_program_with_another_checksum_is_not_installed(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1")
    made.answers(_API, 200)
    made.put("forged")
    _refused(made, "another checksum")
    assert not (made.root / "usr/local/bin/k3s").exists()


def test_a_start_that_cannot_succeed_ends_with_k3s_own_words(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1")
    made.answers(_API, 200)
    made.put("broken")
    made.put("journal", "level=info msg=hello\nlevel=fatal msg=no-disk\n")
    done = made.up(patience=1)
    assert done.returncode == 1
    assert done.stderr.startswith("k3s-agent-1: k3s is not ready after 1 s;")
    assert done.stderr.endswith("level=fatal msg=no-disk\n")
    # What failed is done again by the next `up`.
    made.take("broken")
    assert made.up().returncode == 0


def test_a_first_boot_that_failed_is_said(tmp_path: Path) -> None:
    made = machine(tmp_path, "k3s-agent-1")
    made.put("cloud-init", "1")
    _refused(made, "cloud-init has failed")


def test_a_new_kube_vip_reaches_a_server_without_a_restart(tmp_path: Path) -> None:
    made = running(tmp_path, "k3s-server-1")
    manifest = made.root / "var/lib/rancher/k3s/server/manifests/kube-vip.yaml"
    manifest.write_text("old")
    assert made.up().returncode == 0
    assert "DaemonSet" in manifest.read_text()
    assert not made.starts
