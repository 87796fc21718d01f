import json
import os
import re
import socket
from pathlib import Path

import pytest

from sandbox import credentials, disk, lock, plugins, tls
from sandbox.engine import environment, marks
from sandbox.faults import SandboxError
from sandbox.layout import EngineFolder, Layout


def test_nothing_of_the_user_leads_the_engine_elsewhere(tmp_path: Path) -> None:
    base = {"PATH": "/bin", "HOME": "/home/me", "KUBECONFIG": "/home/me/.kube/config", "PULUMI_ACCESS_TOKEN": "x",
            "AWS_PROFILE": "real", "LANG": "C"}  # fmt: skip
    made = environment.build(EngineFolder(tmp_path, "dev"), passphrase="p", bundle=None, base=base)
    assert {"KUBECONFIG", "PULUMI_ACCESS_TOKEN", "AWS_PROFILE"}.isdisjoint(made)
    assert made["HOME"] == made["PULUMI_HOME"] == str(tmp_path / "home")
    assert made["PATH"] == f"{tmp_path / 'bin'}:/bin"
    assert made["LANG"] == "C"
    assert {"LUXIMA_DOCKER_HOSTS", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "PULUMI_SKIP_CHECKPOINTS"}.isdisjoint(made)


def test_adoption_and_trust_are_told(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path, "dev")
    hosts = {"10.0.0.1": "unix:///a.sock"}
    made = environment.build(
        folder,
        passphrase="p",
        bundle=tmp_path / "ca",
        adopt=True,
        docker_hosts=hosts,
        state_at_end=True,
        base={"LUXIMA_DOCKER_HOSTS": "x"},
    )
    assert json.loads(made["LUXIMA_DOCKER_HOSTS"]) == hosts
    assert made["PULUMI_K8S_UPSERT_EXISTING_OBJECTS"] == "true"
    assert made["PULUMI_EXPERIMENTAL"] == made["PULUMI_SKIP_CHECKPOINTS"] == "true"
    assert made["SSL_CERT_FILE"] == made["REQUESTS_CA_BUNDLE"] == str(tmp_path / "ca")


def test_local_providers_are_written_and_official_ones_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "none"))
    official = tmp_path / "official"
    official.mkdir()
    for name in ("pulumi-resource-minio", "pulumi-resource-docker"):
        (official / name).write_text("#!/bin/sh\n")
        (official / name).chmod(0o700)
    built = tmp_path / "built"
    built.write_text("")

    def ensure(*names: str) -> dict[str, Path]:
        return dict.fromkeys(names, built)

    monkeypatch.setattr(plugins, "ensure", ensure)
    folder = EngineFolder(tmp_path / "s", "dev")
    chosen = plugins.choose(str(official))
    plugins.write(folder, chosen, str(official))
    written = {path.name for path in folder.bin.iterdir()}
    assert chosen.official == {"kubernetes", "minio"}
    assert "pulumi-resource-minio" not in written
    assert (folder.bin / "pulumi-resource-kubernetes").readlink() == built
    # What talks to machines that are not here is never left to an official plugin.
    assert {"pulumi-resource-docker", "pulumi-resource-command"} <= written
    plugins.write(folder, plugins.choose("/nonexistent"), "/nonexistent")
    assert "pulumi-resource-minio" in {path.name for path in folder.bin.iterdir()}


def test_a_published_plugin_is_used_instead_of_one_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "none"))
    published = tmp_path / "pulumi-resource-kubernetes"
    published.write_text("#!/bin/sh\n")
    published.chmod(0o700)
    chosen = plugins.choose(str(tmp_path))
    assert (chosen.programs, chosen.published) == ((), {"kubernetes": published})
    folder = EngineFolder(tmp_path / "s", "dev")
    plugins.write(folder, chosen, str(tmp_path))
    assert not (folder.bin / "pulumi-resource-kubernetes").exists()


