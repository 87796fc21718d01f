"""Releases that are given to the routing documents, and their routers."""

from typing import Any

import yaml

from components.edge import documents
from settings import Settings
from settings.values import Slot

SLOTS: tuple[Slot, ...] = ("blue", "green")


def slot(digit: str, standing: str = "verified") -> dict[str, str]:
    return {"image": f"registry.luxima.id/aceh/any@sha256:{digit * 64}", "standing": standing}


def both(live: str = "blue", **more: Any) -> dict[str, Any]:
    return {"live": live, "slots": {"blue": slot("a"), "green": slot("b")}, **more}


def candidate(percent: int, digit: str = "c") -> dict[str, Any]:
    return {"image": slot(digit)["image"], "percent": percent}


def routing(settings: Settings, of: Slot) -> dict[str, Any]:
    return yaml.load(documents(settings)[f"{of}/routing.yaml"], yaml.CSafeLoader)


def routers(settings: Settings, of: Slot) -> dict[str, dict[str, Any]]:
    return routing(settings, of)["http"]["routers"]
