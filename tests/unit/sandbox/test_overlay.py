import json
from pathlib import Path

import pytest
import yaml

from sandbox import overlay, sealing
from sandbox.faults import SandboxError
from sandbox.layout import Layout

SEAL = sealing.new("test")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "Pulumi.yaml").write_text("name: luxima\nmain: .\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n"
        "  luxima:storage: {endpoint: 'real:443', region: us-east-1}\n"
        "  luxima:name: plain\n"
        "  luxima:minioRootPassword: {secure: 'v1:a:b'}\n"
    )
    return Layout("dev", tmp_path)


def written(layout: Layout) -> dict[str, dict[str, object]]:
    return yaml.load(layout.engine.stack_file.read_text(), yaml.CSafeLoader)


def test_only_the_endpoint_changes(layout: Layout) -> None:
    config = overlay.read_config(layout)
    changed = overlay.with_endpoints(config, {"storage": {"endpoint": "127.0.0.1:1"}})
    assert changed["luxima:storage"] == {"endpoint": "127.0.0.1:1", "region": "us-east-1"}
    assert changed["luxima:name"] == "plain"
    assert config["luxima:storage"]["endpoint"] == "real:443"


def test_controllers_that_the_sandbox_plays_are_taken_as_installed() -> None:
    certificates = {"issuer": "acme", "acme_email": "alerts@luxima.id"}
    config = {"luxima:edge": {"certificates": certificates, "replicas": 2}}
    changed = overlay.with_installed(config)
    assert changed == {"luxima:edge": {"certificates": {**certificates, "controller": "installed"}, "replicas": 2}}
    assert "controller" not in certificates


def test_secrets_of_a_real_deployment_are_left_out(layout: Layout) -> None:
    assert "luxima:minioRootPassword" not in overlay.read_config(layout)


def test_secrets_are_sealed_and_kept_while_they_are_right(layout: Layout) -> None:
    config = overlay.read_config(layout)
    overlay.write(layout, layout.engine, config, {"luxima:token": "the first one"}, SEAL)
    first = written(layout)
    assert "the first one" not in layout.engine.stack_file.read_text()
    overlay.write(layout, layout.engine, config, {"luxima:token": "the first one"}, SEAL)
    assert written(layout) == first
    overlay.write(layout, layout.engine, config, {"luxima:token": "two"}, SEAL)
    sealed = written(layout)["config"]["luxima:token"]
    assert isinstance(sealed, dict)
    assert SEAL.open(str(sealed["secure"])) == "two"  # pyright: ignore[reportUnknownArgumentType] - YAML is anything


def test_the_checkout_is_not_written(layout: Layout) -> None:
    before = {path.name: path.read_bytes() for path in layout.root.glob("*.yaml")}
    overlay.write(layout, layout.engine, overlay.read_config(layout), {"luxima:token": "the first one"}, SEAL)
    assert {path.name: path.read_bytes() for path in layout.root.glob("*.yaml")} == before


def test_the_copy_is_readable_by_this_user_only(layout: Layout) -> None:
    overlay.write(layout, layout.engine, overlay.read_config(layout), {}, SEAL)
    assert layout.engine.stack_file.stat().st_mode & 0o077 == 0


def test_the_salt_is_found_in_the_state_when_the_copy_is_gone(layout: Layout) -> None:
    assert overlay.previous_salt(layout.engine) is None
    layout.engine.checkpoint.parent.mkdir(parents=True)
    latest = {"secrets_providers": {"type": "passphrase", "state": {"salt": SEAL.salt}}}
    layout.engine.checkpoint.write_text(json.dumps({"checkpoint": {"latest": latest}}))
    assert overlay.previous_salt(layout.engine) == SEAL.salt


def test_an_unknown_stack_names_the_known_ones(layout: Layout) -> None:
    with pytest.raises(SandboxError, match=r"there is no stack 'live'; STACK is one of dev"):
        overlay.read_config(Layout("live", layout.root))


@pytest.mark.parametrize(
    ("content", "said"), [("a: [", "is not YAML"), ("other: 1", "has no `config:`"), ("", "has no")]
)
def test_a_file_that_is_none_is_said(layout: Layout, content: str, said: str) -> None:
    layout.committed_stack_file.write_text(content)
    with pytest.raises(SandboxError, match=said):
        overlay.read_config(layout)
