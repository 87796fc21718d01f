"""What the pages give to type works as it is typed, by a person who has just got up."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Final

from tests.recording import ROOT

_BLOCK: Final = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_ENDS: Final = re.compile(r"[|;&()<>]+")
PAGES: Final = sorted((ROOT / "docs" / "runbooks").glob("*.md")) + sorted((ROOT / "docs" / "how-to").glob("*.md"))


def _lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            yield from ((page.stem, line) for line in block.splitlines())


LINES: Final = list(_lines())


def _remote(line: str) -> Iterator[tuple[str, str]]:
    """Whom each `ssh` of a line logs in to, and what the shell there is given when this one has taken its quotes."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    given = iter(words)
    for word in given:
        if word != "ssh":
            continue
        target = next(given)
        while target.startswith("-"):
            next(given)
            target = next(given)
        taken: list[str] = []
        for each in given:
            if _ENDS.fullmatch(each):
                break
            taken.append(each)
        yield target, " ".join(taken)


REMOTE: Final = [(page, *each) for page, line in LINES if "ssh " in line for each in _remote(line)]


def _parses(text: str) -> bool:
    return subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False).returncode == 0


def test_a_login_names_its_user_and_its_command_is_understood_there() -> None:
    assert len(REMOTE) > 100
    for page, target, _ in REMOTE:
        assert "@" in target, (page, target)
    # One shell for all; where it stumbles, each tells.
    assert (
        _parses("\n".join(command for *_, command in REMOTE)) or [each for each in REMOTE if not _parses(each[2])] == []
    )


def test_what_only_root_sees_is_asked_for_by_root() -> None:
    for page, target, command in REMOTE:
        if not target.startswith("root@"):
            assert not re.search(r"(?<!sudo )\b(dmesg|journalctl|crictl|conntrack) -", command), (page, command)
            # A pattern is expanded before `sudo`, by a user who may not look there.
            assert not re.search(r"sudo (?!sh )[^;|]*/var/lib/docker/\S*\*", command), (page, command)


def test_a_machine_is_asked_for_no_program_that_nobody_installs() -> None:
    for page, _, command in REMOTE:
        assert not re.search(r"\b(iostat|lsof|nc|netstat|ping) -", command), (page, command)


def test_logs_of_a_selector_are_more_than_its_last_ten_lines() -> None:
    for page, line in LINES:
        for asked in re.findall(r"kubectl [^|;]*\blogs [^|;]*", line):
            assert "--tail" in asked or " -l " not in asked, (page, line)


def test_curl_waits_for_a_forwarded_port_and_takes_no_bracket_of_a_query_for_a_range() -> None:
    for page, line in (each for each in LINES if "curl" in each[1]):
        assert "port-forward" not in line or "--retry-connrefused" in line, (page, line)
        assert not re.search(r"query=\S*\[", line) or "--data-urlencode" in line, (page, line)
