"""The local proxmoxve provider: drives a Proxmox VE API as the official plugin does.

VMs, containers, pools, downloads, the firewall, high availability, backup jobs and metric servers are driven; every
other type is recorded.
"""

from sandbox.providers.proxmoxve.driver import DRIVEN, SERVER

__all__ = ["DRIVEN", "SERVER"]