def test_a_state_is_not_continued_by_another_kind_of_plugin(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    layout.prepare()
    now = plugins.Plugins({}, ("kubernetes",), None)
    # Before kinds were noted, all plugins were local.
    with pytest.raises(SandboxError, match="made with the local plugin for kubernetes, and the official one is used"):
        plugins.require_same("dev", now, marks.kinds(layout))
    marks.remember_kinds(layout, now.kinds)
    plugins.require_same("dev", now, marks.kinds(layout))
    published = plugins.Plugins({"kubernetes": tmp_path, "minio": tmp_path}, (), None)
    with pytest.raises(SandboxError, match=r"local plugin for minio.*: run make clean STACK=dev, then make up"):
        plugins.require_same("dev", published, marks.kinds(layout))


@pytest.mark.parametrize(
    ("version", "found"), [("99.0.0", False), ("0.17.1", True), ("0.18.0", True), ("0.16.0", False)]
)
def test_a_plugin_in_the_folder_counts_from_the_sdks_version_on(tmp_path: Path, version: str, found: bool) -> None:
    plugin = tmp_path / f"resource-minio-v{version}" / "pulumi-resource-minio"
    plugin.parent.mkdir()
    plugin.write_text("")
    assert (plugins.find_official("minio", "/nonexistent", tmp_path) is not None) == found


def test_a_plugin_folder_that_may_not_be_looked_at_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    (closed / "plugins").mkdir(parents=True)
    monkeypatch.setenv("PULUMI_HOME", str(closed))
    assert plugins.user_folder() == closed / "plugins"
    before = os.geteuid()
    closed.chmod(0)
    try:
        if before == 0:
            os.seteuid(65534)
        assert plugins.user_folder() is None
    finally:
        os.seteuid(before)
        closed.chmod(0o700)


def test_secrets_are_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    path = tmp_path / "secrets.json"
    first = credentials.load_or_make(path)
    assert credentials.load_or_make(path) == first
    assert path.stat().st_mode & 0o077 == 0
    assert first.stack["minioRootPassword"] not in repr(first)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    assert credentials.load_or_make(path).passphrase == "mine"


def test_secrets_of_an_older_version_are_kept_and_what_it_did_not_know_is_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = credentials.load_or_make(path)
    older = {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value for key, value in made.values.items()}
    del older["smtp_password"]
    path.write_text(json.dumps(older))
    kept = credentials.load_or_make(path)
    assert {key: value for key, value in kept.values.items() if key != "smtpPassword"} == {
        key: value for key, value in made.values.items() if key != "smtpPassword"
    }
    assert len(kept.stack["smtpPassword"]) >= 8
    assert credentials.load_or_make(path) == kept


def test_damaged_secrets_are_not_silently_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = credentials.load_or_make(path).values
    for damage, said in (
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({**made, "dnsTsigSecret": None}), "has no dnsTsigSecret; "),
        (json.dumps({**made, "passphrase": "", "sshPrivateKey": 1}), "has no passphrase, sshPrivateKey; "),
    ):
        path.write_text(damage)
        with pytest.raises(SandboxError, match=said):
            credentials.load_or_make(path)
        assert path.read_text() == damage


def test_a_full_disk_is_named_with_the_need(tmp_path: Path) -> None:
    disk.require(tmp_path, 1)
    with pytest.raises(SandboxError, match=rf"no disk space: {tmp_path} has \d+ MiB free and the sandbox needs"):
        disk.require(tmp_path, 10**9)


def test_a_second_run_is_told_who_holds_the_stack(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    layout.prepare()
    with lock.exclusive(layout, "up"):
        with (
            pytest.raises(SandboxError, match=r"stack dev is busy: make up \(pid \d+\)"),
            lock.exclusive(layout, "down"),
        ):
            pass
        other = Layout("prod", tmp_path)
        other.prepare()
        with lock.exclusive(other, "up"):
            pass
    with lock.exclusive(layout, "down"):
        pass


def test_a_server_certificate_is_trusted_by_the_bundle_alone(tmp_path: Path) -> None:
    import ssl
    from threading import Thread

    bundle = tls.ensure_authority(tmp_path)
    certificate, key = tls.ensure_server(tmp_path, "minio", ["127.0.0.1"])
    assert tls.ensure_server(tmp_path, "minio", ["127.0.0.1"]) == (certificate, key)
    assert key.stat().st_mode & 0o077 == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                    except OSError:
                        continue

        thread = Thread(target=answer)
        thread.start()
        address = server.getsockname()
        with socket.create_connection(address) as plain:
            ssl.create_default_context(cafile=str(bundle)).wrap_socket(plain, server_hostname="127.0.0.1").close()
        with socket.create_connection(address) as plain, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
        thread.join()
