"""Every term of the glossary is a word that the repository uses elsewhere."""

from tests.unit.repository.documented import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"


def test_every_term_is_used_and_explained_in_both_languages() -> None:
    rows = [line.strip("| ").split(" | ") for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")][1:]
    assert all(len(row) == 3 and all(row) for row in rows)
    terms = [row[0] for row in rows]
    assert terms == sorted(set(terms), key=str.lower)
    folders = ("docs", "components", "settings", "release", "sandbox", "policy")
    files = [path for folder in folders for kind in ("*.py", "*.md") for path in (ROOT / folder).rglob(kind)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files if path != GLOSSARY).lower()
    assert [term for term in terms if term.lower() not in text] == []
