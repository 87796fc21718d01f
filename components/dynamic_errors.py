"""How the engine's plugin for dynamic providers reports what they raise."""

import sys

_PLUGIN = "pulumi.dynamic.__main__"


def without_traceback() -> None:
    """Have the plugin report an error as its sentence; by itself it gives the whole traceback.

    The limit is one of the process. So nothing is done in another one, where the SDK looks at the stack itself: it
    cannot declare a resource when it may see no frame.
    """
    spec = sys.modules["__main__"].__spec__
    if spec is not None and spec.name == _PLUGIN:
        sys.tracebacklimit = 0
