"""A checkout whose stack has as many services as wanted, each of them released."""

import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.layout import ROOT
from settings.report import RELEASES, SERVICES, file_name

STACK: Final = "dev"
_ENTRY: Final = {
    "port": 3000,
    "replicas": 1,
    "cpu_request_millicores": 10,
    "memory_request_mib": 16,
    "memory_limit_mib": 32,
    "strategy": "rolling",
    "objectives": {"latency": {"indicator": "latency", "threshold_milliseconds": 500}},
}


def make(folder: Path, services: int) -> Path:
    """Write the files of the dev stack with that many services more; the folder that holds them.

    The namespace's quota grows with them: it is no limit of the program.
    """
    folder.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    names = [f"service-{number}" for number in range(services)]
    stack = _read(file_name(None, STACK))
    quota = stack["config"]["luxima:kubernetes"]["namespaces"]["commerce"]["quota"]
    quota.update({key: value + 40 * services for key, value in quota.items() if key != "pods"})
    quota.update(memory_limits_mib=quota["memory_limits_mib"] + 88 * services, pods=quota["pods"] + 4 * services)
    quota.update(memory_requests_mib=quota["memory_requests_mib"] + 24 * services)
    own = _read(file_name(SERVICES, STACK))
    released = _read(file_name(RELEASES, STACK))
    like = released["services"]["storefront"]
    released["services"].update((name, _release(like, name)) for name in names)
    own.update((name, {"host": name, **_ENTRY}) for name in names)
    for area, content in ((None, stack), (SERVICES, own), (RELEASES, released)):
        path = folder / file_name(area, STACK)
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def _read(file: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))


def _release(like: dict[str, Any], name: str) -> dict[str, Any]:
    """The release of another service: the same digest, of a repository of its own."""
    blue = like["slots"]["blue"]
    image = blue["image"].replace("/storefront@", f"/{name}@")
    return {"live": "blue", "slots": {"blue": {**blue, "image": image}, "green": None}}
