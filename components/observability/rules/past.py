"""What was the case a while ago, as PromQL."""


def known(series: str, ago: str) -> str:
    """The series that were there so long ago, with the value that they had.

    Not the bare `offset`: one scrape that fails makes all series of a target vanish for that moment, and what is
    compared with that moment looks new. Two minutes of failed scrapes do the same, but then the target is known to be
    down.
    """
    return f"last_over_time({series}[2m] offset {ago})"
