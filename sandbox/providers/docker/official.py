"""What the official docker plugin does, and which test proves what the stand-in does."""

from collections.abc import Mapping

from sandbox.providers.official import E2E, SCHEMA, UNIT, Claim, Type

_DOCKER = f"{UNIT}/test_docker.py"
_DOCKER_E2E = f"{E2E}/docker/test_engine.py"

TYPES: Mapping[str, Type] = {
    "docker:index/container:Container": Type(
        Claim(
            "takes more (docker `resource_docker_container.go`)",
            f"{_DOCKER}::test_what_the_official_plugin_refuses_is_refused",
        ),
        Claim(SCHEMA, f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first"),
        Claim(
            "the same (pulumi-docker `resources.go`, `DeleteBeforeReplace`)",
            f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first",
        ),
        Claim(
            "the engine refuses the name (docker `resource_docker_container_funcs.go`)",
            f"{_DOCKER_E2E}::test_a_second_container_of_a_name_is_refused",
            "refused (the name is already in use)",
        ),
        Claim(
            "the same but for `envs` (docker `resource_docker_container_funcs.go`)",
            f"{_DOCKER_E2E}::test_drift_is_seen_and_mended",
        ),
    ),
    "docker:index/network:Network": Type(
        Claim(
            "takes more (docker `resource_docker_network.go`)",
            f"{_DOCKER}::test_what_no_stack_declares_is_refused",
        ),
        Claim(SCHEMA, f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first"),
        Claim(
            "the same, because its name is given (bridge `schema.go`, `nameRequiresDeleteBeforeReplace`)",
            f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first",
        ),
        Claim(
            "the same: it asks the engine to look for one of that name (docker `resource_docker_network_funcs.go`)",
            f"{_DOCKER_E2E}::test_containers_of_a_network_find_each_other_by_name",
            "refused (there is one of that name)",
        ),
        Claim(
            "the same, and what it is made of",
            f"{_DOCKER_E2E}::test_containers_of_a_network_find_each_other_by_name",
            "whether it is there",
        ),
    ),
    "docker:index/remoteImage:RemoteImage": Type(
        Claim(
            "takes more; pulls what is not there (docker `resource_docker_image_funcs.go`)",
            f"{_DOCKER}::test_what_no_stack_declares_is_refused",
            "an image that the sandbox did not load",
        ),
        Claim(SCHEMA, f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first"),
        Claim(
            "the same: its `name` is no name (pulumi-docker `resources.go`)",
            f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first",
        ),
        Claim("the same", f"{_DOCKER_E2E}::test_an_image_has_the_engines_id_and_is_kept", "is what is wanted"),
        Claim(
            "the same",
            f"{_DOCKER_E2E}::test_an_image_has_the_engines_id_and_is_kept",
            "whether it is there, and its digest",
        ),
    ),
    "docker:index/volume:Volume": Type(
        Claim(
            "takes more; makes up a name where none is given (docker `resource_docker_volume.go`)",
            f"{_DOCKER}::test_what_no_stack_declares_is_refused",
        ),
        Claim(SCHEMA, f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first"),
        Claim(
            "the same, because its name is given (bridge `schema.go`, `nameRequiresDeleteBeforeReplace`)",
            f"{_DOCKER}::test_another_image_replaces_a_container_and_its_name_is_free_first",
        ),
        Claim(
            "the same: it asks the engine, which gives the one that is there (docker `resource_docker_volume.go`)",
            f"{_DOCKER_E2E}::test_a_volume_in_use_is_not_removed",
            "taken; one in use is not removed",
        ),
        Claim("the same", f"{_DOCKER_E2E}::test_a_volume_in_use_is_not_removed", "whether it is there, and its place"),
    ),
}
"""By type token."""
