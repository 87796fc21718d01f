"""What follows the stack's own database on a machine of another Proxmox node, and can take its place (INF-4)."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker

from components.database.model import DATABASE, PORT, SECRETS
from components.database.postgres import (
    CONF,
    SERVICE_FILE,
    pg_hba_conf,
    postgresql_conf,
    primary_conf,
    replica,
    replica_scripts,
    scripts,
)
from components.database.room import Database
from components.database.running import Runner
from settings.database import Database as DatabaseSettings

REPLICA_NETWORK: Final = "supabase-replica"
"""Network that it has with its exporter; a promotion makes the database's own beside it."""


@dataclass(frozen=True)
class ReplicaArgs:
    """Inputs of the Replica."""

    settings: DatabaseSettings
    environment: str
    """Value of the label `environment`."""
    hostname: str
    """Its Docker host."""
    address: str
    """Address of that host."""
    primary_address: str
    """Address of the database's host."""
    primary: Database
    """What it follows."""
    archived: bool
    """Whether somebody takes the WAL of a database."""


class Replica(pulumi.ComponentResource):
    """A streaming replica, and the script that ends its recovery; `release promote-database` runs it."""

    container: docker.Container
    endpoint: str
    """host:port of it in its network."""
    network: docker.Network
    """That network."""

    def __init__(self, name: str, args: ReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:database:Replica", name, None, opts)
        self.endpoint = f"{DATABASE}:{PORT}"
        self.network = docker.Network(
            f"{name}-network", name=REPLICA_NETWORK, driver="bridge", opts=pulumi.ResourceOptions(parent=self)
        )
        runner = Runner(
            parent=self,
            name=name,
            labels={"environment": args.environment, "luxima.id/host": args.hostname},
            network=self.network,
            network_name=REPLICA_NETWORK,
            address=args.address,
            values={"databaseReplicaPassword": args.primary.replica_password},
        )
        documents = {
            "postgresql.conf": postgresql_conf(args.settings, archived=args.archived),
            "pg_hba.conf": pg_hba_conf(None),
            **scripts(),
            **replica_scripts(),
            **args.primary.pair,
        }
        service = runner.filled(primary_conf(args.primary_address, args.hostname))
        told = {CONF: documents, SECRETS: {SERVICE_FILE.rpartition("/")[2]: service}}
        self.container = runner.run("postgres", replica(args.settings), told, after=[args.primary.migrated])
        self.register_outputs({})
