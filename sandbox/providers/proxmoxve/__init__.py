"""The local proxmoxve provider: drives a Proxmox VE API as the official plugin does.

VMs, containers, pools, downloads, the firewall, high availability, backup jobs and metric servers are driven; every
other type is recorded.
"""

SERVER = "Proxmox VE API (simulated)"
DRIVEN = frozenset(
    f"proxmoxve:{name}"
    for name in (
        "backup/job:Job",
        "cluster/firewall/security/groupLegacy:GroupLegacy",
        "cluster/firewallLegacy:FirewallLegacy",
        "download/file:File",
        "download/fileLegacy:FileLegacy",
        "firewall/aliasLegacy:AliasLegacy",
        "firewall/ipsetLegacy:IpsetLegacy",
        "firewall/optionsLegacy:OptionsLegacy",
        "firewall/rulesLegacy:RulesLegacy",
        "index/containerLegacy:ContainerLegacy",
        "index/hagroup:Hagroup",
        "index/hagroupLegacy:HagroupLegacy",
        "index/haresource:Haresource",
        "index/haresourceLegacy:HaresourceLegacy",
        "index/harule:Harule",
        "index/haruleLegacy:HaruleLegacy",
        "index/poolLegacy:PoolLegacy",
        "index/vmLegacy:VmLegacy",
        "metrics/server:Server",
        "metrics/serverLegacy:ServerLegacy",
        "node/firewall:Firewall",
        "node/firewallLegacy:FirewallLegacy",
    )
)

__all__ = ["DRIVEN", "SERVER"]
