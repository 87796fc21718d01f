"""The JSON Schemas for editors: up to date, accept the real files, refuse what the models refuse."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from settings import schema
from settings.report import OWN_FILES, RELEASES, SERVICES
from settings.schema.__main__ import main
from tests.unit.settings.stacks import ABSENT, ROOT, STACKS, data_of, edited, files_of


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    made = jsonschema.Draft7Validator(json.loads((schema.FOLDER / name).read_text(encoding="utf-8")))
    made.check_schema(made.schema)
    return made


def errors(data: Any, name: str) -> list[str]:
    return [error.json_path for error in validator(name).iter_errors(data)]  # pyright: ignore[reportUnknownMemberType] - untyped


def stack_file(edits: dict[str, Any]) -> dict[str, Any]:
    data = edited(data_of("dev"), edits)
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
    for file, name in zip(files_of(stack), ("stack", "services", "release"), strict=True):
        data = yaml.load((ROOT / file).read_text(encoding="utf-8"), yaml.CSafeLoader)
        assert errors(data, f"{name}.schema.json") == [], file


def test_what_the_engine_writes_is_accepted() -> None:
    file: dict[str, Any] = {
        **stack_file({}),
        "encryptionsalt": "v1:abc",
        "secretsprovider": "passphrase",
        "encryptedkey": "abc",
    }
    file["config"] |= {"luxima:minioRootPassword": {"secure": "v1:abc"}, "aws:region": "id", "other:key": [1]}
    assert errors(file, "stack.schema.json") == []


BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "stack": [
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
    "services": [
        ({"services.Admin": {}}, "$"),
        ({"services": {}}, "$"),
        ({"services.api.replicas": "2"}, "$.api.replicas"),
        ({"services.api.strategy": ABSENT}, "$.api"),
        ({"services.api.objectives.latency.indicator": "speed"}, "$.api.objectives.latency.indicator"),
        ({"services.api.objectives.latency-p99": {"indicator": "latency"}}, "$.api.objectives"),
    ],
    "release": [
        ({"releases.services.storefront.live": "red"}, "$.services.storefront.live"),
        ({"releases.services.storefront.slots.red": None}, "$.services.storefront.slots"),
        ({"releases.services.storefront.slots.green": ABSENT}, "$.services.storefront.slots"),
        ({"releases.services.storefront.slots.blue.image": "nginx:latest"}, "$.services.storefront.slots.blue"),
        ({"releases.services": ABSENT}, "$"),
        ({"releases.other": 1}, "$"),
    ],
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused(kind: str) -> None:
    for edits, at in BAD[kind]:
        own = {"services": SERVICES, "release": RELEASES}.get(kind)
        assert at in errors(edited(data_of("dev"), edits)[own] if own else stack_file(edits), f"{kind}.schema.json")
