"""The release file in its git repository: committed alone, and read as it was."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from release.errors import ReleaseError
from release.state import parse
from settings.releases import Releases, ServiceRelease

_SECONDS = 60
_FIELD = "\x1f"
_LONGEST = 200
"""Commits that are looked at."""


@dataclass(frozen=True)
class Version:
    """The release file in one commit."""

    commit: str
    when: str
    who: str
    subject: str
    releases: Releases | None
    """None where the file was not what it has to be."""


@dataclass(frozen=True)
class Repository:
    """The checkout.

    Attributes:
        root: Its folder.
        stack: Name of the stack.
        say: Takes a sentence when a commit could not be made.
        commits: Whether to commit at all.
        pushes: Whether the remote has to have each commit before the stack is changed.
    """

    root: Path
    stack: str
    say: Callable[[str], None]
    commits: bool = True
    pushes: bool = False

    @property
    def file(self) -> str:
        """The release file in the checkout."""
        return f"releases/{self.stack}.yaml"

    def commit(self, subject: str) -> None:
        """Commit the release file and nothing else; when that fails it is said, and the file stays as it is."""
        if not self.commits:
            return
        try:
            self._commit(subject)
        except ReleaseError as error:
            self.say(f"{self.file} was written but not committed ({error}); commit and push it yourself")

    def publish(self, subject: str) -> None:
        """With `pushes`, have the remote know the release file: nobody may ever see this checkout again.

        Raises:
            ReleaseError: When the remote does not take it.
        """
        if not (self.commits and self.pushes):
            return
        try:
            self._commit(subject)
            if self._git("rev-list", "--max-count=1", "@{upstream}..HEAD"):
                self._git("push", "--quiet")
        except ReleaseError as error:
            raise ReleaseError(
                f"{self.file} could not be pushed, so this step was not made ({error}). If somebody else has pushed in "
                "the meantime, run it again from a new checkout"
            ) from None

    def _commit(self, subject: str) -> None:
        if self._git("status", "--porcelain", "--", self.file):
            self._git("add", "--", self.file)
            message = f"release({self.stack}): {subject}"
            self._git("commit", "--quiet", "--only", "--message", message, "--", self.file)

    def versions(self) -> list[Version]:
        """The commits of the release file, the latest first.

        Raises:
            ReleaseError: When there is no repository.
        """
        form = _FIELD.join(("%h", "%cI", "%an", "%s"))
        log = self._git("log", f"--max-count={_LONGEST}", f"--format={form}", "--", self.file)
        found: list[Version] = []
        for line in log.splitlines():
            commit, when, who, subject = line.split(_FIELD, 3)
            found.append(Version(commit, when, who, subject, self._at(commit)))
        return found

    def earlier(self, service: str) -> list[ServiceRelease]:
        """What ran of a service before, the latest first."""
        return [
            version.releases.services[service]
            for version in self.versions()
            if version.releases is not None and service in version.releases.services
        ]

    def _at(self, commit: str) -> Releases | None:
        try:
            return parse(self._git("show", f"{commit}:{self.file}"), self.file)
        except ReleaseError:
            return None

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReleaseError(f"git cannot be run: {error}") from None
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()
            raise ReleaseError(f"git {arguments[0]}: {reason[-1] if reason else done.returncode}")
        return done.stdout
