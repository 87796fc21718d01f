"""The database and its replica on two hosts with real engines, as the platform declares them for prod, and promoted."""

import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from components.database.certificate import CertificateProvider
from release.docker import Docker
from release.promotion import Promotion
from sandbox import images
from sandbox.layout import ROOT
from sandbox.servers import docker
from settings import Settings
from settings.database import REPLICA_NAME, REPLICATION_PORT, SERVER_NAME
from tests.e2e.docker import declared
from tests.e2e.docker.declared import Made
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.recording import Declared
from tests.waiting import wait_for
from tools import ensure
from versions import SUPABASE_POSTGRES

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.long, pytest.mark.timeout(600)]

_PASSWORD = "generated-password"
_PARTS = (
    "database-postgres-",
    "database-network",
    "database-migrate-",
    "database-supabase-postgres-",
    "database-replica-",
)


@dataclass
class Room:
    """Two hosts, and what is made on them."""

    hosts: Hosts
    made: dict[str, Made]

    def wanted(self, settings: Settings) -> dict[str, list[Declared]]:
        """What settings declare of the two, by host, with a real certificate in the place of a made-up one."""
        database, first = settings.database, settings.database_host
        assert first is not None
        props = {"names": ["gateway", "db"], "address": first.address, "day": "2026-11-26"}
        pair = CertificateProvider().create(props).outs
        assert pair is not None
        contents = {"server.crt": pair["certificate"], "server.key": pair["key"]}
        found: dict[str, list[Declared]] = {str(database.host): [], str(database.replica): []}
        for each in declared.of_stack(settings):
            if each.name.startswith(_PARTS):
                host = database.replica if each.name.startswith("database-replica-") else database.host
                uploads = [
                    {**upload, "content": contents.get(Path(upload["file"]).name, upload.get("content"))}
                    for upload in each.inputs.get("uploads", [])
                ]
                inputs = {**each.inputs, **({"uploads": uploads} if uploads else {})}
                found[str(host)].append(replace(each, inputs=inputs))
        return found

    def make(self, vm: str, wanted: Sequence[Declared]) -> None:
        for each in wanted:
            self.made[vm].make(each)

    def run(self, vm: str, container: str, *command: str) -> str:
        """Run something in a container, as the superuser of its database; gives what it said, errors too."""
        client: Any = self.made[vm].engine.containers.get(container)
        return client.exec_run(list(command), environment={"PGPASSWORD": _PASSWORD}).output.decode().strip()

    def follows(self, vm: str, orders: int) -> None:
        """Wait until the replica on a host has so many orders."""
        client: Any = self.made[vm].engine.containers.get(REPLICA_NAME)

        def has() -> bool:
            assert self.sql(vm, REPLICA_NAME, "select count(*) from orders") == str(orders), client.logs(
                tail=20
            ).decode()
            return True

        wait_for(has, f"the replica on {vm} with {orders} orders")

    def sql(self, vm: str, container: str, statement: str) -> str:
        options = ("-XqAt", "-h", "/var/run/postgresql", "-U", "supabase_admin", "-c", statement, "postgres")
        return self.run(vm, container, "psql", *options)

    def migrate(self, vm: str) -> None:
        """What the program runs on the host when the server is well."""
        client: Any = self.made[vm].engine.containers.get("supabase-migrate")
        client.start()
        assert client.wait()["StatusCode"] == 0, client.logs().decode()

    def docker(self, vm: str) -> Docker:
        program = str(ensure("docker-engine")["docker-engine"])
        return Docker([program, "docker", "-H", f"unix://{docker.socket(self.hosts.site.layout, vm)}"])


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    with running(checkout, "prod") as hosts, pytest.MonkeyPatch.context() as monkeypatch:
        vms = hosts.settings.compute.vms
        made = {
            vm: Made(vm, vms[vm].address, hosts.engine(vm), declared.driver(hosts, vm, monkeypatch))
            for vm in ("docker-1", "docker-2")
        }
        reference = SUPABASE_POSTGRES.reference
        (image,) = images.make([reference], dict(ensure(*images.programs([reference]))))
        for each in made.values():
            with image.archive.open("rb") as archive:
                each.engine.images.load(archive)
        yield Room(hosts, made)


def test_it_follows_and_takes_the_place_by_one_command_and_the_old_one_follows(room: Room, tmp_path: Path) -> None:
    settings = room.hosts.settings
    before = room.wanted(settings)
    room.make("docker-1", before["docker-1"])
    room.migrate("docker-1")
    room.sql("docker-1", SERVER_NAME, "create table orders (id int); insert into orders select generate_series(1, 100)")
    room.make("docker-2", before["docker-2"])
    room.follows("docker-2", 100)
    following = "select application_name, state, client_addr from pg_stat_replication"
    assert room.sql("docker-1", SERVER_NAME, following) == "docker-2|streaming|10.10.30.42"
    # Nobody else comes in by that way, and nothing else does on the replica's host.
    conninfo = f"host=10.10.30.41 port={REPLICATION_PORT} user=supabase_admin dbname=postgres connect_timeout=10"
    assert "pg_hba.conf rejects connection" in room.run("docker-2", REPLICA_NAME, "psql", "-c", "select 1", conninfo)
    key = ("cat", "/etc/postgresql-custom/pgsodium_root.key")
    assert room.run("docker-2", REPLICA_NAME, *key) == room.run("docker-1", SERVER_NAME, *key) != ""

    room.sql("docker-1", SERVER_NAME, "insert into orders select generate_series(101, 20000)")
    file, said = Path(shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path)), list[str]()
    promotion = Promotion(settings, file, room.docker("docker-1"), room.docker("docker-2"), said.append)
    promotion.run(None, behind=False, dry_run=False)
    assert "server promoted" in "".join(said)

    database = settings.database.model_copy(update={"host": "docker-2", "replica": "docker-1"})
    after = room.wanted(settings.model_copy(update={"database": database}))
    room.make("docker-2", after["docker-2"])
    room.migrate("docker-2")
    assert room.sql("docker-2", SERVER_NAME, "select count(*) from orders") == "20000"
    room.make("docker-1", after["docker-1"])
    room.sql("docker-2", SERVER_NAME, "insert into orders values (20001)")
    room.follows("docker-1", 20001)
    assert room.sql("docker-2", SERVER_NAME, following) == "docker-1|streaming|10.10.30.41"


def test_a_database_does_not_start_on_data_that_follow_another(room: Room) -> None:
    """Hosts that were exchanged without a promotion: two servers on one volume would destroy it."""
    settings = room.hosts.settings
    before = room.wanted(settings)
    room.make("docker-1", before["docker-1"])
    room.migrate("docker-1")
    room.make("docker-2", before["docker-2"])
    wait_for(lambda: room.sql("docker-2", REPLICA_NAME, "select 1") == "1", "the replica")
    database = settings.database.model_copy(update={"host": "docker-2", "replica": "docker-1"})
    after = room.wanted(settings.model_copy(update={"database": database}))["docker-2"]
    waits = [replace(each, inputs={**each.inputs, "wait": False}) if "wait" in each.inputs else each for each in after]
    room.make("docker-2", waits)
    server: Any = room.made["docker-2"].engine.containers.get(SERVER_NAME)
    wait_for(lambda: b"follow another database, run `release promote-database` first" in server.logs(), "its refusal")
    assert room.sql("docker-2", REPLICA_NAME, "select pg_is_in_recovery()") == "t"
