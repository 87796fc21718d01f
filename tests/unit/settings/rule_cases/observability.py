"""Cases for the rules on what is observed."""

from settings.rules import observability, storage
from tests.unit.settings.rule_cases.case import Case
from tests.unit.settings.stacks import ABSENT

OBJECTIVES = "services.api.objectives"
LOKI = "observability.loki"

CASES = [
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.latency.threshold_milliseconds": 300},
        f"{OBJECTIVES}.latency.threshold_milliseconds",
        "300 is no bound of the services' histogram; give one of 5, 10,",
        {f"{OBJECTIVES}.latency.threshold_milliseconds": 250},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.latency.threshold_milliseconds": ABSENT},
        f"{OBJECTIVES}.latency.threshold_milliseconds",
        "is missing; give one of",
        {},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "threshold_milliseconds": 500}},
        f"{OBJECTIVES}.availability.threshold_milliseconds",
        "is for indicator latency only; take it out",
        {f"{OBJECTIVES}.availability": {"indicator": "availability"}},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "latency", "threshold_milliseconds": 500}},
        f"{OBJECTIVES}.availability",
        "is of indicator latency; give it another name",
        {f"{OBJECTIVES}.slow": {"indicator": "latency", "threshold_milliseconds": 500}},
    ),
    Case(
        observability.uptime,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.8}},
        f"{OBJECTIVES}.availability.objective_percent",
        "99.8 is less than environment.uptime_objective_percent, 99.9",
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.95}},
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
