"""The plugin process: `python -m sandbox.providers.proxmoxve ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.base import serve
from sandbox.providers.proxmoxve.driver import ProxmoxDriver

if __name__ == "__main__":
    serve("proxmoxve", version("pulumi-proxmoxve"), ProxmoxDriver())
