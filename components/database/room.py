"""The stack's own database: PostgreSQL and Supabase in a network of their own on one host, behind one door (INF-4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import pulumi
import pulumi_command as command
import pulumi_docker as docker

from components.database.certificate import Certificate
from components.database.gateway import ROUTES_FILE, STATIC_FILE
from components.database.keys import DatabaseKeys, DatabaseKeysArgs
from components.database.migrating import FOLDER, PASSWORDS, SCRIPT, migration_files
from components.database.migrations import migrations
from components.database.model import DATABASE, PORT, SECRETS, Part
from components.database.plan import Plan
from components.database.postgres import CONF, SERVICE_FILE, pg_hba_conf, postgresql_conf, scripts, service_conf
from components.database.running import Runner, slug
from components.login import Login
from components.routing.database import DATABASE_DOOR
from settings.database import REPLICATION_PORT
from settings.database import Database as DatabaseSettings
from settings.functions import sources
from settings.retention import LogRetention

NETWORK: Final = "supabase"
"""Network of the parts on their host."""
_FUNCTIONS = "/home/deno/functions"
_POOLER = "/etc/pooler"


@dataclass(frozen=True)
class DatabaseArgs:
    """Inputs of the Database."""

    database: DatabaseSettings
    environment: str
    """Value of the label `environment`."""
    retention: LogRetention
    """How long alerts and deployments that are written down are kept."""
    plan: Plan
    """What runs, with its documents."""
    login: Login
    """How the host is reached; its address is the private one, at which the API gateway is published."""
    smtp_password: pulumi.Input[str]
    """Password of `observability.alerts.smtp_user`; secret."""
    storage_key_id: pulumi.Input[str]
    """Id of the key to its folder of the media."""
    storage_key: pulumi.Input[str]
    """The key itself; secret."""
    authority: pulumi.Input[str] | None
    """Certificate of the private CA, in PEM; None where public authorities sign."""
    archived: bool
    """Whether somebody takes PostgreSQL's WAL."""
    replica_address: str | None
    """Address of the replica's host, which alone reaches PostgreSQL; None for no replica."""


