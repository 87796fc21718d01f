"""Rules on names: of the stack, its domains, its certificates (ENV-1..4, SEC-1)."""

from collections.abc import Iterator

from settings.environment import GATEWAY_HOSTS
from settings.report import Problem, show
from settings.stack import Settings

DNS_NAME = 253
_CHALLENGE = "_acme-challenge"


def stack_name(settings: Settings, stack: str) -> Iterator[Problem]:
    """A stack's file says which stack it is for: values copied from another one are noticed."""
    name = settings.environment.name
    if name != stack:
        yield Problem(("environment", "name"), f'"{name}" is not the selected stack; give {stack}')


def uptime(settings: Settings) -> Iterator[Problem]:
    """The objective is at least the requirement's (ENV-4)."""
    percent = settings.environment.uptime_objective_percent
    if percent < 99.9:
        text = f"{percent} is too low; requirement ENV-4 asks for at least 99.9"
        yield Problem(("environment", "uptime_objective_percent"), text)


def domains(settings: Settings) -> Iterator[Problem]:
    """Public services and core hosts have a domain each: neither is the other nor inside it."""
    domain, core = settings.environment.domain, settings.environment.core_domain
    if domain == core or domain.endswith(f".{core}") or core.endswith(f".{domain}"):
        text = f"{show(core)} overlaps with environment.domain, {show(domain)}; give a domain apart from it"
        yield Problem(("environment", "core_domain"), text)


def lengths(settings: Settings) -> Iterator[Problem]:
    """The longest name that the platform makes is one that DNS takes (RFC 1035)."""
    environment = settings.environment
    services = [f"{name}-{slot}" for name in settings.services for slot in settings.edge.gateways]
    guests = [*settings.compute.vms, *settings.compute.containers]
    for key, domain, hosts in (
        ("domain", environment.domain, [*services, *settings.dns.hosts.get("public", {}), _CHALLENGE]),
        (
            "core_domain",
            environment.core_domain,
            [*GATEWAY_HOSTS, *guests, *settings.dns.hosts.get("core", {}), _CHALLENGE],
        ),
    ):
        most = DNS_NAME - 1 - max(map(len, hosts))
        if len(domain) > most:
            text = f"has {len(domain)} characters, with which {max(hosts, key=len)} before it is longer than DNS takes"
            yield Problem(("environment", key), f"{text}, {DNS_NAME}; give at most {most} characters")


def issuer(settings: Settings) -> Iterator[Problem]:
    """No public CA knows .local names (RFC 6762); every other name gets a certificate that browsers trust (SEC-1)."""
    given = settings.edge.certificates.issuer
    local = [domain for domain in settings.environment.zones if domain.endswith(".local")]
    path = ("edge", "certificates", "issuer")
    if local and given == "acme":
        text = f'"acme" gives no certificate for {local[0]}: .local names are in no public DNS; give private_ca'
        yield Problem(path, text)
    if not local and given == "private_ca":
        domain = settings.environment.domain
        yield Problem(path, f'"private_ca" is for .local names, and {domain} is public; give acme (requirement SEC-1)')


def acme_account(settings: Settings) -> Iterator[Problem]:
    """An ACME account has a contact and a key of the name servers, a private CA has neither."""
    certificates = settings.edge.certificates
    needed = {"acme_email": "an e-mail address for its account", "acme_tsig": "a key that the name servers know"}
    for key, what in needed.items():
        path, given = ("edge", "certificates", key), getattr(certificates, key)
        if certificates.issuer == "acme" and given is None:
            yield Problem(path, f"is missing; issuer acme needs {what}")
        if certificates.issuer == "private_ca" and given is not None:
            yield Problem(path, "is not used with issuer private_ca; remove it")


def acme_algorithm(settings: Settings) -> Iterator[Problem]:
    """cert-manager signs its updates by DNS-01 with two of the algorithms only."""
    tsig = settings.edge.certificates.acme_tsig
    if tsig is not None and tsig.algorithm == "hmac-sha384":
        text = f'"{tsig.algorithm}" is not supported by cert-manager; give hmac-sha256 or hmac-sha512'
        yield Problem(("edge", "certificates", "acme_tsig", "algorithm"), text)


RULES = (uptime, domains, lengths, issuer, acme_account, acme_algorithm)
