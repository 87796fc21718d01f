"""`preview`: what would be made, with no server, no secret and no tool but the engine and its plugin."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from sandbox import overlay, plugins, sealing
from sandbox.engine import environment, orphans
from sandbox.faults import EngineError, Interrupted
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.lock import exclusive
from sandbox.report.console import fault, say
from sandbox.verbs.session import check_settings, preload, stand_ins, without_servers
from tools import ensure

_PASSPHRASE = "preview"  # noqa: S105 - encrypts stand-ins only


def run(layout: Layout, interrupts: Interrupts, *, as_json: bool) -> int:
    """Preview from nothing; gives the exit code: 1 when a policy objects or the program fails."""
    config, _ = check_settings(layout)
    layout.prepare()
    layout.preview.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(layout, "preview", layout.preview.run):
        for sentence in orphans.clear(layout.preview):
            say(sentence)
        return _preview(layout, interrupts, config, as_json=as_json)


def _preview(layout: Layout, interrupts: Interrupts, config: overlay.Config, *, as_json: bool) -> int:
    folder = layout.preview
    secrets = stand_ins(config)
    search = os.environ.get("PATH", os.defpath)
    chosen = plugins.choose(search)
    # Always from nothing, and never what another passphrase encrypted.
    shutil.rmtree(folder.state, ignore_errors=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        sealed = pool.submit(sealing.new, _PASSPHRASE)
        preloaded = pool.submit(preload)
        program = ensure("pulumi", *chosen.programs)["pulumi"]
        overlay.write(layout, folder, without_servers(config), secrets, sealed.result())
        plugins.write(folder, chosen, search)
        preloaded.result()

    from sandbox.engine.events import Recorder
    from sandbox.engine.runs import Engine
    from sandbox.report import plan
    from sandbox.report.failures import explain

    engine = Engine(program, folder, environment.build(folder, passphrase=_PASSPHRASE, bundle=None))
    interrupts.engine = engine.command
    outcome = engine.preview(Recorder(), layout.root / "policy")
    if outcome.interrupted:
        raise Interrupted("preview")
    violated = any(verdict.mandatory for verdict in outcome.events.verdicts)
    failures = [] if outcome.succeeded else explain(outcome, layout)
    names = sorted(name.removeprefix("luxima:") for name in secrets)
    if as_json:
        plan.write_json(plan.document(layout.stack, names, outcome.events, failures))
    elif outcome.events.planned and (outcome.succeeded or violated):
        plan.show(layout.stack, names, outcome.events)
    if failures and not violated:
        raise EngineError("\n".join(failures))
    if violated:
        fault(f"stack {layout.stack} violates mandatory policies; nothing of it would be made")
    return 1 if violated else 0
