"""Names that the public asks for have certificates, by DNS-01 and from whom the requirement says (SEC-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import INSIDE, ROUTING, of_stack
from .exposure import is_private as is_inside

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
PRIVATE = (".local", ".internal", ".lan", ".test")
"""Ends of names that no public authority certifies: those get certificates of a private one."""
_TSIG = frozenset({"HMACSHA256", "HMACSHA384", "HMACSHA512"})
_HOST = re.compile(r"Host\(([^)]*)\)")
_QUOTED = re.compile(r"`([^`]+)`")
_AUTHORITIES = ("acme", "ca", "selfSigned", "vault", "venafi")
_OF_CERTIFICATE = frozenset({"ca.crt", "tls.crt", "tls.key"})
"""Keys of a Secret that a certificate is kept in."""
_SHORTEST_HOURS, _LONGEST_HOURS = 720, 2160


def is_private(name: str) -> bool:
    """Whether a name is one of a private zone."""
    return name.endswith(PRIVATE)


@resource_rule("acme-issuer", requirements=("SEC-1",), types=kinds.ISSUERS)
def acme_issuer(resource: Resource) -> Iterator[Finding]:
    """A public issuer is Let's Encrypt's, and proves its names by DNS-01 with a signed update; no issuer is two."""
    given = [each for name in _AUTHORITIES if (each := resource.props.at("spec", name)).present]
    for other in given[1:]:
        yield other.wrong("is another authority beside it", "remove it")
    acme = resource.props.at("spec", "acme")
    if not acme.present:
        return
    server = acme.at("server")
    if server.text != LETS_ENCRYPT:
        yield server.wrong(f"is {server.text or 'missing'}", f"give {LETS_ENCRYPT}")
    if acme.at("skipTLSVerify").flag:
        yield acme.at("skipTLSVerify").wrong("switches the check of the certificate off", "remove it")
    solvers = list(acme.at("solvers").items())
    if not solvers:
        yield acme.at("solvers").wrong("is missing", "give one with dns01")
    for solver in solvers:
        if solver.at("http01").present or not solver.at("dns01").present:
            yield solver.wrong("is not dns01, without which there is no wildcard", "give dns01")
        else:
            yield from _updated(solver.at("dns01", "rfc2136"))
            if solver.at("selector", "matchLabels").present:
                yield solver.at("selector", "matchLabels").wrong("leaves certificates out", "remove it")
    if not acme.at("privateKeySecretRef", "name").text:
        yield acme.at("privateKeySecretRef", "name").wrong("is missing", "name the Secret of the account's key")
    yield from _account(acme)


def _account(acme: Value) -> Iterator[Finding]:
    for name in ("disableAccountKeyGeneration", "caBundle"):
        if acme.at(name).text not in {"", "false"}:
            yield acme.at(name).wrong("lets another one be the authority, or nobody", "remove it")
    if not acme.at("email").text:
        yield acme.at("email").wrong("is missing: nobody hears of what fails", "give the address for alerts")


def _updated(update: Value) -> Iterator[Finding]:
    algorithm, server = update.at("tsigAlgorithm"), update.at("nameserver")
    for name, place in (("name", update.at("tsigKeyName")), ("key", update.at("tsigSecretSecretRef", "name"))):
        if not place.text:
            yield place.wrong(f"is missing: no {name}, so nobody signs", "give it")
    if algorithm.text not in _TSIG:
        yield algorithm.wrong(f"is {algorithm.text or 'missing, which is MD5'}", "give HMACSHA256")
    if not is_inside(server.text.rpartition(":")[0] or server.text):
        yield server.wrong(f"is {server.text or 'missing'}", "give the private address of the stack's name server")


@stack_rule("certificate-issuer", requirements=("SEC-1",), types=(kinds.CERTIFICATE, *kinds.ISSUERS))
def certificate_issuer(stack: Stack) -> Iterator[Finding]:
    """Certificates of public names are Let's Encrypt's, of private names those of a private authority."""
    issuers = {
        (each.type.rpartition(":")[2], each.props.at("metadata", "name").text): each
        for each in stack.of(*kinds.ISSUERS)
    }
    for certificate in stack.of(kinds.CERTIFICATE):
        spec = certificate.props.at("spec")
        reference = spec.at("issuerRef")
        found = issuers.get((reference.at("kind").text or "Issuer", reference.at("name").text))
        if found is None or reference.at("group").text not in {"", "cert-manager.io"}:
            yield reference.wrong("names no issuer of the stack", "name one that is declared")
            continue
        issuer = found.props.at("spec")
        zones = [
            zone
            for solver in issuer.at("acme", "solvers").items()
            for zone in solver.at("selector", "dnsZones").texts()
        ]
        for name in spec.at("dnsNames").items():
            if is_private(name.text):
                if not issuer.at("ca").present:
                    yield name.wrong(f"{name.text} is no name of {reference.at('name').text}'s", "name the private CA")
            elif spec.at("isCA").flag:
                yield spec.at("isCA").wrong("is true: no public authority certifies one", "remove it")
            elif not issuer.at("acme").present:
                yield name.wrong(f"{name.text} is public and not Let's Encrypt's", "name the issuer with acme")
            elif zones and not any(f".{name.text.removeprefix('*.')}".endswith(f".{zone}") for zone in zones):
                yield name.wrong(f"{name.text} is in no zone of the solvers", "name its zone in selector.dnsZones")


@resource_rule("certificate-strength", requirements=("SEC-1",), types=(kinds.CERTIFICATE,))
def certificate_strength(resource: Resource) -> Iterator[Finding]:
    """A certificate has a strong key, a new one each time, and is renewed early enough to repair what fails."""
    spec = resource.props.at("spec")
    key = spec.at("privateKey")
    least = {"ECDSA": 256, "RSA": 2048, "": 2048}.get(key.at("algorithm").text, 0)
    size = key.at("size")
    if key.at("algorithm").text == "ECDSA" and size.text not in {"", "256", "384", "521"}:
        yield size.wrong(f"is {size.text}, of which there is no curve", "give 256")
    if (size.number or 2048 if key.at("algorithm").text != "ECDSA" else size.number or 256) < least:
        yield size.wrong(f"is {size.text}", f"give {least}")
    yield from _beside(resource, spec)
    if not spec.at("secretName").text:
        yield spec.at("secretName").wrong("is missing", "name the Secret that the gateway mounts")
    if spec.at("isCA").flag:
        if list(spec.at("dnsNames").items()):
            yield spec.at("isCA").wrong("is true: who serves a name could certify every other one", "remove it")
        return
    rotation = key.at("rotationPolicy")
    if rotation.text != "Always":
        yield rotation.wrong(f"is {rotation.text or 'missing'}", "give Always")
    if not list(spec.at("dnsNames").items()):
        yield spec.at("dnsNames").wrong("is missing", "name the hosts")
    usages = spec.at("usages")
    if usages.present and "server auth" not in usages.texts():
        yield usages.wrong("lacks server auth, without which no browser takes it", "add it")
    before, duration = spec.at("renewBefore"), spec.at("duration")
    hours = re.match(r"(\d+)h", before.text)
    if hours is None or int(hours[1]) < 240:
        yield before.wrong(f"is {before.text or 'missing'}", "give at least 240h")
    whole = re.match(r"(\d+)h", duration.text)
    if duration.present and (whole is None or not _SHORTEST_HOURS <= int(whole[1]) <= _LONGEST_HOURS):
        yield duration.wrong(f"is {duration.text}", "give 2160h, as Let's Encrypt does")


def _beside(resource: Resource, spec: Value) -> Iterator[Finding]:
    if "cert-manager.io/issue-temporary-certificate" in resource.props.at("metadata", "annotations").names():
        yield resource.props.at("metadata", "annotations").wrong("serves one that nobody signed", "remove it")
    for name in ("ipAddresses", "uris", "emailAddresses", "otherNames", "literalSubject"):
        if spec.at(name).present and not spec.at("isCA").flag:
            yield spec.at(name).wrong("is what Let's Encrypt certifies for nobody", "remove it")


@stack_rule("zone-authority", requirements=("SEC-1",), types=(kinds.DNS_RECORD,))
def zone_authority(stack: Stack) -> Iterator[Finding]:
    """A public zone says that only Let's Encrypt may certify its names, by DNS-01."""
    records = stack.of(kinds.DNS_RECORD)
    said: set[str] = set()
    for record in records:
        if record.props.at("type").text != "CAA":
            continue
        said.add(record.props.at("zone").text)
        values = record.props.at("records")
        issuing = [each for each in values.items() if " issue" in each.text]
        for each in issuing:
            if not _CAA.fullmatch(each.text) and not is_private(record.props.at("zone").text):
                yield each.wrong(f"is {each.text}", "name letsencrypt.org with validationmethods=dns-01")
        for tag in (" issue ", " issuewild "):
            if not any(tag in each.text for each in issuing):
                yield values.wrong(f"has no{tag.rstrip()}", "say who may certify")
    for record in records:
        zone = record.props.at("zone")
        if zone.text and not is_private(zone.text) and zone.text not in said:
            said.add(zone.text)
            yield zone.wrong(f"{zone.text} has no CAA record", "declare one: else any authority certifies its names")


