"""The local proxmoxve provider: drives a Proxmox VE API as the official plugin does.

The VMs, containers, pools, downloads, firewalls and high availability that the platform declares are driven, uploads
are recorded; every other type, and every input that it does not use, is refused.
"""

SERVER = "Proxmox VE API (simulated)"
DRIVEN = frozenset(
    f"proxmoxve:{name}"
    for name in (
        "cluster/firewallLegacy:FirewallLegacy",
        "download/file:File",
        "firewall/ipsetLegacy:IpsetLegacy",
        "firewall/optionsLegacy:OptionsLegacy",
        "firewall/rulesLegacy:RulesLegacy",
        "index/containerLegacy:ContainerLegacy",
        "index/haresource:Haresource",
        "index/harule:Harule",
        "index/poolLegacy:PoolLegacy",
        "index/vmLegacy:VmLegacy",
    )
)
RECORDED = "proxmoxve:index/fileLegacy:FileLegacy"

__all__ = ["DRIVEN", "RECORDED", "SERVER"]
