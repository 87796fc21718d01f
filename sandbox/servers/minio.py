"""MinIO: S3 and its admin API over TLS, with one KMS key, so that server-side encryption works as in production."""

from collections.abc import Mapping, Sequence

import urllib3
from minio import Minio as Client

from sandbox import tls
from sandbox.layout import Layout
from sandbox.machine import plan
from sandbox.ports import Wanted
from sandbox.servers.base import Single, Site, begin_world, https_status

_HOST = "127.0.0.1"


class Minio(Single):
    """The object storage."""

    name = "minio"
    programs: Sequence[str] = ("minio",)
    holds_data = True

    def ports(self) -> list[Wanted]:
        """S3 and admin API."""
        return [Wanted("minio", _HOST)]

    def start(self, site: Site) -> None:
        """Run it on its data folder."""
        layout, port = site.layout, site.ports["minio"]
        folder = begin_world(layout, self.name)
        certificate, _ = tls.ensure_server(layout.tls, self.name, [_HOST, "localhost", *_names(site)])
        (folder / "drive").mkdir(exist_ok=True)
        command = [
            *(str(site.programs["minio"]), "server", "--quiet", f"--address={_HOST}:{port}"),
            *(f"--certs-dir={certificate.parent}", str(folder / "drive")),
        ]
        environment = site.environment(
            folder,
            MINIO_ROOT_USER=site.settings.storage.root_user,
            MINIO_ROOT_PASSWORD=site.credentials.stack["minioRootPassword"],
            MINIO_KMS_SECRET_KEY=f"{site.settings.storage.kms_key}:{site.credentials.stack['minioKmsKey']}",
            MINIO_SITE_REGION=site.settings.storage.region,
            MINIO_BROWSER="off",
            MINIO_UPDATE="off",
            MINIO_CALLHOME_ENABLE="off",
            SSL_CERT_FILE=str(layout.ca_bundle),
        )
        self.keep_running(site, folder, command, environment=environment)
        self._other_site(site)

    def _other_site(self, site: Site) -> None:
        """Make the bucket that people have at the other site, if the stack's copies go there."""
        off_site, storage = site.settings.backup.off_site, site.settings.storage
        if off_site is None:
            return
        pool = urllib3.PoolManager(ca_certs=str(site.layout.ca_bundle))
        password = site.credentials.stack["minioRootPassword"]
        client = Client(self.endpoint(site.ports), access_key=storage.root_user, secret_key=password, http_client=pool)
        if not client.bucket_exists(off_site.bucket):
            client.make_bucket(off_site.bucket, object_lock=True)

    def address(self, ports: Mapping[str, int]) -> str:
        """URL of the S3 API."""
        return f"https://{self.endpoint(ports)}"

    def endpoint(self, ports: Mapping[str, int]) -> str:
        """host:port, as `luxima:storage.endpoint` wants it."""
        return f"{_HOST}:{ports['minio']}"

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether it takes writes."""
        return https_status(f"{self.address(ports)}/minio/health/cluster", layout.ca_bundle) == 200


def _names(site: Site) -> list[str]:
    """The name under which the settings know it, where that leads to it, and the address that it leads to."""
    return [plan.storage_name(site.settings), site.settings.compute.network.gateway] if site.real else []
