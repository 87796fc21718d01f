"""Files are read as the engine reads them; what YAML makes of a value by surprise is reported."""

from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError
from settings.loading import check
from settings.report import OWN_FILES, Problem
from settings.report import Path as SettingPath
from settings.source import Document, read
from tests.recording import stack_settings
from tests.unit.settings.stacks import ROOT, files_of


def parse(text: str, folder: Path) -> Document:
    file = folder / "file.yaml"
    file.write_text(text, encoding="utf-8")
    return read(file, lambda place: place)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # What `pulumi config --json` of the engine, 3.259.0, shows for these.
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("0x10", 16),
        ("0o10", 8),
        ("1_000", 1000),
        ("1:30", "1:30"),
        ("1e3", 1000),
        ("1.50", 1.5),
        ("30.0", 30),
        ("v1.36.5+k3s1", "v1.36.5+k3s1"),
        ("10.10.10.1", "10.10.10.1"),
        ('"10"', "10"),
        ("'true'", "true"),
        ("-5", -5),
        (".5", 0.5),
    ],
)
def test_values_are_what_the_engine_makes_of_them(text: str, value: Any, tmp_path: Path) -> None:
    document = parse(f"a: {text}", tmp_path)
    assert document.problems == []
    assert repr(document.data) == repr({"a": value})


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("010", "write 10, or 8 if that is meant"),
        ("08", "write 8"),
        ("-017", "write -17, or -15 if that is meant"),
        ("00", "write 0"),
    ],
)
def test_a_leading_zero_is_reported(text: str, advice: str, tmp_path: Path) -> None:
    (problem,) = parse(f"a:\n  b: {text}", tmp_path).problems
    expected = f"{text} has a leading 0, with which a number can be read as octal; {advice}"
    assert problem == Problem(("a", "b"), expected, 2)


def test_zero_and_text_have_no_leading_zero(tmp_path: Path) -> None:
    assert parse("[0, '010', 0.5, 010.1.2.3]", tmp_path).problems == []


def test_a_key_twice_is_reported(tmp_path: Path) -> None:
    document = parse("a: {b: 1}\nc:\n  d: 1\n  e: 2\n  d: 3", tmp_path)
    assert document.problems == [Problem(("c", "d"), "d is there twice, first on line 3; remove one of them", 5)]
    assert document.data == {"a": {"b": 1}, "c": {"d": 1, "e": 2}}


def test_every_setting_has_its_line_and_what_is_missing_that_of_its_table(tmp_path: Path) -> None:
    document = parse("# comment\na:\n  b:\n    - 1\n    - {c: 2}\n", tmp_path)
    places: dict[SettingPath, int | None] = {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "b", 0): 4,
        ("a", "b", 1, "c"): 5,
        ("a", "x", "y"): 2,
        ("x",): None,
    }
    assert {place: document.line(place) for place in places} == places


@pytest.mark.parametrize(
    ("content", "expected", "line"),
    [
        (
            b"a: [1",
            "the file is not YAML: expected ',' or ']', but got '<stream end>'; "
            "a bracket or quote is probably not closed",
            1,
        ),
        (b"a: 1\n\tb: 2", "the file is not YAML: found character '\\t' that cannot start any token", 2),
        (b"a: \xff", "the file is not YAML in UTF-8", None),
        (b"a: \x00", "the file is not YAML in UTF-8", None),
    ],
)
def test_a_file_that_is_not_yaml_is_one_sentence(
    content: bytes, expected: str, line: int | None, tmp_path: Path
) -> None:
    file = tmp_path / "file.yaml"
    file.write_bytes(content)
    assert read(file, lambda place: place).problems == [Problem((), expected, line)]


STACK_FILE = [
    ("vlan: 10", "vlan: 010", "luxima:compute.network.vlan: 010 has a leading 0, with which a number can be read"),
    (
        "ttl_seconds: 300",
        "ttl_seconds: 300\n    ttl_seconds: 60",
        "luxima:dns.ttl_seconds: ttl_seconds is there twice",
    ),
    ("versioning: true", "versioning: yes", 'storage.buckets.media.versioning: "yes" is text, not true or false'),
    ("config:", "configuration:", "has no table `config` with the settings"),
    ("port: 53}", "port: 53", "the file is not YAML: "),
    ("  luxima:backup:", "  luxima:minioRootPassword: hunter2\n  luxima:backup:", "is in plain text"),
    ("  luxima:backup:", "  luxima:minioRootPassword: {secure: v1:abc}\n  luxima:backup:", None),
    ("  luxima:backup:", "  aws:region: id\n  luxima:backup:", None),
    (
        "  luxima:guard:",
        "  luxima:services:\n    auth: {host: auth}\n\n  luxima:guard:",
        "line {line}: luxima:services: services have a file of their own: move them to services/dev.yaml",
    ),
    (
        "    anomalies:",
        "    objectives:\n      auth-availability: {service: auth, indicator: availability}\n    anomalies:",
        "line {line}: luxima:observability.objectives: objectives are entries of their service: move each to "
        "services/dev.yaml, under `objectives` of its service and without `service`;",
    ),
]
SERVICES_FILE = [
    ("port: 3000\n", "port: 03000\n", "line 5: storefront.port: 03000 has a leading 0"),
    ("port: 3000\n", "port: 3000\n  port: 3001\n", "line 6: storefront.port: port is there twice"),
    (
        "storefront:\n",
        "storefront:\n  hosts: []\n",
        "line 4: storefront.hosts: is not a setting; did you mean host?",
    ),
    ("admin: {", "Admin: {", 'line 15: Admin: "Admin" cannot be a name here; give a lower-case letter first'),
    ("admin: {", "shop: {", "line 3: admin: is missing; requirement ENV-2 asks for this service"),
    ("indicator: latency", "indicator: speed", 'objectives.latency.indicator: "speed" is not right; give'),
    ("{latency:", "{late-ncy:", '"late-ncy" cannot be a name here; give lower-case letters, digits and'),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [*(("Pulumi.dev.yaml", *row) for row in STACK_FILE), *(("services/dev.yaml", *row) for row in SERVICES_FILE)],
)
def test_the_check_of_files(file: str, old: str, new: str, expected: str | None, tmp_path: Path) -> None:
    for name in files_of("dev"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).unlink()
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    if expected is None:
        assert check("dev", tmp_path) == stack_settings("dev")
        return
    with pytest.raises(SettingsError) as caught:
        check("dev", tmp_path)
    line = text[: text.index(old)].count("\n") + 1
    assert str(caught.value).splitlines()[1] == f"{file}:"
    assert expected.replace("{line}", str(line)) in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("area", OWN_FILES)
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("services: [", "line 1: the file is not YAML: expected the node content, but found '<stream end>'; a bracket"),
        (None, "the file is missing; "),
    ],
)
def test_what_is_wrong_with_a_whole_file_is_one_sentence(
    area: str, content: str | None, expected: str, tmp_path: Path
) -> None:
    for name in files_of("dev"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name != f"{area}/dev.yaml":
            (tmp_path / name).symlink_to(ROOT / name)
        elif content is not None:
            (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        check("dev", tmp_path)
    _, file, mistake = str(caught.value).splitlines()
    assert file == f"{area}/dev.yaml:"
    assert mistake.startswith(f"  {expected}")


def test_a_stack_without_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.qa\.yaml:\n  the file is missing$"):
        check("qa", tmp_path)
