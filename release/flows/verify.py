"""`verify`: the smoke test of the idle slot under its own name; after it the slot may become live."""

from release import changes, resources
from release.contents import other
from release.context import Context
from release.flows.deploy import recorded
from release.pulumi_engine.targets import short

ROUNDS = 3
"""How often in a row everything has to answer."""


def verify(context: Context, service: str, rounds: int = ROUNDS) -> None:
    """Test the idle slot and let users see it."""
    context.known(service)
    verified = changes.verify(context.releases, service)
    release = context.releases.services[service]
    idle = other(release.live)
    content = release.slots[idle]
    image = content.image if content is not None else ""
    with recorded(context, f"verify {service}", service, idle, image):
        if context.dry_run:
            context.say(f"would ask {context.settings.service_fqdn(service, idle)} {rounds} times")
        else:
            context.look(f"testing slot {idle}")
            context.gateways.smoke(context.settings, service, idle, rounds)
            context.say(f"slot {idle} of {service} answered {rounds} times in a row as it should")
        # Its gateway gets the public names back, so that a switch has to change the record and nothing else.
        context.advance(verified, [*resources.routing([idle]), resources.ledger()], f"slot {idle} is open for users")
        context.loaded([idle])
    if not context.dry_run:
        context.history.commit(f"verify {service} {short(image)} in {idle}")
        context.say(f"slot {idle} of {service} is verified; next: `release switch {service}`")
