"""The plugin process: `python -m sandbox.providers.minio ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.minio.driver import MinioDriver
from sandbox.providers.service import run

if __name__ == "__main__":
    run("minio", version("pulumi-minio"), MinioDriver())
