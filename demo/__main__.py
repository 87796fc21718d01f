"""`python -m demo`."""

import sys
from pathlib import Path

# Run by root, it leaves no bytecode between the files of somebody else.
sys.pycache_prefix = str(Path(__file__).resolve().parent.parent / ".demo" / "bytecode")

from demo.cli import main  # noqa: E402 - what it imports is compiled too

sys.exit(main(sys.argv[1:]))
