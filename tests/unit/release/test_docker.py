"""Docker on another machine: what is asked arrives as it is, and what SSH says is not taken for Docker's answer."""

import os
from pathlib import Path

import pytest

from release.docker import Docker, UnreachableError

# As SSH does it: all that follows the login is one line for the user's shell there.
SSH = """\
#!/bin/sh
said=Banner
while [ "$1" = -o ]; do
  [ "$2" != LogLevel=ERROR ] || said=
  shift 2
done
[ "$1" != luxima@away ] || { echo "ssh: connect to host away port 22: Connection timed out" >&2; exit 255; }
shift
echo $said >&2
exec sh -c "$*"
"""
ASKED = ["inspect", "--format={{.State.Running}} {{.HostConfig.RestartPolicy.Name}}", "it's", "$HOME"]


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"ssh": SSH, "docker": "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize("docker", [Docker(["docker"]), Docker.over_ssh("luxima@10.10.10.41")], ids=["here", "by ssh"])
def test_every_argument_arrives_as_it_was_given(docker: Docker) -> None:
    assert docker.run(*ASKED).strip().splitlines() == ASKED


def test_a_host_that_does_not_answer_is_told_from_a_docker_that_refuses() -> None:
    with pytest.raises(UnreachableError, match="Connection timed out"):
        Docker.over_ssh("luxima@away").run("ps")
