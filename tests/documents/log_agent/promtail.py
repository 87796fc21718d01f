"""A real Promtail that runs the platform's own pipelines over files, and says what it would send."""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tools import ensure

_ENTRY = re.compile(r'^(\d{4}-[^\s{]+)\t*(\{.*?(?<!\\)"\}|\{\})\t*(.*)$')
_LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')

_NUMBER = "of_the_test"
"""Label by which a line's file is told."""


@dataclass(frozen=True)
class Sent:
    """A line as it would reach Loki."""

    at: str
    labels: Mapping[str, str]
    line: str


Runner = Callable[[str, str, Mapping[str, str], Sequence[str]], list[Sent]]
"""By place, job, target and lines."""


def check(document: Mapping[str, Any], folder: Path) -> str:
    """What Promtail says of a document's syntax; fails if it refuses it."""
    file = folder / "promtail.yaml"
    file.write_text(yaml.safe_dump(dict(document), sort_keys=False))
    ran = subprocess.run(
        [ensure("promtail")["promtail"], "-check-syntax", f"-config.file={file}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def run(
    document: Mapping[str, Any],
    job: str,
    target: Mapping[str, str],
    lines: Sequence[str],
    folder: Path,
    entries: int | None = None,
    *,
    apart: bool = False,
) -> list[Sent]:
    """The entries that a job makes of a file with `lines`: as many as lines, or as `entries` says.

    The job's discovery is replaced by one target with the labels that it would have found; its relabelling and its
    stages are the document's own. Apart, each line has a file and a job of its own.
    """
    config = next(dict(each) for each in document["scrape_configs"] if each["job_name"] == job)
    for discovery in ("kubernetes_sd_configs", "journal", "static_configs"):
        config.pop(discovery, None)
    configs: list[dict[str, Any]] = []
    for number, content in enumerate([[line] for line in lines] if apart else [lines]):
        file = folder / f"lines-{number}.log"
        file.write_text("".join(f"{line}\n" for line in content))
        # The path is set after the relabelling: that one sets it to a folder that only a node has.
        path = {"target_label": "__path__", "replacement": str(file)}
        configs.append(
            config
            | {
                "job_name": f"{job}-{number}",
                "static_configs": [{"targets": ["localhost"], "labels": {**target, "__path__": str(file)}}],
                "relabel_configs": [*config.get("relabel_configs", []), path],
                "pipeline_stages": [*config["pipeline_stages"], {"static_labels": {_NUMBER: str(number)}}],
            }
        )
    run_document = {
        "server": {"http_listen_address": "127.0.0.1", "http_listen_port": 0, "grpc_listen_port": 0},
        "positions": {"filename": str(folder / "positions.yaml")},
        "clients": document["clients"],
        "scrape_configs": configs,
        "target_config": {"sync_period": "1s"},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(run_document, sort_keys=False))
    found = _entries(folder, len(lines) if entries is None else entries)
    found.sort(key=lambda each: int(each.labels[_NUMBER]))
    return [replace(each, labels={k: v for k, v in each.labels.items() if k != _NUMBER}) for each in found]


def _entries(folder: Path, count: int) -> list[Sent]:
    command = [ensure("promtail")["promtail"], "-dry-run", f"-config.file={folder / 'run.yaml'}"]
    log = folder / "promtail.log"
    found: list[Sent] = []
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if match := _ENTRY.match(line.rstrip("\n")):
                    labels = {name: value.replace('\\"', '"') for name, value in _LABEL.findall(match[2])}
                    found.append(Sent(match[1], labels, match[3]))
                elif found:
                    # A message of several lines is printed as it is.
                    found[-1] = replace(found[-1], line=f"{found[-1].line}\n{line.rstrip(chr(10))}")

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        end = time.monotonic() + 180
        while len(found) < count and time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
        process.terminate()
        process.wait(60)
        reader.join(30)
    assert len(found) == count, f"{len(found)} of {count} lines\n{log.read_text()[-3000:]}"
    return found