class Database(pulumi.ComponentResource):
    """PostgreSQL, what Supabase runs around it, and the schema `internal` in it."""

    service_role_key: pulumi.Output[str]
    """Key with which the platform writes down alerts and deployments; secret."""
    monitor_password: pulumi.Output[str]
    """Password of the exporter's role; secret."""
    backup_password: pulumi.Output[str]
    """Password of the role that makes backups; secret."""
    replica_password: pulumi.Output[str]
    """Password of the replica's role; secret."""
    certificate: pulumi.Output[str]
    """Certificate of PostgreSQL and the API gateway, in PEM."""
    pair: Mapping[str, pulumi.Input[str]]
    """It and its key, by the names of their files; secret."""
    migrated: pulumi.Resource
    """What gives the roles their passwords."""
    endpoint: str
    """host:port of PostgreSQL in the network of the parts."""
    network: docker.Network
    """Network of the parts."""
    served: Sequence[pulumi.Resource]
    """What has to be there before somebody asks."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:database:Database", name, None, opts)
        self._name, self._args = name, args
        database, plan = args.database, args.plan
        made = DatabaseKeys(f"{name}-keys", DatabaseKeysArgs(database.keys), pulumi.ResourceOptions(parent=self))
        self._values: dict[str, pulumi.Input[str]] = {
            **made.values,
            "smtpPassword": args.smtp_password,
            "storageKeyId": args.storage_key_id,
            "storageKey": args.storage_key,
        }
        server = Certificate(
            f"{name}-certificate",
            [DATABASE_DOOR, DATABASE],
            args.login.address,
            database.keys.certificate,
            pulumi.ResourceOptions(parent=self, depends_on=[made.rotation]),
        )
        self.pair = {"server.crt": server.certificate, "server.key": pulumi.Output.secret(server.key)}
        self.network = docker.Network(
            f"{name}-network", name=NETWORK, driver="bridge", opts=pulumi.ResourceOptions(parent=self)
        )
        self._runner = runner = Runner(
            parent=self,
            name=name,
            labels={"environment": args.environment, "luxima.id/host": database.host},
            network=self.network,
            network_name=NETWORK,
            address=args.login.address,
            values=self._values,
            authority=args.authority,
        )
        documents = {
            "postgresql.conf": postgresql_conf(database, archived=args.archived),
            "pg_hba.conf": pg_hba_conf(args.replica_address),
            **scripts(),
            **self.pair,
        }
        door = None if args.replica_address is None else REPLICATION_PORT
        running = runner.run("postgres", plan.postgres, {CONF: documents}, wait=True, published=door)
        self.migrated = self._migrate(plan.postgres, running)
        more: Mapping[str, Mapping[str, Mapping[str, pulumi.Input[str]]]] = {
            "functions": {_FUNCTIONS: {f"{name}/index.ts": text for name, text in sources().items()}},
            "pooler": {_POOLER: {"pooler.exs": _own("pooler/pooler.exs")}},
        }
        behind = [runner.run(key, part, more.get(key, {}), after=[self.migrated]) for key, part in plan.behind.items()]
        routes = pulumi.Output.secret(
            pulumi.Output.all(anon=made.api_keys["anon"], service=made.api_keys["service_role"])
        ).apply(lambda keys: plan.routes(keys["anon"], keys["service"]))
        told = {SECRETS: {STATIC_FILE: plan.static, ROUTES_FILE: routes, **self.pair}}
        self.served = [runner.run("gateway", plan.gateway, told, after=behind, published=plan.gateway.port)]
        self.service_role_key = made.values["serviceRoleKey"]
        self.monitor_password = made.values["databaseMonitorPassword"]
        self.backup_password = made.values["databaseBackupPassword"]
        self.replica_password = made.values["databaseReplicaPassword"]
        self.certificate = server.certificate
        self.endpoint = f"{DATABASE}:{PORT}"
        self.register_outputs({"network": self.network.name})

    def _migrate(self, part: Part, server: docker.Container) -> pulumi.Resource:
        """The step that brings roles, schemas and migrations in; its container ends each time, and is started again.

        A run that failed is not in the state, so the next `up` goes on where it ended.
        """
        script = migration_files(migrations(), self._args.retention)
        passwords = {file: self._values[file] for file in PASSWORDS}
        found: dict[str, Mapping[str, pulumi.Input[str]]] = {
            FOLDER: {**script, **passwords},
            SECRETS: {SERVICE_FILE.rpartition("/")[2]: self._runner.filled(service_conf())},
            CONF: {"server.crt": self.pair["server.crt"]},
        }
        name, container = f"{self._name}-migrate", "supabase-migrate"
        mounts = [
            self._runner.files(f"{name}-{slug(folder)}", part, folder, texts, container)
            for folder, texts in found.items()
        ]
        made = {
            suffix: docker.Container(
                f"{name}{suffix}-container",
                name=f"{container}{suffix}",
                image=part.image.reference,
                entrypoints=["psql"],
                command=["--no-psqlrc", "--quiet", *arguments, f"--file={FOLDER}/{SCRIPT}"],
                envs=["PGSERVICE=luxima", f"PGSERVICEFILE={SERVICE_FILE}", "PGCONNECT_TIMEOUT=60"],
                user=part.user,
                networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=NETWORK)],
                start=False,
                must_run=False,
                read_only=True,
                capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
                security_opts=["no-new-privileges"],
                memory=128,
                memory_swap=128,
                mounts=mounts,
                log_driver="json-file",
                log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
                labels=self._runner.labelled(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self._runner.image(part), self.network]),
            )
            for suffix, arguments in (("", ()), ("-plan", ("--set=plan=on",)))
        }
        return command.remote.Command(
            f"{name}-run",
            connection=self._args.login.connection,
            create=f"docker start --attach {container}",
            # Another script or password is another volume, and so another container; so is a server made anew.
            triggers=[made[""].id, server.id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[server, *made.values()]),
        )


def _own(path: str) -> str:
    return files(__package__ or "").joinpath(path).read_text(encoding="utf-8")
