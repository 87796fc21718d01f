"""`verify`: the smoke test of the idle slot under its own name; after it the slot may become live."""

from release import changes, resources
from release.changes import other
from release.desk import Desk
from release.engine.targets import short
from release.flows.deploy import recorded

ROUNDS = 3
"""How often in a row everything has to answer."""


def verify(desk: Desk, service: str, rounds: int = ROUNDS) -> None:
    """Test the idle slot and let users see it."""
    desk.known(service)
    verified = changes.verify(desk.releases, service)
    release = desk.releases.services[service]
    idle = other(release.live)
    content = release.slots[idle]
    image = content.image if content is not None else ""
    with recorded(desk, f"verify {service}", service, idle, image):
        if desk.dry_run:
            desk.say(f"would ask {desk.settings.service_fqdn(service, idle)} {rounds} times")
        else:
            desk.look(f"testing slot {idle}")
            desk.gateways.smoke(desk.settings, service, idle, rounds)
            desk.say(f"slot {idle} of {service} answered {rounds} times in a row as it should")
        # Its gateway gets the public names back, so that a switch has to change the record and nothing else.
        desk.advance(verified, [*resources.routing([idle]), resources.ledger()], f"slot {idle} is open for users")
        desk.loaded([idle])
    if not desk.dry_run:
        desk.keeper.keep(f"verify {service} {short(image)} in {idle}")
        desk.say(f"slot {idle} of {service} is verified; next: `release switch {service}`")
