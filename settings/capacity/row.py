"""What a computed size is: a value with its unit, its formula and that one's source, and what it is compared with."""

from dataclasses import dataclass
from math import ceil

KIB = 1024
MIB = 1024**2
GIB = 1024**3
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Row:
    """One computed figure."""

    name: str
    """What is computed; unique in the table."""
    value: float
    """Its value, in `unit`."""
    unit: str
    """Unit of value and limit."""
    formula: str
    """How it is computed, with the numbers put in."""
    source: str
    """Where the formula or its constants are from."""
    limit: float | None = None
    """What the settings give it, in `unit`; None where no setting bounds it."""
    setting: str = ""
    """The setting that the limit is from, as a path below `luxima:`."""
    share: float = 1
    """What of the setting's value can be used."""
    right: str = ""
    """What would be right; by default the least value that would do."""

    @property
    def ok(self) -> bool:
        """Whether it fits."""
        return self.limit is None or self.value <= self.limit

    @property
    def problem(self) -> str | None:
        """What is wrong, with what would do; None when it fits."""
        if self.limit is None or self.ok:
            return None
        right = self.right or f"give at least {ceil(self.value / self.share)}"
        return (
            f"{self.limit / self.share:g} is too little: {self.name} needs {self.value:,.1f} {self.unit} "
            f"({self.formula}); {right}"
        )
