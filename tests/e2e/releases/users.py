"""Users of the shop of a trial, and what a test asks of their answers."""

from collections import Counter

from sandbox import users
from sandbox.users import USER
from tests.e2e.world import World
from tests.waiting import wait_for

__all__ = ["USER", "Users"]


class Users(users.Users):
    """Users of a stack that is up."""

    def __init__(self, world: World) -> None:
        settings = world.settings
        super().__init__(world.folder, settings.environment.domain, settings.dns.switch_ttl_seconds)

    @property
    def images(self) -> Counter[str]:
        """Answers by the image that gave them."""
        return Counter(reply.image for reply in list(self.replies) if reply.good)

    @property
    def answered(self) -> int:
        """Number of answers."""
        return self.images.total()

    @property
    def failed(self) -> list[str]:
        """What happened to requests that got no answer, or another one than 200."""
        return [
            f"{'' if self.forgets(reply.user) else 'a user who never looks up again: '}"
            f"{reply.error or f'status {reply.status} from {reply.image}'}"
            for reply in list(self.replies)
            if not reply.good
        ]

    def led_over(self, slot: str, address: str) -> float:
        """Seconds from the change of the record to that address until the last answer of another slot.

        Everybody has looked the name up again by then; who did after the change got the slot. Those who never look it
        up again are not counted.
        """
        wait_for(lambda: self.switches[-1][1] == address, f"the name server answers {address}", 300)
        since, _ = self.switches[-1]

        def all_looked() -> bool:
            looked = {reply.user: reply.looked for reply in list(self.replies) if self._counts(reply)}
            return len(looked) + 1 == self.number and min(looked.values()) > since

        wait_for(all_looked, "everybody has looked the name up again")
        others = [
            reply for reply in list(self.replies) if self._counts(reply) and reply.ended > since and reply.slot != slot
        ]
        assert [reply for reply in others if reply.looked > since] == []
        return max((reply.ended for reply in others), default=since) - since

    def _counts(self, reply: users.Reply) -> bool:
        return reply.good and self.forgets(reply.user)

    def all_get(self, image: str) -> None:
        """Wait until a hundred answers in a row came from an image."""

        def all_did() -> bool:
            return {reply.image for reply in [each for each in self.replies[-200:] if each.good][-100:]} == {image}

        wait_for(all_did, f"a hundred answers by {image}")
