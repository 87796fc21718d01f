"""A component is given its areas of the settings and finished documents, never all settings (ADR 1)."""

import importlib
import pkgutil
from types import ModuleType

import pulumi

import components
from settings import Settings
from settings.stack import Stack

# These know the whole stack: they hand each room its part, and tell people what was made.
MODULES = sorted(
    {each.name for each in pkgutil.walk_packages(components.__path__, "components.")}
    - {"components.docker_rooms", "components.storage_rooms", "components.platform", "components.outputs"}
)


def makes_resources(module: ModuleType) -> bool:
    """Whether something in the module's namespace is a resource, or a package with resources."""
    values = vars(module).values()
    return any(
        (isinstance(value, type) and issubclass(value, pulumi.Resource))
        or (isinstance(value, ModuleType) and value.__name__.partition(".")[0].startswith("pulumi"))
        for value in values
    )


def whole(name: str) -> list[str]:
    """What a module calls all settings."""
    return [key for key, value in vars(importlib.import_module(name)).items() if value is Settings or value is Stack]


def test_a_module_that_makes_resources_does_not_see_all_settings() -> None:
    found = {name: whole(name) for name in MODULES if makes_resources(importlib.import_module(name))}
    assert not any(found.values()), f"give their components the areas they need, and finished documents: {found}"


def test_the_check_sees_both_kinds() -> None:
    makers = {name for name in MODULES if makes_resources(importlib.import_module(name))}
    readers = {name for name in MODULES if Settings in vars(importlib.import_module(name)).values()}
    assert {"components.edge.gateway", "components.observability.loki.workload"} <= makers
    assert {"components.edge.issuing", "components.observability.loki.config"} <= readers
