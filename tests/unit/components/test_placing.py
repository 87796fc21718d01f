"""Documents as files of a pod, on a recording stand-in for the engine (no server)."""

from collections.abc import Mapping

import pulumi
import pytest
import yaml

from components.kubernetes import place
from components.kubernetes.placing import BYTES
from components.observability.rules.model import together
from components.text import to_yaml
from tests.recording import record


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ((2, 2, 2), ["reader-documents"]),
        ((BYTES // 2, BYTES // 2, BYTES // 2), ["reader-documents", "reader-documents-2"]),
        ((2, BYTES, 2), ["reader-documents", "reader-documents-2", "reader-documents-3"]),
    ],
)
def test_documents_are_in_as_few_config_maps_as_they_fit_into(sizes: tuple[int, ...], names: list[str]) -> None:
    # Two bytes each: what counts is what is stored.
    documents = {f"rules/{number}.yml": "é" * (size // 2) for number, size in enumerate(sizes)}
    mounted: dict[str, Mapping[str, str]] = {}

    def program() -> None:
        parent = pulumi.ComponentResource("luxima:test:Parent", "parent")
        placed = place("reader", "observability", "reader", "/etc/reader", documents, {}, parent)
        assert placed.mount.files is not None
        assert len(placed.resources) == len(names)
        mounted.update(placed.mount.files.config_maps)

    made = record(program).of(":ConfigMap")
    assert sorted(each.name for each in made) == names
    data = {each.inputs["metadata"]["name"]: each.inputs["data"] for each in made}
    assert {name: set(paths) for name, paths in mounted.items()} == {name: set(texts) for name, texts in data.items()}
    assert all(sum(len(text.encode()) for text in texts.values()) <= BYTES for texts in data.values())
    found = {path: data[name][key] for name, paths in mounted.items() for key, path in paths.items()}
    assert found == documents


def test_rules_are_one_file_until_they_are_too_many_for_it() -> None:
    """A pod names its files: while there is one, a new rule is no new pod."""
    rules = [to_yaml({"groups": [{"name": str(number), "rules": ["x" * 100_000]}]}) for number in range(12)]
    few, many = together(rules[:4], "rules"), together(rules, "rules")
    assert list(few) == ["rules/all.yml"]
    assert list(many) == ["rules/all.yml", "rules/all-2.yml", "rules/all-3.yml"]
    names = [group["name"] for text in many.values() for group in yaml.load(text, yaml.CSafeLoader)["groups"]]
    assert names == [str(number) for number in range(12)]
    assert max(len(text.encode()) for text in many.values()) <= BYTES / 2
