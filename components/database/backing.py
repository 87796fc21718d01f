"""What the container that backs the database up is told, with its secrets filled in (BAK-1)."""

from collections.abc import Callable

import pulumi

from components.database.pgbackrest import CONF, PLAN, SERVICE, Repository, pg_service_conf


def backup_files(
    plan: str,
    conf: Callable[[Repository], str],
    keys: tuple[pulumi.Input[str], pulumi.Input[str], pulumi.Input[str]],
    password: pulumi.Input[str],
) -> dict[str, pulumi.Input[str]]:
    """The files by name.

    Args:
        plan: plan.json.
        conf: Makes pgbackrest.conf.
        keys: Id of the key to the folder of backups, the key itself, and the repository's passphrase; secret.
        password: Of the role that makes backups; secret.
    """
    told = pulumi.Output.secret(pulumi.Output.all(*keys))
    return {
        PLAN: plan,
        CONF: told.apply(lambda found: conf(Repository(*found))),
        SERVICE: pulumi.Output.secret(password).apply(pg_service_conf),
    }
