"""The plugin process: `python -m sandbox.providers.proxmoxve ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from sandbox.providers.service import run

if __name__ == "__main__":
    run("proxmoxve", version("pulumi-proxmoxve"), ProxmoxDriver())
