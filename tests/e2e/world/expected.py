"""What the servers have to have when a stack is up, from its settings and from the requirements.

The numbers of the retention table are the requirements' own, written down once more: a wrong setting must be seen.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Final

from settings import Settings
from settings.compute import Container, Vm
from tests.e2e.world.cluster import Refused
from tests.e2e.world.expected_cluster import NAMESPACE, SERVICE, assert_cluster, other_services
from tests.e2e.world.store import Rule
from tests.e2e.world.world import World

_SETTLED_SECONDS: Final = 180

_BUILT_IN_POLICIES: Final = frozenset({"consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly"})

_OLD_VERSIONS: Final = (Rule("old-versions", "", None, 14, True),)
_MARKS: Final = Rule("delete-markers", "", None, None, True)
_LIFECYCLES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "media": _OLD_VERSIONS,
    "vendor-media": _OLD_VERSIONS,
    "loki": (Rule("audit-logs", "audit/", 90, None), Rule("luxima-logs", "luxima/", 90, None)),
    "tempo": (Rule("traces", "single-tenant/", 14, None),),
    "logs-archive": (
        Rule("archived-audit-logs", "audit/", 90, 90),
        Rule("archived-logs", "luxima/", 60, 14),
        _MARKS,
    ),
    "registry": _OLD_VERSIONS,
    "copies": (Rule("old-versions", "", None, 15, True),),
    "backups": (
        Rule("database-backups", "database/", None, 14, True),
        _MARKS,
        Rule("deployment-snapshots", "deployment/", 7, 7),
    ),
}


def parts(text: str) -> dict[str, str]:
    """A Proxmox option, `a=1,b=2`, as a mapping; what has no name is under the empty one."""
    pairs = (part.partition("=") for part in text.split(","))
    return {name if equals else "": value if equals else name for name, equals, value in pairs}


def assert_machines(world: World) -> None:
    """The pool, its VMs and containers, as large and where the settings say."""
    compute, machines = world.settings.compute, world.machines
    guests: dict[int, tuple[str, Vm | Container]] = {
        guest.id: (name, guest) for name, guest in {**compute.vms, **compute.containers}.items()
    }
    assert machines.pools() == {compute.pool}
    assert machines.members(compute.pool) == set(guests)
    found = machines.guests()
    assert set(found) == set(guests)
    for number, (name, guest) in guests.items():
        about, config = found[number], machines.config(number)
        virtual = isinstance(guest, Vm)
        network = parts(str(config["net0"]))
        address = parts(str(config["ipconfig0"]) if virtual else str(config["net0"]))
        assert about["type"] == ("qemu" if virtual else "lxc"), name
        assert (about["node"], about["status"], about["name"]) == (guest.node, "running", name)
        assert (int(config["cores"]), int(config["memory"])) == (guest.cpus, guest.memory_mib), name
        assert parts(str(config["scsi0" if virtual else "rootfs"]))["size"] == f"{guest.disk_gib}G", name
        assert (network["bridge"], int(network["tag"])) == (compute.network.bridge, compute.network.vlan), name
        assert (address["ip"], address["gw"]) == (
            f"{guest.address}/{compute.network.prefix_length}",
            compute.network.gateway,
        ), name
        if virtual:
            assert config["cicustom"] == f"user={compute.storage.files}:snippets/{name}-user-data.yaml"
        else:
            assert int(config["unprivileged"]) == 1, name


def assert_store(world: World) -> None:
    """Every bucket: versions, encryption, quota and lifecycle; the user and its policy."""
    storage, store = world.settings.storage, world.store
    assert store.buckets() == {storage.bucket_name(name) for name in storage.buckets}
    for name, settings in storage.buckets.items():
        bucket = storage.bucket_name(name)
        assert store.versioned(bucket) is settings.versioning, bucket
        assert store.encryption(bucket) == ("aws:kms", storage.kms_key), bucket
        assert store.quota(bucket) == settings.quota_gib * 2**30, bucket
        assert tuple(store.lifecycle(bucket)) == _LIFECYCLES[name], bucket
    assert store.users() == set(storage.users)
    policies = {f"{name}-{storage.bucket_name(user.bucket)}" for name, user in storage.users.items()}
    assert store.policies() - _BUILT_IN_POLICIES == policies


def assert_key(world: World) -> None:
    """The storefront's key, as its pods get it, reaches its bucket and no other; what it writes is encrypted."""
    secret = world.cluster.secret(NAMESPACE, f"{SERVICE}-storage")
    key = world.store.key(secret["S3_ACCESS_KEY_ID"], secret["S3_SECRET_ACCESS_KEY"])
    storage = world.settings.storage
    own = storage.bucket_name("media")
    key.put(own, "photo.txt", b"a photo")
    try:
        assert key.get(own, "photo.txt") == b"a photo"
        algorithm, used = key.encryption(own, "photo.txt")
        assert algorithm == "aws:kms"
        assert used.removeprefix("arn:aws:kms:") == storage.kms_key
        assert key.denied(own, "photo.txt") == {"allowed"}
        for other in set(storage.buckets) - {"media"}:
            assert key.denied(storage.bucket_name(other), "photo.txt") == {"AccessDenied"}, other
    finally:
        world.store.empty(own)


