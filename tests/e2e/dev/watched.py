"""A stack whose command lines are looked at while it comes up."""

import subprocess
from dataclasses import dataclass, field

from sandbox import leaks
from sandbox.layout import Layout
from tests.e2e.checkout import Checkout, Done, Running
from tests.e2e.world import World


@dataclass
class Watched:
    """A stack that was brought up under observation."""

    copy: Checkout
    world: World
    up: Done | None = None
    """The command that brought the stack up."""
    in_processes: list[leaks.Leak] = field(default_factory=list[leaks.Leak])
    samples: int = 0

    @property
    def layout(self) -> Layout:
        """Where the sandbox keeps what it has of the stack."""
        return Layout(self.world.stack, self.copy.root)

    @property
    def secrets(self) -> dict[str, str]:
        """Everything that is secret: made by the sandbox, by the random provider, by MinIO and by Kubernetes."""
        return {**leaks.secrets_in_state(self.layout), **leaks.secrets_of(self.layout)}

    def run(self, *arguments: str) -> Done:
        """Run a verb and look at all command lines while it runs."""
        # Made before, so that the stack takes those that are looked for.
        self.layout.prepare()
        search = leaks.Search(leaks.secrets_of(self.layout))
        running = self.copy.start(*arguments)
        while not self._ended(running):
            self.in_processes += search.in_processes()
            self.samples += 1
        return self.copy.finish(running)

    @staticmethod
    def _ended(running: Running) -> bool:
        """Waits a moment: looking at every process takes as much of the machine as it can have."""
        try:
            running.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        return True
