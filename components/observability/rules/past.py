"""What was the case a while ago, what is new since then, and whether an absent series says anything, as PromQL."""

from typing import Final

DISCOVERY: Final = 'sum(up{job="kube-apiserver"}) > 0'
"""Whether pods can be discovered: without the API server their series are absent, though they run."""


LIVE: Final = (
    "label_replace(max by (service, slot) (last_over_time(release_live_slot_info[2m])),"
    ' "service_name", "$1", "service", "(.+)")'
)
"""The slot that users of a service are led to, as the name server said lately; labels `service_name` and `slot`."""


def known(series: str, ago: str) -> str:
    """The series that were there so long ago, with the value that they had.

    Not the bare `offset`: one scrape that fails makes all series of a target vanish for that moment, and what is
    compared with that moment looks new. A target that could not be scraped for two minutes looks new
    all the same: who must not be wrong looks at `up` of then as well.
    """
    return f"last_over_time({series}[2m] offset {ago})"


def born(metric: str, window: str) -> str:
    """Series of a counter that were not there `window` ago, but already count: `increase` cannot see their first step.

    Nothing is newborn where nobody looked then: neither a target that could not be scraped nor a Prometheus that was
    away, for which all counters would be new.
    """
    looked = known("up", window)
    return (
        f"({metric} > 0 unless {known(metric, window)} unless on (job, instance) ({looked} == 0) "
        f"and on () (count({looked}) > 0))"
    )


FIRST_STEP: Final = 1000
"""What a counter of errors can be at its first scrape; one that is larger was only called otherwise before."""


def errors(metric: str, window: str) -> str:
    """How much each series of a counter of errors grew within `window`, with the first step of those that are newborn.

    What fails for the first time makes a new series: by `increase` alone, ten errors of ten kinds are none.
    """
    return f"({born(metric, window)} <= {FIRST_STEP} or increase({metric}[{window}]))"
