"""Why the engine did not succeed, as sentences."""

import re

from sandbox.engine.events import Diagnostic, Verdict, name_of, plain, room_of
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
_TRACE = re.compile(r"python inline source runtime error: (?P<first>.*?)\n", re.DOTALL)


def explain(outcome: Outcome, layout: Layout) -> list[str]:
    """A line for each failure; at least one."""
    known = _known(outcome.output, layout)
    if known:
        return known
    lines = [text for error in outcome.events.errors() if (text := _line(error))]
    lines += [verdict_line(verdict) for verdict in outcome.events.verdicts if verdict.mandatory]
    return list(dict.fromkeys(lines)) or [_last_words(outcome.output)]


def verdict_line(verdict: Verdict) -> str:
    """A policy's objection in a line."""
    about = f"{_about(verdict.urn)}: " if verdict.urn else ""
    return f"{about}policy {verdict.policy} ({verdict.enforcement}): {verdict.message}"


def _about(urn: str) -> str:
    return f"{room_of(urn)} {urn.split('::')[2].split('$')[-1]} {name_of(urn)}" if urn.count("::") >= 3 else urn


def _line(error: Diagnostic) -> str:
    text = error.message.strip()
    trace = _TRACE.match(text)
    if trace:
        text = f"the program failed: {trace['first'].strip()}"
    elif any(text.lower().startswith(noise) for noise in _NOISE):
        return ""
    # The engine wraps a provider's sentence in the names of what it was doing.
    text = re.sub(r"^(\d+ errors? occurred:\s*\*?\s*)", "", text)
    text = re.sub(r"\s*\n\s*", "\n    ", text)
    if not error.urn or error.urn.count("::") < 3 or "pulumi:pulumi:Stack" in error.urn.split("::")[2].split("$")[-1]:
        return text
    return f"{_about(error.urn)}: {text}"


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