def assert_snapshots(world: World) -> None:
    """The key that k3s gets writes into the folder it is told, and reads nothing of other backups."""
    told = world.cluster.secret("kube-system", "k3s-etcd-snapshot-s3-config")
    key, bucket = world.store.key(told["etcd-s3-access-key"], told["etcd-s3-secret-key"]), told["etcd-s3-bucket"]
    snapshot, other = f"{told['etcd-s3-folder']}/snapshot", "database/dump"
    try:
        key.put(bucket, snapshot, b"etcd")
        assert key.get(bucket, snapshot) == b"etcd"
        # It may see the names.
        assert key.denied(bucket, other) == {"AccessDenied", "allowed"}
    finally:
        world.store.empty(bucket)


def records(settings: Settings, live: str, *slots: str) -> Iterator[tuple[str, tuple[int, tuple[str, ...]]]]:
    """Every record set of the stack when these slots have an image."""
    compute, environment, dns = settings.compute, settings.environment, settings.dns
    gateways = {slot: gateway.address for slot, gateway in settings.edge.gateways.items()}
    public = {slot: gateway.addresses[-1] for slot, gateway in settings.edge.gateways.items()}
    servers = {f"ns{number}" for number in (1, 2)}
    for name, guest in {**compute.vms, **compute.containers}.items():
        if name not in servers:
            yield f"{name}.{environment.core_domain} A", (dns.ttl_seconds, (guest.address,))
    for name in ("grafana", "prometheus", "loki", "alertmanager", "alertmanager-record", "registry"):
        yield f"{name}.{environment.core_domain} A", (dns.ttl_seconds, tuple(sorted(gateways.values())))
    stores = sorted(compute.vms[host].address for host in settings.storage.server.hosts)
    yield f"object-storage.{environment.core_domain} A", (dns.ttl_seconds, tuple(stores))
    if settings.delivery.coolify is not None:
        yield f"coolify.{environment.core_domain} A", (dns.ttl_seconds, tuple(sorted(gateways.values())))
    yield f"supabase.{environment.domain} A", (dns.ttl_seconds, tuple(sorted(public.values())))
    if not environment.domain.endswith(".local"):
        issuers = (
            '0 iodef "mailto:alerts@luxima.id"',
            '0 issue "letsencrypt.org; validationmethods=dns-01"',
            '0 issuewild "letsencrypt.org; validationmethods=dns-01"',
        )
        for zone in environment.zones:
            yield f"{zone} CAA", (dns.ttl_seconds, issuers)
    yield f"{environment.domain} A", (dns.switch_ttl_seconds, (public[live],))
    for slot in slots:
        yield f"{SERVICE}-{slot}.{environment.domain} A", (dns.switch_ttl_seconds, (gateways[slot],))
    for name, slot in other_services(settings):
        service = settings.services[name]
        address = (gateways if service.trusted_only else public)[slot]
        yield f"{service.host}.{environment.domain} A", (dns.switch_ttl_seconds, (address,))
        yield f"{name}-{slot}.{environment.domain} A", (dns.switch_ttl_seconds, (gateways[slot],))


def assert_names(world: World, live: str, *slots: str) -> None:
    """Every record, and no other; resolvers are led to the gateway of the live slot."""
    settings = world.settings
    found = {name: record for zone in settings.environment.zones for name, record in world.names.records(zone).items()}
    assert found == dict(records(settings, live, *slots))
    gateway = {slot: gateway.addresses[-1] for slot, gateway in settings.edge.gateways.items()}[live]
    assert world.names.ask(settings.environment.domain) == [(settings.dns.switch_ttl_seconds, gateway)]


def assert_up(world: World, live: str, *slots: str) -> None:
    """All of it. What controllers write of their objects may come a moment after the engine has ended."""
    assert_machines(world)
    end = time.monotonic() + _SETTLED_SECONDS
    while True:
        try:
            assert_cluster(world, *slots)
            break
        except (AssertionError, LookupError, ValueError, Refused):
            if time.monotonic() > end:
                raise
        time.sleep(0.5)
    assert_store(world)
    assert_key(world)
    assert_snapshots(world)
    assert_names(world, live, *slots)


def assert_nothing(world: World) -> None:
    """Nothing of the stack is on any server."""
    settings = world.settings
    assert world.cluster.namespaces() == set()
    assert world.store.buckets() == set()
    assert world.store.users() == set()
    assert world.store.policies() == _BUILT_IN_POLICIES
    assert world.machines.guests() == {}
    assert world.machines.pools() == set()
    assert world.machines.files(settings.compute.storage.files) == set()
    assert {zone: world.names.records(zone) for zone in settings.environment.zones} == {
        zone: {} for zone in settings.environment.zones
    }