_CAA = re.compile(r'\d+ issue(?:wild)? "letsencrypt\.org; ?(?:accounturi=[^;]+; ?)?validationmethods=dns-01"')


def _hosts(rule: str) -> Iterator[str]:
    for named in _HOST.findall(rule):
        yield from _QUOTED.findall(named)


def _covered(host: str, names: set[str]) -> bool:
    return host in names or f"*.{host.partition('.')[2]}" in names


@stack_rule(
    "public-name-certified", requirements=("SEC-1",), types=(kinds.CERTIFICATE, kinds.CONFIG_MAP, *kinds.WORKLOADS)
)
def public_name_certified(stack: Stack) -> Iterator[Finding]:
    """Every host that a gateway serves is in a certificate that the gateway has."""
    named = {
        (kinds.namespace_of(each), each.props.at("spec", "secretName").text): set(
            each.props.at("spec", "dnsNames").texts()
        )
        for each in stack.of(kinds.CERTIFICATE)
    }
    mounted = [
        ((kinds.namespace_of(workload), secret), path)
        for workload in stack.of(*kinds.WORKLOADS)
        for secret, path in _secrets(kinds.pod_spec(workload))
    ]
    for document in of_stack(stack, ROUTING):
        http = document.content.at("http")
        served = [each.at("certFile").text for each in document.content.at("tls", "certificates").items()]
        names: set[str] = set()
        for secret, path in mounted:
            if not path or any(file.endswith(f"/{path}") for file in served):
                names |= named.get(secret, set())
        for _, router in http.at("routers").entries():
            if router.at("entryPoints").texts() == INSIDE:
                continue
            rule = router.at("rule")
            for host in _hosts(rule.text):
                if not _covered(host, names):
                    yield rule.wrong(f"serves {host}, which no certificate of the gateway has", "add it to dnsNames")


