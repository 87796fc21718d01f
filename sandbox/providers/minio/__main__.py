"""The plugin process: `python -m sandbox.providers.minio ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.base import serve
from sandbox.providers.minio.driver import MinioDriver

if __name__ == "__main__":
    serve("minio", version("pulumi-minio"), MinioDriver())
