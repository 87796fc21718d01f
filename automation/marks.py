"""How the engine marks a value that is more than it looks, in a state and on the wire (sdk/go/common/resource)."""

from typing import Final

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key of the mark in an object."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret, is none
"""What stands at that key in a secret."""
