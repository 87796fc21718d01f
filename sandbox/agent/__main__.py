"""Run the agent until told to stop: `python -m sandbox.agent --kubeconfig F --folder D --pod-cidr N --ready F`."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from sandbox.agent.agent import Agent
from sandbox.controllers.api import Api
from sandbox.process import read_stat


def main(arguments: list[str]) -> int:
    """Watch the cluster; end on SIGTERM, and with it all pods' processes."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.agent")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where everything of the agent is kept")
    parser.add_argument("--pod-cidr", required=True, help="network of the pods' addresses")
    parser.add_argument("--ready", type=Path, required=True, help="written when it knows the cluster")
    asyncio.run(_run(parser.parse_args(arguments)))
    return 0


async def _run(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    folder: Path = options.folder
    shutil.rmtree(folder / "pods", ignore_errors=True)
    for name in ("run", "logs", "pods"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def announce() -> None:
        stat = read_stat(os.getpid())
        partial = options.ready.with_suffix(".part")
        partial.write_text(json.dumps([os.getpid(), stat.started if stat else 0]), encoding="ascii")
        partial.replace(options.ready)

    shared = {name: os.environ[name] for name in ("PATH", "LANG", "LUXIMA_SANDBOX_DIR") if name in os.environ}
    await Agent(folder, Api(options.kubeconfig), options.pod_cidr, shared).run(stopped, announce)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
