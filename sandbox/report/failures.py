"""Why the engine did not succeed, as sentences."""

import re

from automation.tokens import STACK
from sandbox.engine.events import Diagnostic, Verdict, name_of, plain, room_of, short_type
from sandbox.engine.runs import Outcome
from sandbox.layout import Layout

_NOISE = (
    "update failed",
    "preview failed",
    "refresh failed",
    "destroy failed",
    "resource monitor shut down while waiting",
    "update cancelled",
    "one or more input",
)
_REFUSED = re.compile(
    r'^(?:update of )?resource "[^"]+" (?:was not successfully created by the Kubernetes API server|failed): '
)
_NOT_READY = re.compile(
    r'^(?:resource "[^"]+" was successfully created, but )?the Kubernetes API server reported that (?:it|"[^"]+") '
    r"failed to fully initialize or become live: "
)
"""How the Kubernetes plugin begins its sentences: with the resource, which is named already."""
_TRACE = re.compile(r"python inline source runtime error: (?P<first>.*?)\n", re.DOTALL)


def explain(outcome: Outcome, layout: Layout) -> list[str]:
    """A line for each failure; at least one."""
    known = _known(outcome.output, layout)
    if known:
        return known
    lines = _grouped(outcome.events.errors())
    lines += [verdict_line(verdict) for verdict in outcome.events.verdicts if verdict.mandatory]
    return list(dict.fromkeys(lines)) or [_last_words(outcome.output)]


def verdict_line(verdict: Verdict) -> str:
    """A policy's objection in a line."""
    # The first line is the rule itself; what follows says what this resource has to do with it.
    rule, _, objection = verdict.message.partition("\n")
    about = "" if objection or not verdict.urn else f"{_about(verdict.urn)}: "
    return f"policy {verdict.policy} ({verdict.enforcement}): {about}{' '.join((objection or rule).split())}"


def _about(urn: str) -> str:
    return (
        f"{room_of(urn)} {short_type(urn.split('::')[2].split('$')[-1])} {name_of(urn)}"
        if urn.count("::") >= 3
        else urn
    )


def _grouped(errors: list[Diagnostic]) -> list[str]:
    """A line for each sentence; resources that failed for the same reason share it."""
    about: dict[str, list[str]] = {}
    for error in errors:
        text = _sentence(error)
        if text:
            about.setdefault(text, []).append(_about(error.urn) if _names_resource(error.urn) else "")
    return [f"{_listed(names)}{text}" for text, names in about.items()]


def _listed(names: list[str]) -> str:
    named = [name for name in names if name]
    if not named:
        return ""
    more = f" and {len(named) - 2} more" if len(named) > 2 else ""
    return f"{', '.join(named[:2])}{more}: "


def _names_resource(urn: str) -> bool:
    return urn.count("::") >= 3 and not urn.split("::")[2].endswith(STACK)


def _sentence(error: Diagnostic) -> str:
    text = error.message.strip()
    trace = _TRACE.match(text)
    if trace:
        text = f"the program failed: {trace['first'].strip()}"
    elif text.endswith("context canceled") or any(text.lower().startswith(noise) for noise in _NOISE):
        # What was stopped because something else failed is no cause.
        return ""
    # The engine wraps a provider's sentence in the names of what it was doing.
    text = re.sub(r"^(\d+ errors? occurred:\s*\*?\s*|an unhandled error occurred:\s*)", "", text)
    text = _NOT_READY.sub("it is there, but not ready: ", _REFUSED.sub("", text))
    # A dynamic provider's error comes with the name of its class.
    text = re.sub(r"^[\w.]+\.[A-Z]\w*Error: ", "", text)
    return re.sub(r"\s*\n\s*", "\n    ", text)


def _known(output: str, layout: Layout) -> list[str]:
    """Faults of the engine itself that have a plainer explanation."""
    text = plain(output)
    if "incorrect passphrase" in text:
        return [wrong_passphrase(layout)]
    if "no space left on device" in text:
        return [f"no disk space: {layout.base} cannot be written; free some and run it again (the state is kept)"]
    missing = re.search(
        r"(?:no resource plugin|could not find plugin|plugin not found)[^\n]*?'?pulumi-resource-([a-z0-9-]+)", text
    )
    if missing:
        return [f"the engine found no plugin for the package {missing[1]}; run make up again, which writes it"]
    return []


def wrong_passphrase(layout: Layout) -> str:
    """Said before anything changes, and when the engine finds out."""
    return (
        f"the state of stack {layout.stack} was encrypted with another passphrase than the one in "
        f"PULUMI_CONFIG_PASSPHRASE; set that one (or unset it, if it was not set then), or run "
        f"make clean STACK={layout.stack} to start anew"
    )


def _last_words(output: str) -> str:
    """The engine's own last lines, when nothing better is known."""
    text = plain(output)
    errors = [line.strip() for line in text.splitlines() if line.strip().startswith("error:")]
    if errors:
        return "; ".join(dict.fromkeys(line.removeprefix("error:").strip() for line in errors))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"the engine failed: {lines[-1] if lines else 'it said nothing'}"
