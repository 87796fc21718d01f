"""Run the controllers until told to stop: `python -m sandbox.controllers --kubeconfig F --nodes F --ready F …`."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from threading import Event, Lock

from sandbox.controllers import cluster, nodes
from sandbox.controllers.api import Api
from sandbox.controllers.certificates import CertManager
from sandbox.process import announce


def main(arguments: list[str]) -> int:
    """Watch the cluster; end on SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.controllers")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=Path, required=True, help="the nodes to simulate, as JSON")
    parser.add_argument("--ready", type=Path, required=True, help="written when nodes and kinds are ready")
    parser.add_argument("--definitions", type=Path, required=True, help="folder with cert-manager's CRDs")
    parser.add_argument("--authority", type=Path, required=True, help="folder of the sandbox's certificate authority")
    parser.add_argument("--volumes", type=Path, help="folder of a real node's volumes, as it is seen from here")
    options = parser.parse_args(arguments)
    end_with_a_thread()
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())

    waiting, held = {"nodes", "kinds"}, Lock()

    def done(part: str) -> None:
        with held:
            waiting.discard(part)
            if waiting:
                return
        announce(options.ready)

    api = Api(options.kubeconfig)
    CertManager(api, options.definitions, options.authority).start(stopped, lambda: done("kinds"))
    wanted = nodes.parse(options.nodes.read_text(encoding="utf-8"))
    cluster.Controllers(api, wanted, lambda: done("nodes"), options.volumes).run(stopped)
    return 0


def end_with_a_thread() -> None:
    """From now on a thread that fails ends the program: it is missed then, and started anew by the next run."""

    def end(failed: threading.ExceptHookArgs) -> None:
        threading.__excepthook__(failed)
        sys.stderr.flush()
        os._exit(1)

    threading.excepthook = end


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
