"""What is kept in the stack's state and nowhere else: a base for dynamic providers that only remember."""

from typing import Any, TypeAlias

from pulumi.dynamic import ConfigureRequest, ReadResult, ResourceProvider

from components.dynamic_errors import without_traceback

Props: TypeAlias = dict[str, Any]
"""Properties of a dynamic resource."""


class StateOnlyProvider(ResourceProvider):
    """Has nothing outside the state to configure, to read or to delete."""

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 - the base class' signature
        """Nothing but how an error is told."""
        without_traceback()

    def read(self, id_: str, props: Props) -> ReadResult:
        """There is nothing outside the state to look at."""
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: Props) -> None:
        """Nothing is left anywhere."""
