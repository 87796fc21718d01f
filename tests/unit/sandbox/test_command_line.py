"""What is refused on the sandbox's command line before anything is started."""

import pytest

from sandbox import cli


@pytest.mark.parametrize("given", [["--stack", "prod"], ["--stack=prod"]])
def test_the_stack_of_a_release_is_said_once(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["release", "--stack", "dev", "--", "status", *given]) == 1
    assert "--stack is among the release tool's arguments; this is stack dev" in capsys.readouterr().err
