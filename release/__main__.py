"""`python -m release VERB SERVICE --stack STACK`."""

import sys

try:
    from release.cli import main
except ModuleNotFoundError as missing:
    sys.exit(
        f"error: Python has no module {missing.name} here; run `. .venv/bin/activate` first (`make venv` makes it)"
    )

sys.exit(main())
