"""Conditional writes to S3, and what their answers mean."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from spark_app import aws
from spark_app.lake.store.s3_uri import quoted, split, unquoted

CONFLICT_ATTEMPTS, CONFLICT_SECONDS = 5, 0.5
_TAKEN = {"PreconditionFailed", "412", "NoSuchKey", "404"}
_CONFLICT = {"ConditionalRequestConflict", "409"}


def put_if(
    client: Any,
    path: str,
    content: bytes,
    expected: str | None,
    is_ours: Callable[[bytes], bool] | None = None,
) -> str | None:
    """Write on the condition that the version there is `expected` (null: that nothing is there).

    The new version; null when the condition did not hold. An earlier try whose answer was lost
    counts: what stands there is then read back, and `is_ours` (by default: the same content).
    """
    is_ours = is_ours or content.__eq__
    bucket, key = split(path)
    condition = {"IfMatch": quoted(expected)} if expected else {"IfNoneMatch": "*"}
    # Four ways out: written; refused by the condition, which may be our own earlier try that S3
    # carried out although its answer was lost; a conflict with a write under way, which S3 asks to
    # repeat; an error after which nobody knows, so that only reading back tells.
    with aws.explained(path):
        for attempt in range(1, CONFLICT_ATTEMPTS + 1):
            try:
                answer = client.put_object(Bucket=bucket, Key=key, Body=content, **condition)
                return unquoted(answer["ETag"])
            except ClientError as error:
                code = aws.code_of(error)
                if code in _TAKEN:
                    return _version_if_ours(client, bucket, key, is_ours)
                if code in _CONFLICT and attempt < CONFLICT_ATTEMPTS:
                    time.sleep(CONFLICT_SECONDS * attempt)
                    continue
                if not _may_be_done(error) or not (
                    version := _version_if_ours(client, bucket, key, is_ours)
                ):
                    raise
                return version
            except HTTPClientError:
                if version := _version_if_ours(client, bucket, key, is_ours):
                    return version
                raise
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


def _may_be_done(error: ClientError) -> bool:
    """Whether S3 may have written although it answered with an error."""
    return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500)


def _version_if_ours(
    client: Any, bucket: str, key: str, is_ours: Callable[[bytes], bool]
) -> str | None:
    try:
        content, answer = aws.get_object(client, Bucket=bucket, Key=key)
    except client.exceptions.NoSuchKey:
        return None
    return unquoted(answer["ETag"]) if is_ours(content) else None
