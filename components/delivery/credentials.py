"""Who may use the registry: two users with generated passwords, one to push and one to pull (INF-6, SEC-2)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_random as random

Use = Literal["push", "pull"]
USES: Final[Sequence[Use]] = ("push", "pull")
"""To write images, which is to read them as well; and to read them alone."""
_LENGTH: Final = 40


@dataclass(frozen=True)
class Login:
    """A user of the registry."""

    user: str
    """Its name; another one with each generation."""
    password: pulumi.Output[str]
    """Its password; secret."""
    hashed: pulumi.Output[str]
    """Its password as bcrypt makes it unreadable; secret all the same."""


class RegistryUsers(pulumi.ComponentResource):
    """The users of each generation that is let in; the state has their passwords encrypted.

    Args:
        name: Name in the state.
        generations: Numbers of the generations, the current one first.
    """

    current: Mapping[Use, Login]
    """Whom CI, nodes, namespaces and Docker hosts log in as."""

    def __init__(self, name: str, generations: Sequence[int], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:delivery:RegistryUsers", name, None, opts)
        self._all: Mapping[Use, Sequence[Login]] = {
            use: [self._login(name, use, number) for number in generations] for use in USES
        }
        self.current = {use: logins[0] for use, logins in self._all.items()}
        self.register_outputs({"users": {use: login.user for use, login in self.current.items()}})

    def _login(self, name: str, use: Use, generation: int) -> Login:
        made = random.RandomPassword(
            f"{name}-{use}-{generation}", length=_LENGTH, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        return Login(f"{use}-{generation}", made.result, made.bcrypt_hash)

    def htpasswd(self, *uses: Use) -> pulumi.Output[str]:
        """The document of those who may come in, which is secret.

        Args:
            uses: What they may do.
        """
        logins = [login for use in uses for login in self._all[use]]
        hashes = pulumi.Output.all(*(login.hashed for login in logins))
        return pulumi.Output.secret(
            hashes.apply(
                lambda found: "".join(f"{login.user}:{one}\n" for login, one in zip(logins, found, strict=True))
            )
        )


def pull_config(host: str, login: Login) -> pulumi.Output[str]:
    """What a pod's node shows the registry, as Docker's config.json; secret.

    Args:
        host: Name of the registry.
        login: User that pulls.
    """
    return pulumi.Output.secret(
        login.password.apply(
            lambda password: json.dumps({"auths": {host: {"username": login.user, "password": password}}})
        )
    )
