"""Kinds of text that more than one area uses: names, addresses, URLs. Every kind says what would be right."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

PRIVATE: Final = tuple(
    ipaddress.IPv4Network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
)
"""Networks of no address of the internet (RFC 1918, 6598, 3927)."""


class Area(BaseModel):
    """Base of everything in a stack or release file: unknown keys refused, no silent conversion, unchangeable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True)
class Form:
    """Restricts a text to `pattern` (and to `accepts`, for what a pattern cannot say); `right` is told to the user."""

    pattern: str
    right: str
    accepts: Callable[[str], bool] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def matches(self, text: str) -> bool:
        """Whether `text` has this form."""
        return re.fullmatch(self.pattern, text) is not None and (self.accepts is None or self.accepts(text))

    def _check(self, text: str) -> str:
        if self.matches(text):
            return text
        raise PydanticCustomError("form", "{right}", {"right": self.right})


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return True


def _is_domain(text: str) -> bool:
    return len(text) <= 253 and not text.rsplit(".", 1)[-1].isdigit()


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= 65535


def _is_host(text: str) -> bool:
    return _is_address(text) or DOMAIN.matches(text)


def _is_endpoint(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return _is_host(host) and _is_port(port)


def _is_https_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.hostname is not None and _is_host(parts.hostname) and port != 0


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"

LABEL = Form(
    f"^{_LABEL}$",
    "a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters (RFC 1123)",
)
DOMAIN = Form(
    rf"^{_LABEL}(\.{_LABEL})+$",
    "a DNS name such as staging.acehcommerce.id: two labels or more of lower-case letters, digits and inner hyphens, "
    "63 characters at most each and 253 together (RFC 1035, RFC 1123)",
    _is_domain,
)
ADDRESS = Form(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$", "an IPv4 address such as 10.10.10.21", _is_address)
NETWORK = Form(
    r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$",
    "an IPv4 network in CIDR notation with no host bits set, such as 10.10.10.0/24",
    _is_network,
)
HTTPS_URL = Form(
    r"^https://[^\s/?#@]+(/[^\s]*)?$",
    "an https:// URL with a host name or address and no user in it, such as https://pve.luxima.id:8006/",
    _is_https_url,
)
ENDPOINT = Form(r"^[^\s:/@]+:[0-9]{1,5}$", "host:port, such as object-storage.luxima.id:443", _is_endpoint)
EMAIL = Form(
    rf"^[A-Za-z0-9._%+-]{{1,64}}@{_LABEL}(\.{_LABEL})+$",
    "an e-mail address such as alerts@luxima.id",
)
PATH = Form(r"^/[A-Za-z0-9._~/-]*$", "an absolute URL path without a query, such as /healthz")

Slot = Literal["blue", "green"]
"""The two places in which a release of a service can stand."""

Owner = Literal["devops", "engineering", "security"]
"""A team of Aceh Commerce that answers for something."""

T = TypeVar("T")


def _both_slots(slots: Mapping[Slot, T]) -> Mapping[Slot, T]:
    if len(slots) < 2:
        raise PydanticCustomError("slots", "a slot is missing")
    return slots


Slots = Annotated[
    Mapping[Slot, T], AfterValidator(_both_slots), Field(json_schema_extra={"required": ["blue", "green"]})
]
"""One `T` for each slot; both have to be there."""

Port = Annotated[int, Field(ge=1, le=65_535)]

Label = Annotated[str, LABEL]
Domain = Annotated[str, DOMAIN]
Address = Annotated[str, ADDRESS]
Network = Annotated[str, NETWORK]
HttpsUrl = Annotated[str, HTTPS_URL]
Endpoint = Annotated[str, ENDPOINT]
Email = Annotated[str, EMAIL]
UrlPath = Annotated[str, PATH]
