"""What `status` and `history` print."""

import datetime
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from release import contents
from release.context import Context
from release.flows.situation import Situation, look
from release.pulumi_engine.targets import short
from release.repository import Version
from settings.releases import Candidate, ServiceRelease
from settings.values import Slot

_SLOTS: tuple[Slot, Slot] = ("blue", "green")


def status(
    context: Context, console: Console, services: list[str], left: str, typed: Callable[[str], str] = str
) -> None:
    """One table row for each slot, then what is under way, then what to do next, with commands as they are typed."""
    table = Table(title=f"Stack {context.stack}, revision {context.releases.revision}", title_justify="left")
    for column in ("service", "slot", "users", "image", "standing", "address"):
        table.add_column(column)
    notes: list[str] = []
    for name in services:
        release = context.releases.services.get(name)
        if release is None:
            table.add_row(name, "-", "-", "not released yet", "", "")
            continue
        found = look(context, name, release)
        for slot in _SLOTS:
            table.add_row(*_row(context, name, release, slot, found))
        notes += [f"{name} has {kind} {short(each.image)} at {each.percent} %" for kind, each in _candidates(release)]
        notes.append(_next(context, name, release, found))
    console.print(table)
    seen = context.engine.revision()
    if seen is not None and seen != context.releases.revision:
        notes.append(f"the stack has seen revision {seen} of the release file, which is at {context.releases.revision}")
    if left:
        notes.append(f"in progress, or not finished: {left}")
    for note in notes:
        console.print(typed(note), highlight=False, soft_wrap=True)


def history(console: Console, versions: list[Version], service: str | None) -> None:
    """The commits in which something of a service changed, the latest first."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("commit", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", overflow="fold")
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        releases = version.releases
        release = releases.services.get(service) if releases is not None and service is not None else None
        older = before.releases.services.get(service) if before and before.releases and service else None
        if service is not None and (release is None or release == older):
            continue
        said = [f"revision {'?' if releases is None else releases.revision} by {version.who}"]
        if release is not None:
            said.append(f"live: {release.live}, {short(contents.live_image(release))}")
        table.add_row(version.commit, version.when, Text("\n".join((version.subject, *said))))
    console.print(table, highlight=False)


def as_json(
    context: Context, services: list[str], left: str, typed: Callable[[str], str] = str
) -> Mapping[str, object]:
    """The same as `status`, for programs."""
    found: dict[str, object] = {}
    for name in services:
        release = context.releases.services.get(name)
        if release is not None:
            situation = look(context, name, release)
            found[name] = {
                **release.model_dump(mode="json"),
                "names": {server: list(values) for server, values in situation.answers.items()},
                "situation": situation.kind,
                "next": typed(_next(context, name, release, situation)),
            }
    return {
        "stack": context.stack,
        "revision": context.releases.revision,
        "seen": context.engine.revision(),
        "left": left,
        "services": found,
    }


def _row(context: Context, name: str, release: ServiceRelease, slot: Slot, found: Situation) -> tuple[str, ...]:
    content, address = release.slots[slot], context.address(name, slot)
    leading = [server for server, values in found.answers.items() if address in values]
    if not found.answers:
        users = "?"
    elif len(leading) == len(found.answers):
        users = "here"
    else:
        users = f"here by {', '.join(leading)}" if leading else ""
    mark = f"{slot} (live)" if slot == release.live else slot
    if content is None:
        return (name if slot == "blue" else "", mark, users, "empty", "", address)
    standing = "rolled back" if content.image in release.rejected else content.standing
    return (name if slot == "blue" else "", mark, users, short(content.image), standing, address)


def _candidates(release: ServiceRelease) -> list[tuple[str, Candidate]]:
    named = {"canary": release.canary, "shadow": release.shadow}
    return [(kind, each) for kind, each in named.items() if each is not None]


def _next(context: Context, name: str, release: ServiceRelease, found: Situation) -> str:
    """What is the case with a service and what the operator may do."""
    if found.kind != "settled":
        return found.sentence
    if release.probation is not None:
        until = contents.parsed(release.probation.until)
        left = until - context.clock()
        if left > datetime.timedelta(0):
            minutes = left.total_seconds() / 60
            return f"{name} is on probation for {minutes:.0f} min more; to roll back: `release rollback {name}`"
        return f"the probation of {name} ended without a recorded verdict: `release guard {name}`"
    seen = context.engine.revision()
    if seen is not None and seen < context.releases.revision:
        return (
            f"the last change of the release file did not reach the stack (it has seen revision {seen}); "
            "run the command again"
        )
    for kind, candidate in _candidates(release):
        more = min(100, max(10, 2 * candidate.percent))
        return (
            f"next: `release {kind} {name} --percent {more}`, or to end it: `release {kind} {name} --promote`, "
            f"`release {kind} {name} --remove`"
        )
    idle = contents.other(release.live)
    content = release.slots[idle]
    if content is None or content.image in release.rejected or content.image == contents.live_image(release):
        return f"{name} is stable in slot {release.live}; next: `release deploy {name} --image …`"
    if content.standing == "candidate":
        return f"{name} has an image to test in slot {idle}: `release verify {name}`"
    return f"slot {idle} of {name} is verified: `release switch {name}`"
