"""Run a command in a network in which every place is within reach, and print the addresses that it sent to.

`python -m tests.e2e.node.noticed COMMAND…`, as root. Loopback is loopback; all else leads to an interface at whose
other end nobody is but this listener. The last line is a JSON list of the addresses; the exit status is the command's.
"""

import ipaddress
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from sandbox.machine import kernel

_IPV4, _ARP, _ANY = 0x0800, 0x0806, 0x0003
_NEAR, _FAR = "near", "far"
_LAST = "192.0.2.2"
"""Sent to by this program alone."""


def main(command: list[str]) -> int:
    """Run it and listen."""
    kernel.unshare(kernel.NEW_NETWORK)
    kernel.ip("link", "set", "lo", "up")
    kernel.ip("link", "add", _NEAR, "type", "veth", "peer", "name", _FAR)
    for name in (_NEAR, _FAR):
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1", encoding="ascii")
        kernel.ip("link", "set", name, "up")
    kernel.ip("address", "add", "192.0.2.1/32", "dev", _NEAR)
    kernel.ip("route", "add", "default", "dev", _NEAR)
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ANY))
    listener.bind((_FAR, 0))
    noticed: set[str] = set()
    threading.Thread(target=_listen, args=(listener, noticed), daemon=True).start()
    status = subprocess.run(command, check=False).returncode
    # What comes after all that the command sent has to be heard first.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while _LAST not in noticed:
            sender.sendto(b"", (_LAST, 9))
            time.sleep(0.1)
    sys.stdout.write(f"{json.dumps(sorted(noticed - {_LAST}))}\n")
    return status


def _listen(listener: socket.socket, noticed: set[str]) -> None:
    while True:
        frame = listener.recv(2048)
        kind = int.from_bytes(frame[12:14])
        if kind == _IPV4:
            noticed.add(str(ipaddress.ip_address(frame[30:34])))
        elif kind == _ARP:
            # Who asks for a neighbour is about to send to it.
            noticed.add(str(ipaddress.ip_address(frame[38:42])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
