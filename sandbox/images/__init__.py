"""Container images of what is at hand, under the real names: for a node and Docker hosts without a registry.

`make(wanted(settings), ensure(*programs(...)))` gives one docker archive for each image. It holds the real program
where that can be had, else a stand-in that answers the probes and is called one.
"""

from sandbox.images.behaving import behaviour, keep_behaviour
from sandbox.images.making import make, programs
from sandbox.images.model import COREDNS, PAUSE, Image, ImageError
from sandbox.images.table import is_service
from sandbox.images.wanting import on_hosts, wanted

__all__ = [
    "COREDNS",
    "PAUSE",
    "Image",
    "ImageError",
    "behaviour",
    "is_service",
    "keep_behaviour",
    "make",
    "on_hosts",
    "programs",
    "wanted",
]
