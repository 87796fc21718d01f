"""`python -m sandbox VERB --stack STACK`."""

import sys

from sandbox.engine.environment import reach_loopback
from sandbox.layout import PYCACHE

# Half of the time of a warm `up` would go into compiling the SDKs again where a shell says not to keep bytecode.
sys.dont_write_bytecode = False
sys.pycache_prefix = str(PYCACHE)
# gRPC reads these when it is imported.
reach_loopback()

from sandbox.cli import main  # noqa: E402 - what it imports is the slow part

sys.exit(main(sys.argv[1:]))
