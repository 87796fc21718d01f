"""`python -m tests.e2e.policy_trial FOLDER STACK VERB CASE` runs a small program through the real engine and the pack.

It is a process of its own because the engine abandons the program of an update that a policy stopped.
Prints what the engine prints; exit 1 when the engine stopped. FOLDER keeps the state between runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pulumi
from pulumi import automation
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

from sandbox import plugins
from sandbox.engine import state
from sandbox.layout import EngineFolder
from tests.engine import engine_in

ROOT = Path(__file__).resolve().parents[2]


class Kept(ResourceProvider):
    """Keeps what it is given; `answer` is known only after creation."""

    def create(self, props: dict[str, object]) -> CreateResult:
        return CreateResult(id_="1", outs={**props, "answer": 30})


class Record(Resource, module="dns", name="Record"):
    """A DNS record's type and properties, without a name server."""

    answer: pulumi.Output[int]

    def __init__(self, name: str, ttl: pulumi.Input[int]) -> None:
        props: dict[str, object] = {
            "zone": "example.test",
            "name": f"{name}.example.test",
            "type": "A",
            "records": ["10.0.0.1"],
            "ttl": ttl,
        }
        props |= {"keyName": "trial", "keyAlgorithm": "hmac-sha256"}
        super().__init__(Kept(), name, {**props, "answer": None})


def good_record() -> None:
    Record("www", 30)


def slow_record() -> None:
    Record("www", 3600)


def unknown_record() -> None:
    Record("www", Record("first", 30).answer)


def bare_bucket() -> None:
    pulumi.ComponentResource(
        "minio:index/s3Bucket:S3Bucket", "uploads", {"bucket": "trial-media", "forceDestroy": True}
    )


def guarded_bucket() -> None:
    name: dict[str, pulumi.Input[object]] = {"bucket": "trial-loki", "forceDestroy": True}
    bucket = pulumi.ComponentResource("minio:index/s3Bucket:S3Bucket", "logs", name)
    key = {"bucket": "trial-loki", "encryptionType": "aws:kms", "kmsKeyId": "trial"}
    rules = {"bucket": "trial-loki", "rules": [{"id": "kept", "filter": "fake/", "expiration": "90d"}]}
    below = pulumi.ResourceOptions(parent=bucket)
    pulumi.ComponentResource("minio:index/s3BucketServerSideEncryption:S3BucketServerSideEncryption", "key", key, below)
    pulumi.ComponentResource("minio:index/ilmPolicy:IlmPolicy", "kept", rules, below)


def given() -> None:
    """What FOLDER/given.json says: type, name and inputs of each resource."""
    for type_, name, inputs in json.loads((Path(sys.argv[1]) / "given.json").read_text(encoding="utf-8")):
        pulumi.ComponentResource(type_, name, inputs)


CASES: dict[str, Callable[[], None]] = {
    case.__name__: case for case in (good_record, slow_record, unknown_record, bare_bucket, guarded_bucket, given)
}


def stack_in(folder: EngineFolder, program: Callable[[], None]) -> automation.Stack:
    """The stack, with everything that the engine looks for in folders of this trial."""
    return engine_in(folder, plugins.Plugins({}, (), None))(program)


def main() -> int:
    base, name, verb, case = sys.argv[1:]
    folder = EngineFolder(Path(base), name)
    stack = stack_in(folder, CASES[case])
    pack = [str(ROOT / "policy")]
    try:
        if verb == "up":
            stack.up(policy_packs=pack, on_output=print, color="never")
        else:
            stack.preview(policy_packs=pack, on_output=print, color="never")
    except automation.CommandError:
        return 1
    finally:
        names = sorted(each["urn"].rpartition("::")[2] for each in state.read(folder).resources)
        sys.stdout.write(f"in the state: {' '.join(names)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
