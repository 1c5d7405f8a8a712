"""The S3 server and its failing proxy."""

from tests.s3.conftest import bucket, proxy, s3, s3_url  # noqa: F401  (fixtures)
