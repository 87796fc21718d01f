"""`python -m release.images --stack STACK`: build, push and pin the images of this repository (REL-5)."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from release.docker import Docker
from release.errors import ReleaseError
from settings import Settings
from settings.editing import changed
from settings.loading import check
from settings.report import SettingsError, file_name

IMAGES: Final = {
    "luxima/release": ("Dockerfile", "luxima:guard"),
    "luxima/backup": ("backup.Dockerfile", "luxima:backup"),
}
"""Each repository's recipe, and the area of the stack's file whose `image` names it."""
DEPLOYER: Final = ("luxima/deployer", "deployer.Dockerfile")
"""Repository and recipe of what Coolify releases services by; the Dockerfiles of its applications name it."""


def publish(settings: Settings, root: Path, tag: str, docker: Docker, say: Callable[[str], None]) -> None:
    """Build and push each image, and write its digest into the stack's file. It can be run again at any time.

    Args:
        settings: Settings of the stack.
        root: The checkout.
        tag: What people find the images by.
        docker: Docker that builds, logged in to the stack's registry.
        say: Tells what was done.

    Raises:
        ReleaseError: When an image cannot be built, pushed or pinned; those before it are pinned.
    """
    file = root / file_name(None, settings.environment.name)
    host = settings.environment.registry_host
    for repository, (recipe, area) in IMAGES.items():
        image = _pushed(docker, root, recipe, f"{host}/{repository}", tag)
        try:
            text = changed(file.read_text(encoding="utf-8"), {("config", area, "image"): image})
        except KeyError:
            raise ReleaseError(
                f"{file.name} has no image under {area}; add this line there, then run it again: image: {image}"
            ) from None
        file.write_text(text, encoding="utf-8")
        say(f"{file.name}: {area}.image is {image}")
    if settings.delivery.coolify is not None:
        repository, recipe = DEPLOYER
        say(f"applications that release begin with: FROM {_pushed(docker, root, recipe, f'{host}/{repository}', tag)}")


def _pushed(docker: Docker, root: Path, recipe: str, name: str, tag: str) -> str:
    """Build and push one; gives it by its digest."""
    docker.run("build", "--quiet", "--file", str(root / recipe), "--tag", f"{name}:{tag}", str(root))
    docker.run("push", "--quiet", f"{name}:{tag}")
    known = docker.run("image", "inspect", '--format={{join .RepoDigests "\\n"}}', f"{name}:{tag}").split()
    image = next((each for each in known if each.startswith(f"{name}@")), None)
    if image is None:
        raise ReleaseError(f"docker knows no digest of {name}:{tag}, which it has pushed; run it again")
    return image


def main(arguments: list[str] | None = None) -> int:
    """Prints each line that it has written; 1 if something was refused."""
    parser = argparse.ArgumentParser(prog="python -m release.images", description="Images of this repository.")
    parser.add_argument("--stack", required=True, help="stack whose registry gets them, and whose file names them")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout")
    given = parser.parse_args(arguments)
    try:
        settings = check(given.stack, given.root)
        commit = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=given.root, capture_output=True, text=True, check=False
        )
        publish(settings, given.root, commit.stdout.strip() or "unknown", Docker(["docker"]), _say)
    except (SettingsError, ReleaseError) as error:
        sys.stderr.write(f"{error}\n" if isinstance(error, SettingsError) else f"error: {error}\n")
        return 1
    _say(f"next: commit {file_name(None, given.stack)}, then `pulumi up`")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
