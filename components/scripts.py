"""Parts of shell scripts that machines are set up with over SSH."""

from collections.abc import Iterable
from typing import Final

from components.cloud_init import CloudFile

_PUT: Final = """\
put() {
  mkdir -p "$(dirname "$ROOT$1")"
  cat >"$ROOT$1.new"
  chmod "$2" "$ROOT$1.new"
  mv "$ROOT$1.new" "$ROOT$1"
}
"""
_END: Final = "END-OF-FILE"


def writing(written: Iterable[CloudFile]) -> str:
    """Shell function `files` that writes files below the folder ROOT, each as a whole."""
    each = [
        f"put {file.path} {file.permissions} <<'{_END}'\n{file.content.rstrip(chr(10))}\n{_END}\n" for file in written
    ]
    return f"{_PUT}files() {{\n{''.join(each)}}}\n"
