"""A client of the object storage in the stack's network, where no name server is: the test says by which name it asks.

What to do comes on standard input, what came of it goes to standard output: a text for each step.
"""

import io
import json
import sys
from typing import Any

import urllib3
from minio import Minio
from minio.error import S3Error


def main() -> None:
    """Do the steps in turn."""
    given = json.load(sys.stdin)
    name = given["name"]
    pool = urllib3.PoolManager(
        ca_certs=given["authority"], server_hostname=name, assert_hostname=name, timeout=10, retries=urllib3.Retry(0)
    )
    client = Minio(given["address"], given["user"], given["password"], region=given["region"], http_client=pool)
    sys.stdout.write(json.dumps([_said(client, step) for step in given["steps"]]))


def _said(client: Minio, step: list[str]) -> str:
    try:
        return _done(client, *step)
    except S3Error as error:
        return str(error.code)
    except urllib3.exceptions.HTTPError as error:
        return str(error)


def _done(client: Minio, verb: str, bucket: str, name: str = "", content: str = "") -> str:
    if verb == "make":
        client.make_bucket(bucket)
    elif verb == "put":
        client.put_object(bucket, name, io.BytesIO(content.encode()), len(content))
    elif verb == "encryption":
        metadata: Any = client.stat_object(bucket, name).metadata or {}
        return str(metadata.get("x-amz-server-side-encryption"))
    else:
        return client.get_object(bucket, name).read().decode()
    return "done"


if __name__ == "__main__":
    main()
