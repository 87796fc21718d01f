"""The stack's own database: PostgreSQL and Supabase in a network of their own on one host, behind one door (INF-4)."""

import shlex
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
from components.database.model import AUTHORITY_FILE, DATABASE, ENV_FILE, PORT, SECRETS, Part
from components.database.plan import Plan
from components.database.postgres import CONF, SERVICE_FILE, pg_hba_conf, postgresql_conf, scripts, service_conf
from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import healthcheck
from components.login import Login
from components.routing.database import DATABASE_DOOR
from settings.database import Database as DatabaseSettings

NETWORK: Final = "supabase"
"""Network of the parts on their host."""
_FUNCTIONS = "/home/deno/functions/main"
_POOLER = "/etc/pooler"


@dataclass(frozen=True)
class DatabaseArgs:
    """Inputs of the Database."""

    database: DatabaseSettings
    environment: str
    """Value of the label `environment`."""
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


class Database(pulumi.ComponentResource):
    """PostgreSQL, what Supabase runs around it, and the schema `internal` in it."""

    service_role_key: pulumi.Output[str]
    """Key with which the platform writes down alerts and deployments; secret."""
    monitor_password: pulumi.Output[str]
    """Password of the exporter's role; secret."""
    backup_password: pulumi.Output[str]
    """Password of the role that makes backups; secret."""
    certificate: pulumi.Output[str]
    """Certificate of PostgreSQL and the API gateway, in PEM."""
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
        self._labels = {"environment": args.environment, "luxima.id/host": database.host}
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
        self._pair = {"server.crt": server.certificate, "server.key": pulumi.Output.secret(server.key)}
        self.network = docker.Network(
            f"{name}-network", name=NETWORK, driver="bridge", opts=pulumi.ResourceOptions(parent=self)
        )
        self._image_names: dict[str, docker.RemoteImage] = {}
        documents = {
            "postgresql.conf": postgresql_conf(database, archived=args.archived),
            "pg_hba.conf": pg_hba_conf(),
            **scripts(),
            **self._pair,
        }
        running = self._run("postgres", plan.postgres, {CONF: documents}, wait=True)
        migrated = self._migrate(plan.postgres, running)
        more: Mapping[str, Mapping[str, Mapping[str, pulumi.Input[str]]]] = {
            "functions": {_FUNCTIONS: {"index.ts": _own("functions/main/index.ts")}},
            "pooler": {_POOLER: {"pooler.exs": _own("pooler/pooler.exs")}},
        }
        behind = [self._run(key, part, more.get(key, {}), after=[migrated]) for key, part in plan.behind.items()]
        routes = pulumi.Output.secret(
            pulumi.Output.all(anon=made.api_keys["anon"], service=made.api_keys["service_role"])
        ).apply(lambda keys: plan.routes(keys["anon"], keys["service"]))
        door = {STATIC_FILE: plan.static, ROUTES_FILE: routes, **self._pair}
        self.served = [self._run("gateway", plan.gateway, {SECRETS: door}, after=behind, published=True)]
        self.service_role_key = made.values["serviceRoleKey"]
        self.monitor_password = made.values["databaseMonitorPassword"]
        self.backup_password = made.values["databaseBackupPassword"]
        self.certificate = server.certificate
        self.endpoint = f"{DATABASE}:{PORT}"
        self.register_outputs({"network": self.network.name})

    def _run(
        self,
        key: str,
        part: Part,
        documents: Mapping[str, Mapping[str, pulumi.Input[str]]],
        *,
        after: Sequence[pulumi.Resource] = (),
        wait: bool = False,
        published: bool = False,
    ) -> docker.Container:
        """A container; `documents` are files by name and folder."""
        name, port = f"{self._name}-{key}", part.port
        told = {**documents, **({SECRETS: self._told(part)} if part.secrets else {})}
        mounts = [self._files(f"{name}-{_slug(folder)}", part, folder, found) for folder, found in told.items()]
        mounts += [
            docker.ContainerMountArgs(type="volume", source=volume, target=folder)
            for volume, folder in part.keeps.items()
        ]
        published_at = docker.ContainerPortArgs(
            internal=port, external=port, ip=self._args.login.address, protocol="tcp"
        )
        through_shell = part.command and part.told_by == "shell"
        return docker.Container(
            f"{name}-container",
            name=part.name,
            image=part.image.reference,
            entrypoints=["/bin/sh", "-c", _shell(part), "sh"] if through_shell else None,
            command=list(part.command) or None,
            envs=part.seen_env,
            user=part.user,
            networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=NETWORK, aliases=list(part.aliases))],
            ports=[published_at] if published else None,
            read_only=True,
            tmpfs=dict.fromkeys(["/tmp", *part.writes], "size=128m,mode=1777"),  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=part.memory_mib,
            memory_swap=part.memory_mib,
            restart="unless-stopped",
            destroy_grace_seconds=60 if part.keeps else 10,
            healthcheck=healthcheck(part.health),
            wait=wait or None,
            wait_timeout=300 if wait else None,
            mounts=mounts,
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=self._labelled(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._image(part), self.network, *after]),
        )

    def _migrate(self, part: Part, server: docker.Container) -> pulumi.Resource:
        """The step that brings roles, schemas and migrations in; its container ends each time, and is started again.

        A run that failed is not in the state, so the next `up` goes on where it ended.
        """
        script = migration_files(migrations())
        passwords = {file: self._values[file] for file in PASSWORDS}
        found: dict[str, Mapping[str, pulumi.Input[str]]] = {
            FOLDER: {**script, **passwords},
            SECRETS: {SERVICE_FILE.rpartition("/")[2]: self._filled(service_conf())},
            CONF: {"server.crt": self._pair["server.crt"]},
        }
        name, container = f"{self._name}-migrate", "supabase-migrate"
        mounts = [
            self._files(f"{name}-{_slug(folder)}", part, folder, texts, container) for folder, texts in found.items()
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
                labels=self._labelled(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self._image(part), self.network]),
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

    def _told(self, part: Part) -> dict[str, pulumi.Input[str]]:
        """Files with a part's secret environment, by name."""
        filled = {name: self._filled(template) for name, template in part.secrets.items()}
        trusted = {AUTHORITY_FILE: self._args.authority} if part.trusts and self._args.authority is not None else {}
        if part.told_by == "files":
            return {**filled, **trusted}
        return {ENV_FILE: pulumi.Output.all(**filled).apply(_env), **trusted}

    def _filled(self, template: str) -> pulumi.Output[str]:
        return pulumi.Output.secret(pulumi.Output.all(**self._values)).apply(template.format_map)

    def _files(
        self,
        name: str,
        part: Part,
        folder: str,
        found: Mapping[str, pulumi.Input[str]],
        owner: str | None = None,
    ) -> docker.ContainerMountArgs:
        args = DockerFilesArgs(
            f"{owner or part.name}-{_slug(folder)}",
            part.image.reference,
            folder,
            found,
            self._labels,
            self._image(part),
        )
        return DockerFiles(name, args, pulumi.ResourceOptions(parent=self)).mount

    def _image(self, part: Part) -> docker.RemoteImage:
        """The image of a part, once for all that run it."""
        reference = part.image.reference
        if reference not in self._image_names:
            self._image_names[reference] = docker.RemoteImage(
                f"{self._name}-{_slug(part.image.name)}-image",
                name=reference,
                keep_locally=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return self._image_names[reference]

    def _labelled(self) -> list[docker.ContainerLabelArgs]:
        return [docker.ContainerLabelArgs(label=label, value=value) for label, value in self._labels.items()]


def _shell(part: Part) -> str:
    """What a container's shell does before the program; it takes the program and its arguments as its own."""
    return f'. {SECRETS}/{ENV_FILE} && exec "$@"' if part.secrets else 'exec "$@"'


def _env(values: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def _slug(path: str) -> str:
    return path.strip("/").replace("/", "-").replace(".", "-")


def _own(path: str) -> str:
    return files(__package__ or "").joinpath(path).read_text(encoding="utf-8")
