"""What was the case a while ago, and whether a series that is absent says anything, as PromQL."""

from typing import Final

DISCOVERY: Final = 'sum(up{job="kube-apiserver"}) > 0'
"""Whether pods can be discovered: without the API server their series are absent, though they run."""


def known(series: str, ago: str) -> str:
    """The series that were there so long ago, with the value that they had.

    Not the bare `offset`: one scrape that fails makes all series of a target vanish for that moment, and what is
    compared with that moment looks new. A target that could not be scraped for two minutes looks new
    all the same: who must not be wrong looks at `up` of then as well.
    """
    return f"last_over_time({series}[2m] offset {ago})"
