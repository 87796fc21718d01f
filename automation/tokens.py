"""Type tokens in plans and states: what a plugin makes, and what is a component or the engine's own."""

from typing import Final

STACK: Final = "pulumi:pulumi:Stack"
"""The stack itself, which has its outputs."""
ENGINES_OWN: Final = "pulumi:"
"""Types that begin so are the stack and the plugins' settings."""
_COMPONENTS: Final = "luxima:"


def made_by_plugin(token: str) -> bool:
    """Whether a plugin makes resources of this type: no component, no plugin, and not the stack itself."""
    return not token.startswith((_COMPONENTS, ENGINES_OWN))
