"""`python -m release VERB SERVICE --stack STACK`."""

import sys

from release.cli import main

sys.exit(main())
