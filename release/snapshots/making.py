"""The making: a clone of each Docker host, its file systems standing still at its end, that becomes a template."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from release.errors import Refused, ReleaseError
from release.snapshots.hypervisor import Hypervisor, TaskError, disks, size
from release.snapshots.plan import Guest, Snapshot, read, removable, version
from settings import Settings
from settings.backup import DeploymentSnapshots
from settings.releases import Releases

RESERVE_PERCENT: Final = 10
"""Of a storage that stays free: a thin pool without room stops every guest on it."""
_GIB: Final = 1024**3


@dataclass(frozen=True)
class Making:
    """What the snapshots of one stack are made with."""

    api: Hypervisor
    settings: Settings
    stack: str
    releases: Releases
    """The release file: its revision, and what users see."""
    say: Callable[[str], None]
    now: Callable[[], datetime]

    @property
    def wanted(self) -> DeploymentSnapshots:
        """The settings.

        Raises:
            Refused: When the stack makes none.
        """
        found = self.settings.backup.deployment
        if found is None:
            raise Refused(
                f"stack {self.stack} makes no snapshots: luxima:backup.deployment is missing; give the numbers that "
                "templates get, such as {first_id: 3900, last_id: 3949}"
            )
        return found

    def make(self, *, again: bool = False, dry_run: bool = False) -> None:
        """Make what is missing of this revision of the release file.

        Args:
            again: Whether hosts get another one that have one already.
            dry_run: Whether it is told only.

        Raises:
            Refused: When something is not as it has to be; nothing was changed.
            ReleaseError: When Proxmox refuses or takes too long; the next run goes on.
        """
        ids, guests = self.wanted.ids, self.guests()
        present = {each.host: each for each in self.snapshots(guests) if each.revision == self.releases.revision}
        hosts = {
            name: guests.get(vm.id) for name, vm in self.settings.compute.by_role("docker_host").items()
            if again or name not in present
        }  # fmt: skip
        for host in self.settings.compute.by_role("docker_host"):
            if host not in hosts:
                self.say(f"{host} has a snapshot of this revision: {present[host]}")
        there = {host: guest for host, guest in hosts.items() if guest is not None}
        begun = self._begun(there, guests)
        free = [number for number in ids if number not in guests]
        problems = [
            *(f"{host} is no VM of the cluster" for host in hosts if host not in there),
            *(problem for host, guest in there.items() if host not in begun for problem in self._unwell(host, guest)),
            *self.without_room([guest for host, guest in there.items() if host not in begun]),
        ]
        if len(free) < len(hosts) - len(begun):
            problems.append(f"{ids[0]} to {ids[-1]} (backup.deployment) has {len(free)} free numbers; give more")
        if hosts and not self.api.quorate():
            problems.append("the Proxmox cluster has no quorum, so nothing in it can be changed")
        if problems:
            raise Refused(f"no snapshot was begun, and nothing was changed: {'; '.join(problems)}")
        for host, guest in there.items():
            if dry_run:
                self.say(f"would {'go on with' if host in begun else 'make'} a snapshot of {host}")
            else:
                self._one(host, guest, begun.get(host))

    def prune(self, *, dry_run: bool = False) -> None:
        """Remove snapshots past their time, and nothing else.

        Raises:
            ReleaseError: When one cannot be removed; the others are.
        """
        guests, failed = self.guests(), list[str]()
        days = self.settings.retention.backups.deployment_days
        for each in removable(self.snapshots(guests), version(self.releases), days, self.now()):
            self.say(f"{'would remove' if dry_run else 'removes'} snapshot {each}: it is over {days} days old")
            try:
                if not dry_run:
                    self.api.remove(guests[each.id])
            except ReleaseError as error:
                failed.append(str(error))
        if failed:
            raise ReleaseError("; ".join(failed))

    def guests(self) -> dict[int, Guest]:
        """The Docker hosts, and what has a number of a snapshot, by number."""
        hosts = self.settings.compute.by_role("docker_host").values()
        return self.api.guests({*(vm.id for vm in hosts), *self.wanted.ids})

    def snapshots(self, guests: Mapping[int, Guest]) -> list[Snapshot]:
        """The finished snapshots of this stack."""
        found = (read(guest, self.stack, self.wanted.ids) for guest in guests.values())
        return [each for each in found if each is not None]

    def without_room(self, guests: list[Guest]) -> Iterator[str]:
        """What is wrong with the room for full clones of guests."""
        place, shared = self.settings.compute.storage.disks, self.settings.compute.storage.shared
        needed: dict[str, int] = {}
        for guest in guests:
            node = guests[0].node if shared else guest.node
            needed[node] = needed.get(node, 0) + sum(map(size, disks(self.api.config(guest)).values()))
        for node, wanted in needed.items():
            free, total = self.api.room(node, place)
            left = free - total * RESERVE_PERCENT // 100
            if wanted > left:
                yield (
                    f"storage {place} on {node} has {max(left, 0) // _GIB} GiB for clones of {wanted // _GIB} GiB, "
                    f"with {RESERVE_PERCENT} % of it kept free; make room, or remove snapshots with `release snapshot "
                    "--prune-only`"
                )

    def free(self) -> int:
        """A number that no guest has.

        Raises:
            Refused: When there is none.
        """
        for number in self.wanted.ids:
            if self.api.is_free(number):
                return number
        raise Refused(
            "no VM id of luxima:backup.deployment is free; raise last_id, or run `release snapshot --prune-only`"
        )

    def _unwell(self, host: str, guest: Guest) -> Iterator[str]:
        """Why a host cannot be cloned well."""
        if guest.lock:
            yield f"{host} is locked ({guest.lock})"
        elif guest.running:
            # Without its agent Proxmox makes the clone all the same, of file systems that are being written to.
            agent = set(str(self.api.config(guest).get("agent", "0")).split(","))
            if not {"1", "enabled=1"} & agent or {"freeze-fs=0", "freeze-fs-on-backup=0"} & agent:
                yield f"{host} has no guest agent that freezes in its settings (agent: enabled=1)"
            elif not self.api.agent_answers(guest):
                yield f"the guest agent of {host} does not answer: `systemctl restart qemu-guest-agent` there"

    def _begun(self, hosts: Mapping[str, Guest], guests: Mapping[int, Guest]) -> dict[str, tuple[int, str]]:
        """Clones of the hosts that a run before did not make templates of: number and task."""
        strange = {
            number for number in self.wanted.ids
            if number in guests and read(guests[number], self.stack, self.wanted.ids) is None
        }  # fmt: skip
        begun: dict[str, tuple[int, str]] = {}
        for host, guest in hosts.items() if strange else ():
            for number, task in self.api.clones(guest):
                if number in strange:
                    begun.setdefault(host, (number, task))
        return begun

    def _one(self, host: str, source: Guest, begun: tuple[int, str] | None) -> None:
        clone = None if begun is None else self._left(host, source, *begun)
        if clone is None:
            number = self.free()
            self.say(f"clones {host} as {number}; Proxmox may take up to {self.wanted.minutes} minutes")
            storage, pool = self.settings.compute.storage.disks, self.settings.compute.pool
            name = f"{self.stack}-{host}-r{self.releases.revision}-unfinished"
            task = self.api.clone(source, number, name, pool, storage)
            self.api.wait(source.node, task, self.wanted.minutes)
            clone = self.api.guest(number, source.node)
            if source.running and not self.api.freeze_was_asked(source.node, task):
                self.api.remove(clone)
                raise ReleaseError(
                    f"the file systems of {host} were not frozen while its clone was ended, so the clone was removed; "
                    "see what its guest agent says, then run `release snapshot` again"
                )
        self._finish(host, clone)

    def _left(self, host: str, source: Guest, number: int, task: str) -> Guest | None:
        """What a run before left, if it can be gone on with; what cannot is removed."""
        self.say(f"a clone of {host} was begun before as {number}; waits for it")
        try:
            self.api.wait(source.node, task, self.wanted.minutes)
            whole = not source.running or self.api.freeze_was_asked(source.node, task)
        except TaskError:
            whole = False  # Proxmox removes by itself what it made of a clone that fails.
        clone = self.api.guests([number]).get(number)
        if clone is None or clone.template or not clone.name.startswith(f"{self.stack}-{host}-r"):
            return None
        if clone.lock:
            self.say(
                f"{number} is locked ({clone.lock}) and nobody works on it; only root of {clone.node} can remove it: "
                f"`qm unlock {number} && qm destroy {number}`"
            )
            return None
        if whole and clone.name.startswith(f"{self.stack}-{host}-r{self.releases.revision}-"):
            return clone
        self.say(f"removes {number}, which is of an earlier revision or not whole")
        self.api.remove(clone)
        return None

    def _finish(self, host: str, clone: Guest) -> None:
        """Say what it is, take its network away for good, and make it a template, which nobody can start."""
        made = Snapshot(clone.id, clone.node, host, self.releases.revision, version(self.releases), self.now())
        cards = {key: value for key, value in self.api.config(clone).items() if re.fullmatch(r"net\d+", key)}
        self.api.change(
            clone,
            {
                "name": made.name(self.stack),
                "tags": ";".join(sorted(made.tags(self.stack))),
                "description": f"{host} of stack {self.stack} after revision {made.revision} of its release file",
                "onboot": "0",
                **{key: f"{re.sub(r',link_down=[01]', '', str(card))},link_down=1" for key, card in cards.items()},
            },
        )
        self.api.act(clone, "template", self.wanted.minutes)
        self.say(f"snapshot {made} is there")
