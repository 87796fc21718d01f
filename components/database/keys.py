"""The generated secrets of the database: made once for each day that the settings name, replaced one kind at a time.

The provider's class is stored in the state by this module's path: it must not move.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_random as random
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from components.database.tokens import Role, key_list, token
from components.state_only import Props, StateOnlyProvider
from settings.database import Keys
from settings.secrets import GENERATED

_KINDS: Final = ("jwt", "passwords", "internal", "certificate")


class RotationProvider(StateOnlyProvider):
    """Remembers the days, and refuses what would break more than one thing at once or log everybody out unasked.

    Properties: a list of days by kind, and `endSessions`.
    """

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Compare with what the stack has."""
        failures: list[CheckFailure] = []
        changed = [kind for kind in _KINDS if _olds.get(kind) and _olds[kind][0] != news[kind][0]]
        if len(changed) > 1:
            text = (
                f"database.keys: {' and '.join(changed)} have another day than the stack has. Replace one kind at a "
                f"time: leave {' and '.join(changed[1:])} as before, run up, then go on"
            )
            failures.append(CheckFailure("keys", text))
        if "jwt" in changed and _olds["jwt"][0] not in news["jwt"] and not news["endSessions"]:
            text = (
                f"database.keys.jwt: without {_olds['jwt'][0]}, which signs now, everybody is logged out and every "
                f"application's key ends at once. Give [{news['jwt'][0]}, {_olds['jwt'][0]}] so that both are "
                "accepted, or end_sessions: true if that is meant"
            )
            failures.append(CheckFailure("keys", text))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Any difference is written down in place."""
        changed = any(_olds.get(kind) != _news.get(kind) for kind in _KINDS)
        return DiffResult(changes=changed, replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Write down the first days."""
        return CreateResult("rotation", dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Write down the days that hold now."""
        return UpdateResult(dict(_news))


class Rotation(Resource, module="database", name="Rotation"):
    """The stack's memory of when its secrets were made; all that is made of them waits for it."""

    def __init__(self, resource_name: str, keys: Keys, opts: pulumi.ResourceOptions | None = None) -> None:
        days: dict[str, Any] = {kind: list(keys.days(kind)) for kind in _KINDS}
        super().__init__(RotationProvider(), resource_name, {**days, "endSessions": keys.end_sessions}, opts)


@dataclass(frozen=True)
class DatabaseKeysArgs:
    """Inputs of DatabaseKeys."""

    keys: Keys
    """Days on which they were made."""


class DatabaseKeys(pulumi.ComponentResource):
    """Every generated secret."""

    values: Mapping[str, pulumi.Output[str]]
    """Those that hold now, by name, and what the parts are told of them: `jwtKeys`, `jwtJwks`; secret."""
    api_keys: Mapping[Role, pulumi.Output[list[str]]]
    """Tokens that the API gateway accepts, the current one first; secret."""
    rotation: Rotation
    """What has to agree before a secret is used."""

    def __init__(self, name: str, args: DatabaseKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:database:DatabaseKeys", name, None, opts)
        self.rotation = Rotation(f"{name}-rotation", args.keys, pulumi.ResourceOptions(parent=self))
        child = pulumi.ResourceOptions(parent=self, depends_on=[self.rotation])
        made: dict[str, dict[str, pulumi.Output[str]]] = {
            secret.key: {
                day: random.RandomPassword(
                    f"{name}-{secret.key}-{day}", length=secret.length, special=False, opts=child
                ).result
                for day in args.keys.days(secret.kind)
            }
            for secret in GENERATED
            if secret.length
        }
        signing = pulumi.Output.secret(pulumi.Output.all(**made["jwtSecret"]))
        days = args.keys.jwt
        self.api_keys = {
            role: signing.apply(lambda secrets, role=role: [token(secrets[day], day, role) for day in days])
            for role in ("anon", "service_role")
        }
        listed = signing.apply(lambda secrets: key_list({day: secrets[day] for day in days}))
        self.values = {
            **{key: by_day[args.keys.days(_kind(key))[0]] for key, by_day in made.items()},
            "anonKey": self.api_keys["anon"].apply(lambda found: found[0]),
            "serviceRoleKey": self.api_keys["service_role"].apply(lambda found: found[0]),
            "jwtKeys": listed.apply(json.dumps),
            "jwtJwks": listed.apply(lambda found: json.dumps({"keys": found})),
        }
        self.register_outputs({})


def _kind(key: str) -> Any:
    return next(secret.kind for secret in GENERATED if secret.key == key)
