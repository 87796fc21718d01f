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

    Quotas, machines and volumes grow with them: they are no limits of the program.
    """
    folder.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    names = [f"service-{number}" for number in range(services)]
    stack = _read(file_name(None, STACK))
    _enlarge(stack["config"], services)
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


def _enlarge(config: dict[str, Any], services: int) -> None:
    more = {"cpu_requests_millicores": 40, "memory_requests_mib": 140, "memory_limits_mib": 140, "pods": 4}
    for namespace in config["luxima:kubernetes"]["namespaces"].values():
        namespace["quota"] = {key: value + more[key] * services for key, value in namespace["quota"].items()}
    compute, observed = config["luxima:compute"], config["luxima:observability"]
    compute["nodes"]["pve1"].update(cpus=16 + services // 4, memory_mib=65536 + 2560 * services)
    agent = compute["vms"]["k3s-agent-1"]
    agent.update(memory_mib=8192 + 52 * services, disk_gib=60 + 3 * services)
    for number in range(2, 2 + -(-services // 25)):
        place = {"id": 2000 + number, "address": f"10.10.10.{100 + number}"}
        compute["vms"][f"k3s-agent-{number}"] = {**agent, **place}
    observed["prometheus"]["volume_gib"] += 3 * services
    observed["prometheus"]["memory_mib"] += 90 * services
    observed["loki"]["memory_mib"] += 8 * services


def _read(file: str) -> dict[str, Any]:
    return dict(yaml.load((ROOT / file).read_text(encoding="utf-8"), yaml.CSafeLoader))


def _release(like: dict[str, Any], name: str) -> dict[str, Any]:
    """The release of another service: the same digest, of a repository of its own."""
    blue = like["slots"]["blue"]
    image = blue["image"].replace("/storefront@", f"/{name}@")
    return {"live": "blue", "slots": {"blue": {**blue, "image": image}, "green": None}}
