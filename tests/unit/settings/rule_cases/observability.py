"""Cases for the rules on what is observed."""

from settings.rules import observability, storage
from tests.unit.settings.rule_cases.case import Case
from tests.unit.settings.stacks import ABSENT

OBJECTIVES = "observability.objectives"
LOKI = "observability.loki"

CASES = [
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.api-latency.service": "ap"},
        f"{OBJECTIVES}.api-latency.service",
        '"ap" is no service; did you mean api?',
        {f"{OBJECTIVES}.api-latency.service": "auth"},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.api-latency.threshold_milliseconds": 300},
        f"{OBJECTIVES}.api-latency.threshold_milliseconds",
        "300 is no bound of the services' histogram; give one of 5, 10,",
        {f"{OBJECTIVES}.api-latency.threshold_milliseconds": 250},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.api-latency.threshold_milliseconds": ABSENT},
        f"{OBJECTIVES}.api-latency.threshold_milliseconds",
        "is missing; give one of",
        {},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.api-availability.threshold_milliseconds": 500},
        f"{OBJECTIVES}.api-availability.threshold_milliseconds",
        "is for indicator latency only; take it out",
        {},
    ),
    Case(
        observability.main_services,
        {f"{OBJECTIVES}.auth-availability": ABSENT},
        OBJECTIVES,
        "auth has no objective of indicator availability; requirement ENV-4 asks for 99.9 %",
        {},
    ),
    Case(
        observability.main_services,
        {f"{OBJECTIVES}.auth-availability.objective_percent": 99.8},
        f"{OBJECTIVES}.auth-availability.objective_percent",
        "99.8 is less than environment.uptime_objective_percent, 99.9",
        {f"{OBJECTIVES}.auth-availability.objective_percent": 99.95},
    ),
    Case(
        storage.observers,
        {"storage.users.loki.bucket": "media"},
        "storage.users.loki",
        '"media", read_write; give {bucket: loki, access: read_write}',
        {},
    ),
    Case(storage.observers, {"storage.users.tempo": ABSENT}, "storage.users.tempo", "is missing; give {bucket", {}),
    Case(
        observability.replicas,
        {f"{LOKI}.replicas": 2},
        f"{LOKI}.replicas",
        "2 with mode monolithic; give 1, or mode ha",
        {f"{LOKI}.replicas": 3, f"{LOKI}.mode": "ha"},
    ),
    Case(
        observability.replicas,
        {f"{LOKI}.mode": "ha"},
        f"{LOKI}.replicas",
        "1 is too few for mode ha, which keeps three copies; give at least 3",
        {},
    ),
]
