"""`python -m release.guard`: the guard as a Job in the cluster, without engine, repository or settings.

It is told everything by files, so that it survives whoever started it.
"""

import argparse
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from components.dns_update import Key
from release.announce import Announcer
from release.audit import Audit
from release.guard.judge import Judge
from release.guard.plan import Plan, PlanError, load, read_secret
from release.guard.probation import FAILED, HEALTHY, INCONCLUSIVE, TAKEN_BACK
from release.guard.query import LOKI, Source
from release.guard.switcher import DnsSwitcher
from release.guard.watch import Watch

_SETTLED = (HEALTHY, INCONCLUSIVE, TAKEN_BACK)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m release.guard", description="Watch a release on probation.")
    parser.add_argument("--plan", type=Path, default=Path("/etc/guard/watch.json"), help="what is watched")
    parser.add_argument("--secrets", type=Path, default=Path("/etc/guard/secrets"), help="folder of the secrets")
    parser.add_argument("--ca", type=Path, default=Path("/etc/guard/ca.crt"), help="authorities, if the file is there")
    parser.add_argument("--spool", type=Path, default=Path("/var/spool/guard"), help="where audit rows wait")
    parser.add_argument("--patience", type=float, default=86_400, help="seconds to stay for what cannot be told yet")
    parser.add_argument(
        "--settled-is-success",
        action="store_true",
        help="exit 0 for every verdict that is told: a Job would otherwise start a guard anew that has done its work",
    )
    return parser.parse_args()


def _watch(plan: Plan, arguments: argparse.Namespace, ended: threading.Event) -> Watch:
    name, urls = plan.name, plan.urls
    ca = str(arguments.ca) if arguments.ca.is_file() else None
    key = Key(name.tsig.name, name.tsig.algorithm, read_secret(arguments.secrets, "tsig"), "the file tsig of the guard")
    logs = Source(urls.loki, LOKI, ca) if urls.loki is not None else None
    return Watch(
        release=plan.release(),
        judge=Judge(plan.subject(), plan.limits, Source(urls.prometheus, ca=ca), logs),
        switcher=DnsSwitcher(
            servers=name.servers,
            zone=name.zone,
            fqdn=name.fqdn,
            watched=name.gateways[plan.slot],
            previous=name.gateways[plan.previous],
            ttl=name.ttl_seconds,
            key=key,
        ),
        audit=Audit(arguments.spool, urls.audit, read_secret(arguments.secrets, "serviceRoleKey"), ca),
        announcer=Announcer(urls.alertmanager, plan.environment, urls.runbooks, urls.dashboard, ca, urls.record),
        who="release-guard",
        say=lambda line: print(line, flush=True),
        clock=lambda: datetime.now(UTC),
        sleep=ended.wait,
        check_seconds=plan.limits.check_seconds,
        patience_seconds=arguments.patience,
    )


def main() -> int:
    """Watch until there is an end; gives the exit code."""
    arguments = _arguments()
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        # Looked at between two steps only: nothing is left half done.
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        watch = _watch(load(arguments.plan), arguments, ended)
    except PlanError as error:
        print(f"error: {error}", flush=True)
        return FAILED
    outcome = watch.run()
    settled = outcome.code in _SETTLED and outcome.told
    if not arguments.settled_is_success:
        return outcome.code
    return HEALTHY if settled else outcome.code or FAILED


if __name__ == "__main__":
    raise SystemExit(main())
