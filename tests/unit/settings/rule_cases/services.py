"""Cases for the rules on services and releases."""

from settings.rules import releases, services
from tests.unit.settings.rule_cases.case import Case, value
from tests.unit.settings.stacks import ABSENT, data_of

STOREFRONT = "releases.services.storefront"
DIGEST = f"sha256:{64 * '0'}"

CASES = [
    *(value(services.needed_services, f"services.{name}", ABSENT, "requirement ENV-2") for name in services.NEEDED),
    value(services.hosts, "services.auth.host", "admin", '"admin" is the host of admin already', "login"),
    value(
        services.hosts,
        "services.auth.host",
        "api-green",
        '"api-green" is the host of slot green of api already',
        "api-red",
    ),
    Case(
        services.names,
        {"services.grafana": {**data_of("dev")["services"]["auth"], "host": "pictures"}},
        "is a name that the gateways use for grafana; give another name",
        {"services.pictures": {**data_of("dev")["services"]["auth"], "host": "pictures"}},
    ),
    Case(
        services.names,
        {"services.api-canary": {**data_of("dev")["services"]["auth"], "host": "birds"}},
        "is a name that the gateways use for canary of api",
        {"services.birds": {**data_of("dev")["services"]["auth"], "host": "birds"}},
    ),
    value(
        services.storage_users,
        "services.auth.storage_user",
        "auth",
        '"auth" is not a user of the object storage; users: storefront',
        "storefront",
    ),
    value(
        services.memory_limit,
        "services.auth.memory_limit_mib",
        127,
        "127 is less than memory_request_mib; give at least 128",
        128,
    ),
    Case(
        services.autoscaling,
        {"services.auth.autoscaling": {"max_replicas": 2}},
        "2 is not more than replicas; give at least 3",
        {"services.auth.autoscaling": {"max_replicas": 3}},
        at="services.auth.autoscaling.max_replicas",
    ),
    Case(
        services.rolling,
        {"services.auth.rolling": {"max_surge": 0}},
        "no pod could ever be replaced",
        {"services.auth.rolling": {"max_surge": 0, "max_unavailable": 1}},
        at="services.auth.rolling.max_unavailable",
    ),
    Case(
        services.rolling,
        {"services.auth.rolling": {"max_unavailable": 2}},
        "2 would take all 2 pods at once; give at most 1",
        {"services.auth.rolling": {"max_unavailable": 1}},
        at="services.auth.rolling.max_unavailable",
    ),
    Case(
        services.failover,
        {"services.api.failover": {"url": "https://api.dev.acehcommerce.local/"}},
        "is part of this stack and fails together with it",
        {"services.api.failover": {"url": "https://aceh-functions.fly.dev/"}},
        at="services.api.failover.url",
    ),
    Case(
        releases.live_slot_is_safe,
        {f"{STOREFRONT}.slots.blue.standing": "candidate"},
        '"blue" was not verified; run `python -m release verify storefront --stack dev` first',
        {f"{STOREFRONT}.slots.green": {"image": f"registry.dev.luxima.local/other@{DIGEST}"}},
        at=f"{STOREFRONT}.live",
    ),
    Case(
        releases.live_slot_is_safe,
        {f"{STOREFRONT}.rejected": [data_of("dev")["releases"]["services"]["storefront"]["slots"]["blue"]["image"]]},
        '"blue" holds an image that was rolled back',
        {f"{STOREFRONT}.rejected": [f"registry.dev.luxima.local/other@{DIGEST}"]},
        at=f"{STOREFRONT}.live",
    ),
    *(
        Case(
            releases.candidates,
            {f"{STOREFRONT}.{kind}": {"image": f"registry.dev.luxima.local/other@{DIGEST}", "percent": 10}},
            f"is for services with strategy {kind}; storefront has rolling",
            {
                "services.storefront.strategy": kind,
                f"{STOREFRONT}.{kind}": {"image": f"registry.dev.luxima.local/other@{DIGEST}", "percent": 10},
                "kubernetes.namespaces.commerce.quota.memory_limits_mib": 65536,
            },
        )
        for kind in ("canary", "shadow")
    ),
    Case(
        releases.candidates,
        {
            "services.storefront.strategy": "canary",
            f"{STOREFRONT}.canary": {"image": f"registry.dev.luxima.local/other@{DIGEST}", "percent": 10},
            f"{STOREFRONT}.rejected": [f"registry.dev.luxima.local/other@{DIGEST}"],
        },
        "was rolled back; give another image",
        at=f"{STOREFRONT}.canary.image",
    ),
    Case(
        releases.probation,
        {
            f"{STOREFRONT}.probation": {
                "since": "2026-01-31T12:00:00Z",
                "until": "2026-01-31T12:10:00Z",
                "previous": "blue",
            }
        },
        '"blue" is the live slot; give the other slot',
        {
            f"{STOREFRONT}.probation": {
                "since": "2026-01-31T12:00:00Z",
                "until": "2026-01-31T12:10:00Z",
                "previous": "green",
            }
        },
        at=f"{STOREFRONT}.probation.previous",
    ),
    Case(
        releases.probation,
        {
            f"{STOREFRONT}.probation": {
                "since": "2026-01-31T12:00:00Z",
                "until": "2026-01-31T12:00:00Z",
                "previous": "green",
            }
        },
        "is not after since",
        at=f"{STOREFRONT}.probation.until",
    ),
    Case(
        releases.registry,
        {
            "services.storefront.strategy": "shadow",
            f"{STOREFRONT}.shadow": {"image": f"docker.io/library/nginx@{DIGEST}", "percent": 10},
        },
        '"docker.io" is not the registry of this stack',
        at=f"{STOREFRONT}.shadow.image",
    ),
    Case(
        releases.known_services,
        {"releases.services.storefrnt": data_of("dev")["releases"]["services"]["storefront"]},
        "is not a service of this stack; did you mean storefront?",
        {"releases.services.storefront": ABSENT},
    ),
    Case(
        releases.live_slot,
        {f"{STOREFRONT}.live": "green"},
        '"green" is empty: nothing runs in it; give blue, or an image to green',
        {
            f"{STOREFRONT}.live": "green",
            f"{STOREFRONT}.slots.green": {"image": f"registry.dev.luxima.local/aceh/storefront@{DIGEST}"},
        },
    ),
    Case(
        releases.live_slot,
        {f"{STOREFRONT}.slots.blue": None},
        '"blue" is empty: nothing runs in it; give it an image',
        at=f"{STOREFRONT}.live",
    ),
    Case(
        releases.registry,
        {f"{STOREFRONT}.slots.blue.image": f"docker.io/library/nginx@{DIGEST}"},
        '"docker.io" is not the registry of this stack; give an image from registry.dev.luxima.local',
        {f"{STOREFRONT}.slots.green": {"image": f"registry.dev.luxima.local/other@{DIGEST}"}},
    ),
]
