"""The very resources of a recorded run, declared without components, settings or the SDKs' classes."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pulumi

from components.sdk_waiting import wait_for_all_at_once

_MARK = "4dabf18193072939515e22adb298388d"
"""Key that marks a secret in an exported state."""


class _Typed(pulumi.CustomResource):
    """A class of its own, as an SDK's resource has: for such ones the state keeps where they were declared."""

    def __init__(self, token: str, name: str, inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        super().__init__(token, name, inputs, options)


def program(resources: Sequence[dict[str, Any]]) -> Callable[[], None]:
    """A program that declares recorded resources, in their order."""

    def run() -> None:
        wait_for_all_at_once()
        made: dict[str, pulumi.Resource] = {}
        for each in resources:
            made[each["urn"]] = _declare(each, made)

    return run


def recordable(exported: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What of an exported state a bare program declares: no component, no provider that the engine makes itself."""
    versions = {each["urn"]: each["inputs"].get("version") for each in exported if _is_provider(each)}
    for each in exported:
        name = each["urn"].rpartition("::")[2]
        if not each.get("custom") or (_is_provider(each) and name.startswith("default")):
            continue
        provider = each.get("provider", "").rpartition("::")[0]
        needed = {key: each.get(key) for key in ("urn", "type", "inputs", "dependencies", "additionalSecretOutputs")}
        version = versions[each["urn"] if _is_provider(each) else provider]
        yield {**needed, "name": name, "provider": provider, "version": version}


def _is_provider(resource: dict[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:providers:")


def _declare(each: dict[str, Any], made: dict[str, pulumi.Resource]) -> pulumi.Resource:
    options = pulumi.ResourceOptions(
        depends_on=[made[urn] for urn in each["dependencies"] or () if urn in made],
        additional_secret_outputs=each["additionalSecretOutputs"],
        version=each["version"],
    )
    inputs = {key: _value(value) for key, value in each["inputs"].items()}
    if _is_provider(each):
        inputs.pop("version", None)
        return pulumi.ProviderResource(each["type"].removeprefix("pulumi:providers:"), each["name"], inputs, options)
    options.provider = cast("pulumi.ProviderResource | None", made.get(each["provider"]))
    return _Typed(each["type"], each["name"], inputs, options)


def _value(value: Any) -> Any:
    """An input as a program gives it: secrets are secret."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        if _MARK in items:
            return pulumi.Output.secret(_value(json.loads(items["plaintext"])))
        return {key: _value(item) for key, item in items.items()}
    if isinstance(value, list):
        return [_value(item) for item in cast("list[Any]", value)]
    return value
