"""How a container on a Docker host is seen to serve; the next host is touched when nothing is unhealthy (INF-2)."""

from collections.abc import Sequence

import pulumi_docker as docker


def healthcheck(tests: Sequence[str], *, awaited: bool = False) -> docker.ContainerHealthcheckArgs:
    """Have the engine ask every 10 s: a start may take a minute, and after a minute of silence it is unhealthy.

    Args:
        tests: Command in the container that ends well when it serves; CMD or CMD-SHELL first.
        awaited: Whether others are made only when it serves: it is asked every 3 s.
    """
    interval, retries = ("3s", 20) if awaited else ("10s", 6)
    return docker.ContainerHealthcheckArgs(
        tests=list(tests), interval=interval, timeout="5s", retries=retries, start_period="60s"
    )


def page(url: str) -> list[str]:
    """The test of an image that has busybox: a page is given."""
    return ["CMD", "wget", "-q", "-O", "/dev/null", url]


def connection(port: int) -> list[str]:
    """The test of an image that has bash and no client of HTTP: somebody listens at a TCP port of the container."""
    return ["CMD", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]
