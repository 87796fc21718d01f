"""Rules on backups (BAK-1 to BAK-4)."""

from collections.abc import Iterator

from settings.backup import KINDS
from settings.report import Problem, listed, show
from settings.rules.database import OTHERS_MIB
from settings.shape import whole
from settings.stack import Settings


def backup_host(settings: Settings) -> Iterator[Problem]:
    """Backups are made on a Docker host of the stack."""
    given, known = settings.backup.host, dict(whole(settings.compute.vms))
    hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
    # One of which something is wrong may be it.
    if given not in hosts and len(known) == len(settings.compute.vms):
        right = f"give {listed(hosts, 'or')}" if hosts else "add one of that name"
        yield Problem(("backup", "host"), f"{show(given)} is not a machine of role docker_host; {right}")


def beside_database(settings: Settings) -> Iterator[Problem]:
    """Backups of the database are made beside it: no network leads there."""
    database, backup = settings.database, settings.backup
    if database.mode == "supabase" and backup.host != database.host:
        yield Problem(("backup", "host"), f"{show(backup.host)} is not where the database is; give {database.host}")


def memory(settings: Settings) -> Iterator[Problem]:
    """Their host has the memory beside what else runs there, which has rules of its own."""
    backup, storage, coolify = settings.backup, settings.storage.server, settings.delivery.coolify
    machine = dict(whole(settings.compute.vms)).get(backup.host)
    if machine is None or backup.image is None:
        return
    beside = OTHERS_MIB
    kinds = len(KINDS) if settings.database.mode == "supabase" else len(KINDS) - 1
    if settings.database.mode == "supabase" and settings.database.host == backup.host:
        beside += settings.database.memory_mib.together
    if storage.brought and backup.host in storage.hosts:
        beside += storage.memory_mib
    if coolify is not None and coolify.host == backup.host:
        beside += coolify.memory_mib + sum(each.memory_mib for each in coolify.applications.values())
    wanted = beside + kinds * backup.memory_mib
    if beside <= machine.memory_mib < wanted:
        text = f"{kinds} times {backup.memory_mib} MiB and the {beside} of what else runs on {backup.host} are more "
        right = f"than its {machine.memory_mib}; give compute.vms.{backup.host}.memory_mib {wanted}, or less here"
        yield Problem(("backup", "memory_mib"), f"{text}{right}")


def off_site(settings: Settings) -> Iterator[Problem]:
    """The other site is there when it is used, and is another one."""
    backup = settings.backup
    if backup.copies == "own":
        if backup.off_site is not None:
            yield Problem(
                ("backup", "off_site"), "is not used with copies: own; leave it out, or give copies: off_site"
            )
    elif backup.off_site is None:
        yield Problem(("backup", "off_site"), "is missing; give endpoint, bucket and access_key, or copies: own")
    elif backup.off_site.endpoint == settings.storage.endpoint:
        text = f"{show(backup.off_site.endpoint)} is the stack's own storage; give another one's"
        yield Problem(("backup", "off_site", "endpoint"), f"{text}, or copies: own")


RULES = (backup_host, beside_database, memory, off_site)
