"""The process that stands in for Coolify's API, as a person left it: with a token, and with the deploy keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import tls
from sandbox.layout import Layout
from sandbox.ports import Wanted
from sandbox.servers.base import Single, Site, begin_world, https_status

_HOST = "127.0.0.1"


class Coolify(Single):
    """Coolify's API, of a stack in which it is enabled; its containers are on the Docker host."""

    name = "coolify"
    programs: Sequence[str] = ()
    holds_data = True

    def ports(self) -> list[Wanted]:
        """The API."""
        return [Wanted("coolify")]

    def start(self, site: Site) -> None:
        """Run it with the deploy keys that the settings name."""
        coolify = site.settings.delivery.coolify
        if coolify is None or coolify.api == "disabled":
            return
        layout = site.layout
        folder = begin_world(layout, self.name)
        certificate, key = tls.ensure_server(layout.tls, self.name, [_HOST])
        token = layout.run / "coolify.token"
        tls.write_private(token, site.credentials.stack["coolifyApiToken"].encode())
        command = [
            *("sandbox.servers.coolify_http", "--host", _HOST, "--port", str(site.ports[self.name])),
            *("--cert", str(certificate), "--key", str(key), "--token-file", str(token)),
            *("--keys", ",".join(each.deploy_key for each in coolify.applications.values())),
            *("--state", str(folder / "coolify.json")),
        ]
        self.keep_running(site, folder, command, [token])

    def endpoint(self, config: Mapping[str, Any], ports: Mapping[str, int]) -> Mapping[str, Mapping[str, Any]]:
        """What of a stack's configuration leads to it; nothing where there is no Coolify."""
        coolify = config["luxima:delivery"].get("coolify")
        return {} if coolify is None else {"delivery": {"coolify": {**coolify, "endpoint": self.address(ports)}}}

    def address(self, ports: Mapping[str, int]) -> str:
        """URL of the API, as `luxima:delivery.coolify.endpoint` wants it."""
        return f"https://{_HOST}:{ports[self.name]}"

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether it answers at all: without a token it refuses, which is an answer."""
        return https_status(f"{self.address(ports)}/api/v1/servers", layout.ca_bundle) in {200, 401}
