"""What the official proxmoxve plugin and Proxmox VE itself do, and which test proves what the stand-ins do."""

from collections.abc import Mapping

from sandbox.providers.official import CREATES, DELETES, SCHEMA, UNIT, Claim, Type

_PVE = f"{UNIT}/test_proxmoxve.py"
_PVE_API = f"{UNIT}/test_proxmoxve_api.py"
_API = "tests/unit/sandbox/servers/test_proxmox_api.py"
_FIREWALL = f"{UNIT}/test_proxmoxve_firewall.py"
_HA = f"{UNIT}/test_proxmoxve_availability.py"
_MADE_FIRST = f"{_PVE}::test_a_replacement_is_made_before_the_old_one_goes"
_TAKEN = f"{_PVE_API}::test_an_id_that_is_taken_is_an_error_even_for_what_a_killed_run_left"

TYPES: Mapping[str, Type] = {
    "proxmoxve:index/vmLegacy:VmLegacy": Type(
        Claim(
            "the values are those of `proxmoxtf/resource/vm/validators.go`; takes more inputs (proxmox `vm.go`)",
            f"{_PVE}::test_a_wrong_vm_value_is_named",
        ),
        Claim(
            "the same (proxmox `vm.go`, `CustomizeDiff`)",
            f"{_PVE}::test_what_makes_another_vm",
            "`nodeName` not with `migrate`, which moves the VM",
        ),
        Claim(DELETES, _MADE_FIRST),
        Claim(
            "the API refuses the id (proxmox `vms.go`); a VM that was half made stays in the state (proxmox `vm.go`, "
            "`SetId` before disks and start)",
            f"{_PVE_API}::test_a_half_made_vm_stays_known_and_the_next_run_completes_it",
            "refused (already exists), whoever made it; a VM that was half made stays in the state and is completed",
        ),
        Claim(
            "reads all inputs, and a `disks[].speed` that nobody set (pulumi-proxmoxve#664; the program ignores it); "
            "of a VM without outputs in the state the id is `NODE/NUMBER`, here too (bridge `provider.go`, `Read`; "
            "proxmox `vm.go`, `Importer`)",
            f"{_PVE_API}::test_changes_in_the_world_are_seen_and_repaired",
        ),
    ),
    "proxmoxve:index/containerLegacy:ContainerLegacy": Type(
        Claim(
            "the values are those of `proxmoxtf/resource/container/validators.go`; takes more inputs, and no "
            "`operatingSystem.type` for `unmanaged` (proxmox `container.go`)",
            f"{_PVE}::test_a_wrong_container_value_is_named",
        ),
        Claim(
            "the same; of `operatingSystem` as a whole (schema; proxmox `container.go`, `CustomizeDiff`)",
            f"{_PVE}::test_what_makes_another_container",
            "a smaller `disk.size` too",
        ),
        Claim(CREATES, _MADE_FIRST),
        Claim("the API refuses the id", _TAKEN, "refused (already exists), whoever made it"),
        Claim(
            "the same; of `description` without its final newline (proxmox `container.go`, `StateFunc`)",
            f"{_PVE_API}::test_an_unchanged_guest_shows_no_drift",
        ),
    ),
    "proxmoxve:index/poolLegacy:PoolLegacy": Type(
        Claim(
            "checks no form of the name, the API does (proxmox `pool.go`)",
            f"{_PVE}::test_a_wrong_value_of_other_types_is_named",
        ),
        Claim(SCHEMA, f"{_PVE}::test_a_pool_is_replaced_by_its_name_only"),
        Claim(CREATES, _MADE_FIRST),
        Claim("the API refuses it", _TAKEN, "refused (already exists)"),
        Claim("the same (proxmox `pool.go`)", f"{_PVE_API}::test_a_pool_shows_a_changed_comment"),
    ),
    "proxmoxve:download/file:File": Type(
        Claim(
            "takes more; `overwrite` is true where it is not given (proxmox `resource_download_file.go`)",
            f"{_PVE}::test_a_wrong_value_of_other_types_is_named",
        ),
        Claim(
            "the same (proxmox `resource_download_file.go`, `RequiresReplace`)",
            f"{_PVE}::test_whatever_changes_makes_another_download",
        ),
        Claim("the same: a resource of the plugin framework (bridge `pkg/pf/tfbridge/provider_diff.go`)", _MADE_FIRST),
        Claim(
            "refused while `overwrite_unmanaged` is not set (proxmox `resource_download_file.go`)",
            f"{_PVE_API}::test_each_node_has_its_own_download",
            "refused (already exists) on the same node",
        ),
        Claim(
            "whether it is there; its size only with `overwrite` (proxmox `resource_download_file.go`)",
            f"{_PVE_API}::test_each_node_has_its_own_download",
            "whether it is there",
        ),
    ),
    "proxmoxve:index/fileLegacy:FileLegacy": Type(
        Claim("takes more (proxmox `file.go`)", f"{_PVE}::test_a_wrong_value_of_other_types_is_named"),
        Claim(SCHEMA, f"{_PVE}::test_whatever_changes_makes_another_upload"),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "overwrites it with a warning, unless `overwrite` is false; a replacement that is made first is then "
            "deleted with the old one (proxmox `file.go`). Stricter here, so that the program has to say the order",
            f"{_PVE}::test_a_second_upload_of_a_name_is_refused_until_the_first_is_removed",
            "refused (already exists) on the same node",
        ),
        Claim(
            "whether the datastore lists it (proxmox `file.go`); recorded here, since it is sent over SSH",
            f"{_PVE}::test_an_upload_is_recorded_under_the_id_that_configs_refer_to",
            "whether it is still recorded",
        ),
    ),
    "proxmoxve:firewall/rulesLegacy:RulesLegacy": Type(
        Claim(
            "of a VM or of a container; rules of the cluster and of hosts too (proxmox `firewall/rules.go`)",
            f"{_FIREWALL}::test_a_wrong_value_is_named",
            "anything but exactly one of `vmId` and `containerId`",
        ),
        Claim(SCHEMA, f"{_FIREWALL}::test_a_set_is_replaced_by_what_is_in_it_and_nothing_else_replaces"),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "aborts when the guest has any rule (proxmox `firewall/rules.go`, `RulesCreate`)",
            f"{_FIREWALL}::test_rules_of_somebody_else_are_left_alone",
            "refused while the guest has any rule",
        ),
        Claim(
            "the same, and their positions; an update makes what is new before it takes the old away (proxmox "
            "`firewall/rules.go`, `RulesUpdate`)",
            f"{_FIREWALL}::test_changed_rules_are_there_before_the_old_ones_go",
        ),
    ),
    "proxmoxve:firewall/ipsetLegacy:IpsetLegacy": Type(
        Claim(
            "sets of a container and of the cluster too (proxmox `firewall/ipset.go`)",
            f"{_FIREWALL}::test_a_wrong_value_is_named",
            "a set that is not of a VM",
        ),
        Claim(SCHEMA, f"{_FIREWALL}::test_a_set_is_replaced_by_what_is_in_it_and_nothing_else_replaces"),
        Claim(DELETES, _MADE_FIRST),
        Claim(
            "takes over a set of that name with what is in it (proxmox `firewall/ipset.go`, `ipSetCreate`). Stricter "
            "here: nothing is adopted",
            f"{_FIREWALL}::test_a_set_that_is_there_is_refused",
            "refused (already exists)",
        ),
        Claim(
            "the same; their order means nothing (proxmox `firewall/ipset.go`)",
            f"{_FIREWALL}::test_what_somebody_changed_is_seen",
        ),
    ),
    "proxmoxve:firewall/optionsLegacy:OptionsLegacy": Type(
        Claim(
            "has defaults of its own: off, without a filter of addresses, and router advertisements let out (proxmox "
            "`firewall/options.go`)",
            f"{_FIREWALL}::test_a_wrong_value_is_named",
            "anything but exactly one of `vmId` and `containerId`",
        ),
        Claim(SCHEMA, f"{_FIREWALL}::test_a_set_is_replaced_by_what_is_in_it_and_nothing_else_replaces"),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "every guest has options: they are set, whoever set them before (proxmox `firewall/options.go`)",
            f"{_FIREWALL}::test_options_are_set_and_stay",
            "are set",
        ),
        Claim(
            "the same; a removal leaves them as they are (proxmox `firewall/options.go`, `optionsDelete`)",
            f"{_FIREWALL}::test_options_are_set_and_stay",
        ),
    ),
    "proxmoxve:cluster/firewallLegacy:FirewallLegacy": Type(
        Claim(
            "has defaults of its own: off, and layer 2 unfiltered (proxmox `cluster/firewall/firewall.go`)",
            f"{_FIREWALL}::test_a_wrong_value_is_named",
        ),
        Claim(SCHEMA, f"{_FIREWALL}::test_a_set_is_replaced_by_what_is_in_it_and_nothing_else_replaces"),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "every cluster has options: they are set, whoever set them before (proxmox `cluster/firewall/firewall.go`)",
            f"{_FIREWALL}::test_options_are_set_and_stay",
            "are set",
        ),
        Claim(
            "the same; a removal leaves them as they are (proxmox `cluster/firewall/firewall.go`, `firewallDelete`)",
            f"{_FIREWALL}::test_options_are_set_and_stay",
        ),
    ),
    "proxmoxve:index/haresource:Haresource": Type(
        Claim(
            "takes more: `group`, which Proxmox VE 9 has no more, `comment`, `failback` (proxmox "
            "`fwprovider/cluster/ha/resource_haresource.go`)",
            f"{_HA}::test_a_wrong_value_is_named",
        ),
        Claim(
            "the same; another `resourceId` is not told to the API, and the plugin fails when it reads back (proxmox "
            "`resource_haresource.go`, `Update`)",
            f"{_HA}::test_another_guest_is_no_change_of_the_first",
            "nothing; another `resourceId` is refused while it updates",
        ),
        Claim("the same: a resource of the plugin framework (bridge `pkg/pf/tfbridge/provider_diff.go`)", _MADE_FIRST),
        Claim(
            "the API refuses it (pve-ha-manager `API2/HA/Resources.pm`)",
            f"{_HA}::test_what_is_there_is_refused",
            "refused (already defined)",
        ),
        Claim(
            "the same, and what it does not take here (proxmox `model_haresource.go`, `ImportFromAPI`)",
            f"{_HA}::test_what_somebody_changed_is_seen_and_repaired",
        ),
    ),
    "proxmoxve:index/harule:Harule": Type(
        Claim(
            "takes rules on nodes too, and those of less than two guests, which the API refuses (proxmox "
            "`fwprovider/cluster/ha/resource_harule.go`)",
            f"{_HA}::test_a_wrong_value_is_named",
        ),
        Claim(
            "the same (proxmox `resource_harule.go`, `RequiresReplace`)",
            f"{_HA}::test_a_rule_is_replaced_by_its_name_only",
        ),
        Claim("the same: a resource of the plugin framework (bridge `pkg/pf/tfbridge/provider_diff.go`)", _MADE_FIRST),
        Claim(
            "the API refuses it (pve-ha-manager `API2/HA/Rules.pm`)",
            f"{_HA}::test_what_is_there_is_refused",
            "refused (already defined)",
        ),
        Claim(
            "the same; the order of the guests means nothing (proxmox `model_harule.go`)",
            f"{_HA}::test_what_somebody_changed_is_seen_and_repaired",
        ),
    ),
}
"""By type token."""

