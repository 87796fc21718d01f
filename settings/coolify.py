"""`luxima:delivery.coolify`: what Coolify deploys on its own Docker host, and whom it tells (INF-3, REL-5)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.services import ServiceName
from settings.values import Area, Form, HttpsUrl, Label, Port, UrlPath

HOST: Final = "coolify"
"""Label of its name, under the core domain."""
WEB_PORT: Final = 8000
"""TCP port of its host at which pages, API and webhooks are; by the host's private address, as the others."""
REALTIME_PORT: Final = 6001
"""Where its pages hear of changes."""
TERMINAL_PORT: Final = 6002
"""Where its pages have terminals."""
CONTAINERS: Final = ("coolify", "coolify-db", "coolify-realtime", "coolify-redis")
"""What runs on its host."""
COOLIFY_PORTS: Final = (WEB_PORT, REALTIME_PORT, TERMINAL_PORT)
HEALTH_PATH: Final = "/api/health"
"""Page that is well while Coolify and its database are; it asks for no login."""
WEBHOOK_PATH: Final = "/webhooks/source/github/events/manual"
"""Where GitHub tells of a push."""

Place = Literal["staging", "production"]
"""Environment of an application in Coolify."""
Uuid = Annotated[str, Form("^[a-z0-9]{8,64}$", "the letters and digits that Coolify shows in the address of its page")]
Repository = Annotated[
    str,
    Form(
        r"^git@[a-z0-9.-]+:[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+\.git$",
        "the SSH address of a repository, such as git@github.com:luxima/storefront.git",
    ),
]
Branch = Annotated[str, Form(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$", "the name of a branch, such as main")]
Variable = Annotated[str, Form("^[A-Z][A-Z0-9_]{0,99}$", "the name of a variable: capitals, digits and _")]


class Application(Area):
    """One application on Coolify's host, built from a branch by its Dockerfile."""

    environment: Place = Field(default="staging", description="Environment in Coolify; `production` is never automatic")
    repository: Repository = Field(description="Repository that it is built from, by SSH")
    branch: Branch = Field(default="main", description="Branch that is built")
    deploy_key: Uuid = Field(description="Deploy key of the repository: its id in Coolify, Keys & Tokens")
    auto_deploy: bool = Field(default=True, description="Whether a push deploys it, by GitHub's webhook")
    releases: ServiceName | None = Field(
        default=None,
        description="Service that each deployment releases in this stack, with the image $RELEASE_IMAGE",
    )
    port: Port = Field(default=3000, description="TCP port that it listens on")
    health_path: UrlPath = Field(default="/healthz", description="Path that answers 200 when it can serve")
    hosts: tuple[Label, ...] = Field(
        default=(), description="Labels under the core domain that it serves; each is in dns.hosts.core"
    )
    memory_mib: Annotated[int, Field(ge=64, le=1_048_576)] = Field(default=256, description="Memory limit, in MiB")
    variables: Mapping[Variable, str] = Field(
        default_factory=dict[str, str], description="Environment that everybody may see; the build has it too"
    )
    secrets: tuple[Variable, ...] = Field(
        default=(), description="Names of what the secret coolifyVariables has for it; never told to the build"
    )
    taken_over: Uuid | None = Field(
        default=None, description="Id of an application that is in Coolify already and is managed from now on"
    )


class Coolify(Area):
    """Coolify: pages, API and webhook on one Docker host, and its applications on the same."""

    host: Label = Field(description="Docker host that it runs on; one of compute.vms")
    admin_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] = Field(
        description="Login of its first user, whose password is the output coolifyPassword"
    )
    api: Literal["disabled", "enabled"] = Field(
        default="disabled",
        description="`enabled` once the secret coolifyApiToken is set, which no API can make "
        "(docs/how-to/add-an-application.md)",
    )
    endpoint: HttpsUrl | None = Field(
        default=None, description="Where its API is asked; https://coolify. under the core domain by default"
    )
    server: str = Field(default="localhost", description="Its name of the server that applications are on")
    memory_mib: Annotated[int, Field(ge=768, le=1_048_576)] = Field(
        default=1536, description="Memory of its four containers together, in MiB"
    )
    applications: Mapping[Label, Application] = Field(
        default_factory=dict[str, Application], description="Applications by name; they wait for `api: enabled`"
    )
