"""`s3://BUCKET/KEY`, taken apart."""

import re

from spark_app.errors import Unusable

SCHEME = "s3://"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def is_s3(place: str) -> bool:
    """Whether a path is a URI of S3."""
    return place.startswith(SCHEME)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key; the key may be empty.

    Raises:
        Unusable: there is no bucket in it, or one with a name that S3 does not allow.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not re.fullmatch(_BUCKET, bucket):
        raise Unusable(f"{uri} names no S3 bucket; write s3://BUCKET/PREFIX")
    return bucket, key


def unquoted(etag: str) -> str:
    """An ETag as it is kept: without the quotes it travels in."""
    return etag.strip('"')


def quoted(version: str) -> str:
    """A kept ETag as a condition wants it."""
    return f'"{version}"'