SERVER: Mapping[str, Claim] = {
    "a final slash of a path": Claim(
        "`DELETE …/qemu/ID/?purge=1` removes the VM: the official plugin sends it so (proxmox `nodes/vms/vms.go`)",
        f"{_API}::test_a_final_slash_is_dropped",
        "is dropped: the request is answered as without it",
    ),
    "`description` of a container": Claim(
        "ends with a newline, that of a VM does not (proxmox `container.go` and `vm.go`, `StateFunc`)",
        f"{_API}::test_a_containers_description_ends_with_a_newline_a_vms_does_not",
        "ends with a newline",
    ),
    "`ostype` of a container": Claim(
        "what the request says; else what the template's files say (not looked up: Proxmox VE's own source)",
        f"{_API}::test_a_containers_system_is_what_was_said_not_what_its_template_is_called",
        "what the request says; refused without it, since no template is unpacked",
    ),
    "a disk that would shrink": Claim(
        "refused by the API", f"{_API}::test_an_image_is_imported_and_its_disk_grows", "is refused"
    ),
    "the firewall of a guest that is destroyed": Claim(
        "goes with it (qemu-server `API2/Qemu.pm` and pve-container `API2/LXC.pm`, `remove_vmfw_conf`)",
        f"{_FIREWALL}::test_a_destroyed_guest_takes_its_firewall_with_it",
        "goes with it",
    ),
    "guests that are kept apart": Claim(
        "are refused where one is not started elsewhere, where they are more than the nodes, or less than two "
        "(pve-ha-manager `HA/Rules/ResourceAffinity.pm` and `API2/HA/Rules.pm`)",
        f"{_HA}::test_a_rule_that_cannot_hold_is_refused",
        "the same",
    ),
    "a clone": Claim(
        "the same; the freeze is asked for where the VM runs and its agent answers, else the VM is suspended meanwhile "
        "(qemu-server 9.2.6 `API2/Qemu.pm`, `clone_vm`, and `QemuServer/BlockJob.pm`, `monitor`)",
        f"{_API}::test_a_clone_has_a_card_a_cloud_init_drive_and_a_firewall_of_its_own",
        "gets tags, firewall and disks of the VM, other network cards and a cloud-init drive of its own; the task's "
        "log says whether the guest's file systems were frozen. A task has ended before it is answered",
    ),
    "a disk that goes to another VM": Claim(
        "the same (qemu-server 9.2.6 `API2/Qemu.pm`, `move_vm_disk`)",
        f"{_API}::test_a_disk_goes_to_another_vm_and_out_of_the_order_of_boot",
        "is renamed, and gone from the first VM and its order of boot; refused between nodes, from and to templates, "
        "from a VM that runs, and where the place is taken",
    ),
    "another token": Claim("401", f"{_API}::test_only_the_token_opens", "is refused"),
}
"""What the API stand-in does."""
