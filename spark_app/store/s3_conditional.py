"""Conditional writes to S3, and what their answers mean."""

import time
from typing import Any

from botocore.exceptions import ClientError

from spark_app import aws
from spark_app.store.s3_uri import quoted, split, unquoted

CONFLICT_ATTEMPTS, CONFLICT_SECONDS = 5, 0.5
_TAKEN = {"PreconditionFailed", "412", "NoSuchKey", "404"}
_CONFLICT = {"ConditionalRequestConflict", "409"}


def put_if(client: Any, path: str, content: bytes, expected: str | None) -> str | None:
    """Write on the condition that the version there is `expected` (null: that nothing is there).

    The new version; null when the condition did not hold. An earlier try whose answer was lost
    counts: what stands there is then read back, and is our own content.
    """
    bucket, key = split(path)
    condition = {"IfMatch": quoted(expected)} if expected else {"IfNoneMatch": "*"}
    with aws.explained(path):
        for attempt in range(1, CONFLICT_ATTEMPTS + 1):
            try:
                answer = client.put_object(Bucket=bucket, Key=key, Body=content, **condition)
                return unquoted(answer["ETag"])
            except ClientError as error:
                code = aws.code_of(error)
                if code in _TAKEN:
                    return _version_if_ours(client, bucket, key, content)
                if code not in _CONFLICT or attempt == CONFLICT_ATTEMPTS:
                    raise
                time.sleep(CONFLICT_SECONDS * attempt)
    raise AssertionError("unreachable")


def delete_if(client: Any, path: str, expected: str) -> None:
    """Delete on the condition that the version there is `expected`; else nothing happens."""
    bucket, key = split(path)
    with aws.explained(path):
        try:
            client.delete_object(Bucket=bucket, Key=key, IfMatch=quoted(expected))
        except ClientError as error:
            if aws.code_of(error) not in _TAKEN | _CONFLICT:
                raise


def _version_if_ours(client: Any, bucket: str, key: str, content: bytes) -> str | None:
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.NoSuchKey:
        return None
    return unquoted(answer["ETag"]) if answer["Body"].read() == content else None
