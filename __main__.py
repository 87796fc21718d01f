"""The platform's program: read the settings of the stack, build the platform, export what a person needs next."""

import gc
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

import settings
from components.outputs import outputs
from components.platform import Platform
from components.sdk_waiting import wait_for_all_at_once

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Declare every resource of the selected stack."""
    # What is declared is kept to the end. By default the collector looks at all of it time and again.
    gc.set_threshold(100_000, 50, 1000)
    wait_for_all_at_once()
    given = {**get_config_env(), **CONFIG.get()}
    secret_keys = [key for key in given if is_config_secret(key)]
    try:
        stack = settings.load(given, secret_keys, pulumi.get_stack(), ROOT)
    except settings.SettingsError as error:
        # The engine prints the text of a RunError as it is, and nothing else.
        raise pulumi.RunError(str(error)) from None
    config = pulumi.Config("luxima")
    platform = Platform(stack, {key: config.require_secret(key) for key in sorted(stack.secrets.keys)})
    for name, value in outputs(stack, platform).items():
        pulumi.export(name, value)


main()
