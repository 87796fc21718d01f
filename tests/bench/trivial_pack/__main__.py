"""Serves a policy pack of one rule that never objects."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)


def named(resource: ResourceValidationArgs, report: ReportViolation) -> None:
    """Every resource has a name, which the engine sees to itself."""
    if not resource.name:
        report("has no name", None)


PolicyPack("trivial", [ResourceValidationPolicy("named", "A resource has a name.", named, EnforcementLevel.MANDATORY)])
