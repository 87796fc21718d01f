# ruff: noqa: ARG002 - the protocol's signatures
"""The local random provider: makes passwords once, and keeps them in the stack's state.

    python -m sandbox.providers.random ENGINE_ADDRESS

As with the official plugin (terraform-provider-random 3), nothing changes in place: another length makes another
password. The randomness is that of the operating system.
"""

import ctypes
import string
import threading
from collections.abc import Mapping
from contextlib import suppress
from secrets import choice
from typing import ClassVar, Final

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, sdk_version
from sandbox.providers.handlers import Driver, Handler
from sandbox.providers.official import CREATES, UNIT, Claim, Type
from sandbox.providers.rules import Rule, between
from sandbox.providers.service import run

SERVER = "nothing outside; values are made and kept in the state"

_BCRYPT: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
"""bcrypt's own 64 letters."""
_ONE = threading.Lock()
"""The library keeps its answer in one place."""

_TESTS = f"{UNIT}/test_random.py"
TYPES: Mapping[str, Type] = {
    "random:index/randomPassword:RandomPassword": Type(
        Claim("takes more (random `resource_password.go`)", f"{_TESTS}::test_what_cannot_be_made_is_refused"),
        Claim(
            "the same (random `resource_password.go`, `RequiresReplace`)",
            f"{_TESTS}::test_every_change_makes_another_value_before_the_old_one_goes",
        ),
        Claim(CREATES, f"{_TESTS}::test_every_change_makes_another_value_before_the_old_one_goes"),
        Claim("the same", f"{_TESTS}::test_two_passwords_differ_and_are_as_long_as_wanted", "cannot exist"),
        Claim("the same: only the state has it", f"{_TESTS}::test_a_value_is_kept_and_secret"),
    ),
}
"""What the official plugin does, and which test proves what the stand-in does."""


class Passwords(Handler):
    """`RandomPassword`: letters and digits."""

    rules: ClassVar[Mapping[str, Rule]] = {
        "length": between(1),
        "special": Rule(
            "false", lambda value: "makes special characters, which the local provider does not do" if value else None
        ),
    }
    needed = ("special",)
    replacing = ("length", "special")
    secrets = frozenset({"bcryptHash", "result"})

    def computed(self, inputs: Properties) -> Properties:
        """A value is known once it is made."""
        return {"bcryptHash": UNKNOWN, "result": UNKNOWN}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the value."""
        characters = string.ascii_letters + string.digits
        result = "".join(choice(characters) for _ in range(int(inputs["length"])))
        return "none", {**inputs, "bcryptHash": bcrypt(result), "result": result}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What was made; a creation that was cut short has made nothing."""
        return (inputs, outputs) if "result" in outputs else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Nothing changes in place."""
        raise ProviderError(f"a password cannot change from {sorted(old)} to {sorted(new)} in place")


class RandomDriver(Driver):
    """Makes passwords at creation; afterwards they are only kept."""

    def __init__(self) -> None:
        super().__init__("random", {token: Passwords() for token in TYPES})


def bcrypt(password: str) -> str:
    """The password's hash at the official plugin's cost, by the system's crypt(3).

    Raises:
        ProviderError: When the system's library cannot make one.
    """
    salt = b"$2b$10$" + bytes(choice(_BCRYPT) for _ in range(22))
    for library in ("libcrypt.so.1", "libcrypt.so.2"):
        with suppress(OSError), _ONE:
            crypt = ctypes.CDLL(library).crypt
            crypt.restype = ctypes.c_char_p
            found: bytes = crypt(password.encode(), salt) or b""
            if found.startswith(b"$2b$"):
                return found.decode()
    raise ProviderError("the system has no libcrypt that knows bcrypt; install libcrypt1 (Debian) or libxcrypt")


if __name__ == "__main__":
    run("random", sdk_version("random"), RandomDriver())
