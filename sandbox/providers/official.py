"""What is claimed of a stand-in and of the official plugin; docs/reference/stand-ins.md is made of it.

Sources: `proxmox` is bpg/terraform-provider-proxmox 0.111.1, `minio` aminueza/terraform-provider-minio 1.20.1, `random`
hashicorp/terraform-provider-random 3, `docker` kreuzwerker/terraform-provider-docker 3, `bridge`
pulumi/pulumi-terraform-bridge 3, which all four are published with; `schema` is the published schema of the package.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Claim:
    """One thing that a stand-in does."""

    official: str
    """What the official plugin does, and the file that says so."""
    test: str
    """The test that proves the stand-in's part, `path::function`."""
    says: str = ""
    """What the stand-in does, where its data does not say it."""


@dataclass(frozen=True)
class Type:
    """What is claimed of a resource type."""

    refuses: Claim
    replaces: Claim
    order: Claim
    exists: Claim
    reads: Claim


CREATES: Final = "the same: nothing asks for another order (bridge `schema.go`)"
DELETES: Final = (
    "deletes first, because a `name` that is given is taken for a fixed one (bridge `schema.go`, "
    "`nameRequiresDeleteBeforeReplace`). Stricter here: that something goes before its successor is there has to be "
    "written in the program"
)
SCHEMA: Final = "the same (schema, `willReplaceOnChanges`)"
UNIT: Final = "tests/unit/sandbox/providers"
E2E: Final = "tests/e2e"
