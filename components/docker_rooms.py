"""What runs on the Docker hosts: the platform's rooms there, each given what it needs of the others."""

from collections.abc import Iterable, Mapping
from functools import partial

import pulumi

from components import database
from components.backup import BackupKey, Backups, BackupsArgs, DatabaseBackup, backup_jobs
from components.compute import ComputeCluster
from components.delivery import (
    SIDES,
    Applications,
    ApplicationsArgs,
    BucketKey,
    Coolify,
    CoolifyArgs,
    Registry,
    RegistryArgs,
    RegistryUsers,
    config_yaml,
)
from components.edge import Certificates, Gateway
from components.observability import DatabaseSeen, DockerAgents, DockerAgentsArgs, NodeExporter, NodeExporterArgs
from components.programs import CLIENT_SECRETS, LOG_AGENT_CLIENT
from components.storage import StorageKey
from settings import Settings
from settings.database import STORAGE_USER


class DockerRooms:
    """The database, the registry, backups, Coolify, and what watches each host.

    Args:
        settings: Settings of the stack.
        secrets: Those that the settings need, by key.
        compute: The machines.
        certificates: Who signs.
        keys: Keys of the object storage, by user.
    """

    secrets: Mapping[str, pulumi.Output[str]]
    """Those that were given, and those that the database made."""

    def __init__(
        self,
        settings: Settings,
        secrets: Mapping[str, pulumi.Output[str]],
        compute: ComputeCluster,
        certificates: Certificates,
        keys: Mapping[str, StorageKey],
    ) -> None:
        self._settings, self._compute, self._keys = settings, compute, keys
        self._authority = certificates.authority
        self.database: database.Database | None = None
        self.replica: database.Replica | None = None
        self.backups: Backups | None = None
        self.coolify: Coolify | None = None
        self.applications: Applications | None = None
        self.exporters: Mapping[str, NodeExporter] = {}
        self.secrets = self._made_database(secrets)

    def _made_database(self, secrets: Mapping[str, pulumi.Output[str]]) -> Mapping[str, pulumi.Output[str]]:
        """Make the stack's own database, if it has one; returns the secrets with those that it made."""
        settings = self._settings
        if settings.database_host is None:
            return secrets
        host = self._compute.docker_hosts[settings.database.host]
        key, replica = self._keys[STORAGE_USER], settings.database_replica
        archived = settings.backup.image is not None
        self.database = database.Database(
            "database",
            database.DatabaseArgs(
                database=settings.database,
                environment=settings.environment.label,
                retention=settings.retention.logs,
                plan=database.plan(settings),
                login=self._compute.vms[settings.database.host].login,
                smtp_password=secrets["smtpPassword"],
                storage_key_id=key.access_key,
                storage_key=key.secret_key,
                authority=self._authority,
                archived=archived,
                replica_address=None if replica is None else replica.address,
            ),
            pulumi.ResourceOptions(providers={"docker": host.provider}),
        )
        if settings.database.replica is not None and replica is not None:
            self.replica = database.Replica(
                "database-replica",
                database.ReplicaArgs(
                    settings=settings.database,
                    environment=settings.environment.label,
                    hostname=settings.database.replica,
                    address=replica.address,
                    primary_address=host.address,
                    primary=self.database,
                    archived=archived,
                ),
                pulumi.ResourceOptions(
                    providers={"docker": self._compute.docker_hosts[settings.database.replica].provider}
                ),
            )
        made = {
            "serviceRoleKey": self.database.service_role_key,
            "databaseMonitorPassword": self.database.monitor_password,
        }
        return {**secrets, **made}

    def _seen(self, host: str) -> DatabaseSeen | None:
        """The database, or its replica, as the exporter of `host` sees it; None on another host."""
        if self.database is None:
            return None
        servers = {
            self._settings.database.host: (self.database, database.NETWORK),
            self._settings.database.replica: (self.replica, database.REPLICA_NETWORK),
        }
        server, network = servers.get(host, (None, ""))
        if server is None:
            return None
        return DatabaseSeen(server.endpoint, network, server.network, self.database.certificate)

    def registry(self, users: RegistryUsers) -> None:
        """Make the registry of images.

        Args:
            users: Who pushes and who pulls.
        """
        settings, host = self._settings, self._settings.delivery.registry.host
        Registry(
            f"registry-{host}",
            RegistryArgs(
                environment=settings.environment.label,
                hostname=host,
                address=settings.registry_address,
                configs={side.name: config_yaml(settings, side) for side in SIDES},
                users=users,
                keys={
                    side.storage_user: BucketKey(
                        self._keys[side.storage_user].access_key, self._keys[side.storage_user].secret_key
                    )
                    for side in SIDES
                },
                authority=self._authority,
            ),
            pulumi.ResourceOptions(providers={"docker": self._compute.docker_hosts[host].provider}),
        )

    def make_backups(self, pulling: Iterable[pulumi.Resource]) -> None:
        """Make what makes backups: each kind has keys of its own.

        Args:
            pulling: What a host needs before it can have an image of the stack's registry.
        """
        settings, secrets, host = self._settings, self.secrets, self._settings.backup.host
        if settings.backup.image is None:
            return
        tasks = backup_jobs(settings)
        own = {user for task in tasks for user in (task.source.user, task.target.user) if user is not None}
        keys: dict[str | None, BackupKey] = {
            user: BackupKey(self._keys[user].access_key, self._keys[user].secret_key) for user in sorted(own)
        }
        if settings.backup.off_site is not None:
            keys[None] = BackupKey(settings.backup.off_site.access_key, secrets["offSiteKey"])
        self.backups = Backups(
            f"backup-{host}",
            BackupsArgs(
                environment=settings.environment.label,
                hostname=host,
                image=settings.backup.image,
                memory_mib=settings.backup.memory_mib,
                tasks=tasks,
                keys=keys,
                passphrase=secrets["offSitePassphrase"] if settings.backup.off_site is not None else None,
                authority=self._authority,
                database=self._database_backup(),
            ),
            pulumi.ResourceOptions(
                providers={"docker": self._compute.docker_hosts[host].provider}, depends_on=list(pulling)
            ),
        )

    def _database_backup(self) -> DatabaseBackup | None:
        settings, secrets = self._settings, self.secrets
        if self.database is None:
            return None
        key = self._keys["backup-database"]
        return DatabaseBackup(
            files=database.backup_files(
                database.database_plan(settings),
                partial(database.pgbackrest_conf, settings),
                (key.access_key, key.secret_key, secrets["databaseBackupPassphrase"]),
                self.database.backup_password,
            ),
            user_id=settings.database.user_id,
            shared=database.SHARED,
            endpoint=settings.storage.endpoint,
            after=self.database.served[0],
        )

    def make_coolify(self, gateways: Iterable[Gateway]) -> None:
        """Make Coolify where the stack has one, and what it deploys once there is a token.

        Args:
            gateways: What leads to its API.
        """
        settings, coolify = self._settings, self._settings.delivery.coolify
        if coolify is None or settings.coolify_address is None:
            return
        url = f"https://{settings.coolify_fqdn}"
        self.coolify = Coolify(
            "coolify",
            CoolifyArgs(settings.environment.label, coolify, settings.coolify_address, url),
            pulumi.ResourceOptions(providers={"docker": self._compute.docker_hosts[coolify.host].provider}),
        )
        if coolify.api == "enabled":
            self.applications = Applications(
                "coolify-applications",
                ApplicationsArgs(
                    stack=settings.environment.name,
                    settings=coolify,
                    endpoint=coolify.endpoint or url,
                    core_domain=settings.environment.core_domain,
                    variables=self.secrets["coolifyVariables"],
                ),
                pulumi.ResourceOptions(depends_on=[self.coolify, *gateways]),
            )

    def agents(self, documents: Mapping[str, str]) -> None:
        """Make what watches each host.

        Args:
            documents: Those of observability, by path.
        """
        settings = self._settings
        for host, docker_host in self._compute.docker_hosts.items():
            DockerAgents(
                f"observability-{host}",
                DockerAgentsArgs(
                    observability=settings.observability,
                    environment=settings.environment.label,
                    hostname=host,
                    address=docker_host.address,
                    monitor_password=self.secrets["databaseMonitorPassword"],
                    log_agent_password=self.secrets[CLIENT_SECRETS[LOG_AGENT_CLIENT]],
                    pipeline=documents[f"log-agent/{host}/promtail.yaml"],
                    authority=self._authority,
                    database=self._seen(host),
                ),
                pulumi.ResourceOptions(providers={"docker": docker_host.provider}),
            )
        self.exporters = {
            host: NodeExporter(
                f"observability-{host}-node-exporter",
                NodeExporterArgs(
                    host,
                    docker_host.address,
                    settings.observability.node_exporter_port,
                    settings.environment.label,
                    self.backups.figures if self.backups and host == settings.backup.host else {},
                ),
                pulumi.ResourceOptions(providers={"docker": docker_host.provider}),
            )
            for host, docker_host in self._compute.docker_hosts.items()
        }
