"""What all tests share."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code. The same examples come every time, so that
# nobody's change is refused for an old fault; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("platform", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("platform")
