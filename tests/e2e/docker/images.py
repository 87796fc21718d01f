"""Images under their real names with a small program in them: it listens where the real one is told to listen.

It serves its own file system, so that a test can read as its user what it can read. What the real programs do is not
seen here.
"""

import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

from docker import DockerClient

from sandbox.images.model import tag
from tools import ensure

_WGET = """\
#!/bin/busybox sh
# Whatever page is asked for, of this server: it has its files alone.
for url in "$@"; do :; done
place=${url#*://}
exec /bin/busybox wget -q -O /dev/null "http://${place%%/*}/entry"
"""
_BASH = """\
#!/bin/busybox sh
# The words that stand for a connection.
place=${2#*/dev/tcp/}
exec /bin/wget "http://${place%/*}:${place#*/}/"
"""
_ENTRY = """\
#!/bin/busybox sh
for argument in "$@"; do
  case $argument in
    *listen-address=* | *listen-addr=*) place=${argument#*=} ;;
    --port=*) place=${argument#*=} ;;
    /etc/distribution/*) place=$(/bin/busybox sed -n 's/^  addr: //p' "$argument") ;;
  esac
done
trap 'exit 0' TERM
/bin/busybox httpd -f -p "${place#:}" -h / &
wait
"""


def load(engine: DockerClient, names: Iterable[str]) -> None:
    """Put images into an engine."""
    busybox = (ensure("busybox-static")["busybox-static"].parent / "root/bin/busybox").read_bytes()
    asking = {"bin/wget": _WGET.encode(), "bin/bash": _BASH.encode()}
    packed = _tar({"bin/busybox": busybox, "entry": _ENTRY.encode(), **asking})
    for name in sorted(set(names)):
        repository, _, version = tag(name).rpartition(":")
        api: Any = engine.api
        api.import_image_from_data(packed, repository, version, changes=['ENTRYPOINT ["/entry"]'])


def _tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
