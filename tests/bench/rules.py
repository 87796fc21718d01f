"""`python -m tests.bench.rules`: what judging costs, and how that grows with the stack; without the engine."""

import json
import sys
import time
from collections import Counter
from typing import Final

from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Subject
from policy.table import RULES
from tests.policy.mutants.engine import platform

_SIZES: Final = (1000, 10_000)
_LIKE: Final = "storefront"


def grown(stack: str, size: int) -> list[Declared]:
    """A stack with as many services more as make it so large, each of them like its storefront."""
    found = list(platform(stack))
    like = [each for each in found if _LIKE in each.subject.name]
    for number in range(-(-(size - len(found)) // len(like))):
        for each in like:
            names, props = json.dumps([each.subject.name, each.subject.urn]), json.dumps(each.props, default=str)
            named, urn = json.loads(names.replace(_LIKE, f"service-{number}"))
            made = json.loads(props.replace(_LIKE, f"service-{number}"))
            found.append(Declared(Subject(each.subject.type, named, urn), made))
    return found


def main() -> int:
    """Judge a small, a large and a very large stack once each, and print what it took."""
    sys.stdout.write(f"{'resources':>9} {'judgements':>10} {'seconds':>8} {'µs each':>8}  slowest rules\n")
    for size in (0, *_SIZES):
        declared = grown("prod", size)
        types = Counter(each.subject.type for each in declared)
        taken: dict[str, float] = {}
        for rule in RULES:
            started = time.process_time()
            rule.judge(declared, EXEMPTIONS)
            taken[rule.name] = time.process_time() - started
        judged = sum(types[type_] for rule in RULES for type_ in set(rule.types))
        seconds = sum(taken.values())
        slowest = ", ".join(f"{name} {taken[name]:.2f} s" for name in sorted(taken, key=taken.__getitem__)[:-4:-1])
        sys.stdout.write(f"{len(declared):9,} {judged:10,} {seconds:8.2f} {1e6 * seconds / judged:8.1f}  {slowest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
