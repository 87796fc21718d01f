"""The table of proofs: what it names is there, and what would be no proof is refused."""

import re
import sys
from pathlib import Path

import pytest

from tests import proofs
from tests.proofs import Requirement

ROOT = Path(__file__).parents[3]
HERE = "repository/test_proofs.py::test_a_proof_that_is_none_is_refused"
LONG = "test_anomalies.py::test_the_floor_keeps_a_flat_line_quiet"
REAL = "edge/test_canary.py::test_there_is_no_such_test"


def test_every_requirement_has_a_proof_or_a_word_on_what_is_missing() -> None:
    assert proofs.faults(proofs.table()) == []


def test_no_requirement_is_left_out_or_there_twice() -> None:
    names = re.findall(r"^([A-Z]{3})-(\d+):$", (ROOT / "tests" / "proofs.yaml").read_text(), re.MULTILINE)
    assert [f"{family}-{number}" for family, number in names] == list(proofs.table())
    for family in {family for family, _ in names}:
        numbers = [int(number) for each, number in names if each == family]
        assert numbers == list(range(1, len(numbers) + 1)), family
    families = "|".join(sorted({family for family, _ in names}))
    folders = ("components", "policy", "settings", "docs/adr", "docs/how-to", "tests")
    texts = [path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.[pm][yd]")]
    named = {name for text in texts for name in re.findall(rf"\b(?:{families})-\d+\b", text)}
    assert named - set(proofs.table()) == set()


@pytest.mark.parametrize(
    ("by", "level", "fault"),
    [
        ((), "unit", "has neither a proof nor a word on what is missing"),
        ((HERE, REAL), "unit", f"{REAL} does not exist"),
        ((LONG,), "documents", "is proven by long tests only, which `make test` leaves out"),
        ((HERE, LONG), "documents", "none of its tests is of level documents"),
        ((HERE,), "real servers", "none of its tests is of level real servers"),
        (("test_proofs.py::test_ambiguous",), "unit", "test_proofs.py::test_ambiguous may be a or b"),
    ],
)
def test_a_proof_that_is_none_is_refused(
    by: tuple[str, ...], level: proofs.Level, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = tuple(proofs.Test(f"tests/{folder}/test_proofs.py", "test_ambiguous", "") for folder in ("a", "b"))
    found = proofs.tests() + twice
    monkeypatch.setattr(proofs, "tests", lambda: found)
    (told,) = proofs.faults({"REL-1": Requirement(says="", level=level, by=by)})
    assert told.startswith(f"REL-1: {fault}".replace(" a or b", " tests/a/test_proofs.py or tests/b/"))


def test_check_compares_and_writing_mends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "TARGET", tmp_path / "proofs.md")
    for arguments, code in ((["--check"], 1), ([], 0), (["--check"], 0)):
        monkeypatch.setattr(sys, "argv", ["proofs", *arguments])
        assert proofs.main() == code
    proofs.TARGET.write_text("another page", encoding="utf-8")
    assert proofs.main() == 1
