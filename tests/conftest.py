"""What all tests share."""

import os

from hypothesis import settings

# How long an example takes says more about the machine than about the code; in CI the same examples come every time.
settings.register_profile("platform", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("platform")
