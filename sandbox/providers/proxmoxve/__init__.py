"""The local proxmoxve provider: drives a Proxmox VE API as the official plugin does.

The VMs, containers, pools, downloads, firewalls and high availability that the platform declares are driven, uploads
are recorded; every other type, and every input that it does not use, is refused.
"""

SERVER = "Proxmox VE API (simulated)"
RECORDED = "proxmoxve:index/fileLegacy:FileLegacy"
