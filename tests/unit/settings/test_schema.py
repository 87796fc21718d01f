"""The JSON Schemas for editors: up to date, accept the real files, refuse what the models refuse."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from settings import schema
from settings.report import OWN_FILES
from settings.schema.__main__ import main
from tests.unit.settings.stacks import ABSENT, ROOT, STACKS, data_of, edited


def errors(data: Any, name: str) -> list[str]:
    content = json.loads((schema.FOLDER / name).read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(content)
    validator.check_schema(content)
    return [error.json_path for error in validator.iter_errors(data)]  # pyright: ignore[reportUnknownMemberType] - untyped


def stack_file(edits: dict[str, Any], stack: str = "dev") -> dict[str, Any]:
    data = edited(data_of(stack), edits)
    for area in OWN_FILES:
        del data[area]
    return {"config": {f"luxima:{area}": value for area, value in data.items()}}


def test_the_committed_schemas_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_an_outdated_schema_is_noticed_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert "stack.schema.json is out of date; run `python -m settings.schema`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "release.schema.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"]) == 1
    assert (
        capsys.readouterr().err
        == "settings/schema/release.schema.json is out of date; run `python -m settings.schema`\n"
    )


@pytest.mark.parametrize("stack", STACKS)
def test_the_real_files_are_accepted(stack: str) -> None:
    assert (
        errors(
            yaml.load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader),
            "stack.schema.json",
        )
        == []
    )
    services = ROOT / "services" / f"{stack}.yaml"
    assert errors(yaml.load(services.read_text(encoding="utf-8"), yaml.CSafeLoader), "services.schema.json") == []
    release = ROOT / "releases" / f"{stack}.yaml"
    assert errors(yaml.load(release.read_text(encoding="utf-8"), yaml.CSafeLoader), "release.schema.json") == []


def test_what_the_engine_writes_is_accepted() -> None:
    file: dict[str, Any] = {
        **stack_file({}),
        "encryptionsalt": "v1:abc",
        "secretsprovider": "passphrase",
        "encryptedkey": "abc",
    }
    file["config"] |= {"luxima:minioRootPassword": {"secure": "v1:abc"}, "aws:region": "id", "other:key": [1]}
    assert errors(file, "stack.schema.json") == []


@pytest.mark.parametrize(
    ("edits", "at"),
    [
        ({"compute.vms.docker-1.memory_mib": "4096"}, "$.config['luxima:compute'].vms['docker-1'].memory_mib"),
        ({"compute.vms.docker-1.memory": 1}, "$.config['luxima:compute'].vms['docker-1']"),
        ({"compute.vms.Docker_1": {}}, "$.config['luxima:compute'].vms"),
        ({"compute.network.vlan": 4095}, "$.config['luxima:compute'].network.vlan"),
        ({"environment.domain": "no domain"}, "$.config['luxima:environment'].domain"),
        ({"kubernetes.mode": "k8s"}, "$.config['luxima:kubernetes'].mode"),
        ({"edge.gateways.green": ABSENT}, "$.config['luxima:edge'].gateways"),
        ({"dns.servers": []}, "$.config['luxima:dns'].servers"),
        ({"observability.objectives": {}}, "$.config['luxima:observability']"),
        ({"retention": ABSENT}, "$.config"),
        ({"retension": {}}, "$.config"),
        ({"minioRootPassword": "hunter2"}, "$.config['luxima:minioRootPassword']"),
    ],
)
def test_a_bad_stack_file_is_refused(edits: dict[str, Any], at: str) -> None:
    assert at in errors(stack_file(edits), "stack.schema.json")


@pytest.mark.parametrize(
    ("edits", "at"),
    [
        ({"services.Admin": {}}, "$"),
        ({"services": {}}, "$"),
        ({"services.api.replicas": "2"}, "$.api.replicas"),
        ({"services.api.strategy": ABSENT}, "$.api"),
        ({"services.api.objectives.latency.indicator": "speed"}, "$.api.objectives.latency.indicator"),
        ({"services.api.objectives.latency-p99": {"indicator": "latency"}}, "$.api.objectives"),
    ],
)
def test_a_bad_services_file_is_refused(edits: dict[str, Any], at: str) -> None:
    assert at in errors(edited(data_of("dev"), edits)["services"], "services.schema.json")


@pytest.mark.parametrize(
    ("edits", "at"),
    [
        ({"services.storefront.live": "red"}, "$.services.storefront.live"),
        ({"services.storefront.slots.red": None}, "$.services.storefront.slots"),
        ({"services.storefront.slots.green": ABSENT}, "$.services.storefront.slots"),
        ({"services.storefront.slots.blue.image": "nginx:latest"}, "$.services.storefront.slots.blue"),
        ({"services": ABSENT}, "$"),
        ({"other": 1}, "$"),
    ],
)
def test_a_bad_release_file_is_refused(edits: dict[str, Any], at: str) -> None:
    assert at in errors(edited(data_of("dev")["releases"], edits), "release.schema.json")