def _secrets(pod: Value) -> Iterator[tuple[str, str]]:
    """The Secrets that a pod mounts, with the path of each certificate below the mount ("" for the whole Secret)."""
    for volume in pod.at("volumes").items():
        yield volume.at("secret", "secretName").text, ""
        for source in volume.at("projected", "sources").items():
            name = source.at("secret", "name").text
            items = [item for item in source.at("secret", "items").items() if item.at("key").text == "tls.crt"]
            yield from ((name, item.at("path").text) for item in items)
            if not items:
                yield name, ""


@stack_rule(
    "certificate-used",
    requirements=("SEC-1",),
    types=(kinds.CERTIFICATE, *kinds.ISSUERS, kinds.SECRET, kinds.SECRET_PATCH, *kinds.WORKLOADS),
)
def certificate_used(stack: Stack) -> Iterator[Finding]:
    """A certificate's Secret is where somebody reads it, and whoever reads one, or certifies by it, has it made."""
    made: dict[str, Value] = {
        each.props.at("spec", "secretName").text: each.props.at("spec", "secretName")
        for each in stack.of(kinds.CERTIFICATE)
    }
    wanted: dict[str, Value] = {}
    for issuer in stack.of(*kinds.ISSUERS):
        wanted[issuer.props.at("spec", "ca", "secretName").text] = issuer.props.at("spec", "ca", "secretName")
    for patch in stack.of(kinds.SECRET_PATCH):
        wanted[patch.props.at("metadata", "name").text] = patch.props.at("metadata", "name")
    wanted.pop("", None)
    read = {secret for each in stack.of(*kinds.WORKLOADS) for secret, _ in _secrets(kinds.pod_spec(each))}
    there = {
        (kinds.namespace_of(each), each.props.at("spec", "secretName").text) for each in stack.of(kinds.CERTIFICATE)
    }
    there |= {(kinds.namespace_of(each), each.props.at("metadata", "name").text) for each in stack.of(kinds.SECRET)}
    for workload in stack.of(*kinds.WORKLOADS) if made else ():
        for volume in kinds.pod_spec(workload).at("volumes").items():
            for source in volume.at("projected", "sources").items():
                keys = {item.at("key").text for item in source.at("secret", "items").items()}
                name = source.at("secret", "name")
                if keys & _OF_CERTIFICATE and (kinds.namespace_of(workload), name.text) not in there:
                    yield name.wrong(f"is {name.text}, of which no certificate is made", "declare the Certificate")
    for name, place in wanted.items():
        if made and name not in made:
            yield place.wrong(f"is {name}, of which no certificate is made", "declare the Certificate")
    for name, place in made.items() if wanted and read else ():
        if name not in wanted and name not in read:
            yield place.wrong(f"is {name}, which nobody reads", "name the Secret that is mounted or read")
