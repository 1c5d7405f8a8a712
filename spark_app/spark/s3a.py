"""S3 for the Spark of this machine: the S3A connector's jars, and its settings.

A cluster brings its own connector; nothing of this is set there.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from spark_app import aws
from spark_app.spark.jars import Jars, fetched

_SDK = "2.29.52"
_PARTS = ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client")
CONNECTOR = Jars(
    folder="s3a",
    words="Spark's S3 connector",
    size="18 MB",
    why="it is needed once, for s3:// on this machine",
    packages=(
        "org.apache.hadoop:hadoop-aws:3.4.2",
        *(f"software.amazon.awssdk:{part}:{_SDK}" for part in _PARTS),
    ),
    excluded=("software.amazon.awssdk:bundle", "org.slf4j:slf4j-api"),
)
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"

# As patient as boto3 is here. S3A's own twenty tries, each after twice the time of the one before,
# would keep a run for days at a bucket that is throttled for long.
_PATIENCE = {
    "spark.hadoop.fs.s3a.attempts.maximum": "3",
    "spark.hadoop.fs.s3a.retry.limit": "4",
    "spark.hadoop.fs.s3a.retry.throttle.limit": "4",
    "spark.hadoop.fs.s3a.retry.throttle.interval": "500ms",
}


def jars(log: Callable[[str], None] = print) -> list[Path]:
    """The connector's jars, fetched when they are not there yet.

    Raises:
        RunFailed: they are not there, and cannot be fetched.
    """
    return fetched(CONNECTOR, log)


def conf(region: str | None, log: Callable[[str], None]) -> dict[str, str]:
    """What Spark is told when it starts, so that `s3://` means the same to it as to boto3."""
    client = aws.client("s3", region)
    known = {
        **_PATIENCE,
        "spark.jars": ",".join(map(str, jars(log))),
        "spark.hadoop.fs.s3.impl": S3A,
        # Its default buffer on disk needs Hadoop's other local file system; what we write is small.
        "spark.hadoop.fs.s3a.fast.upload.buffer": "bytebuffer",
        "spark.hadoop.fs.s3a.endpoint.region": client.meta.region_name,
    }
    if aws.is_of_aws(client):
        return known
    is_https = urlsplit(client.meta.endpoint_url).scheme == "https"
    return {
        **known,
        "spark.hadoop.fs.s3a.endpoint": client.meta.endpoint_url,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(is_https).lower(),
    }


def secrets(region: str | None) -> dict[str, str]:
    """boto3's credentials as Hadoop settings; for a running JVM, never for a command line."""
    frozen = aws.credentials(region)
    provider = "TemporaryAWSCredentialsProvider" if frozen.token else "SimpleAWSCredentialsProvider"
    return {
        "fs.s3a.aws.credentials.provider": f"org.apache.hadoop.fs.s3a.{provider}",
        "fs.s3a.access.key": frozen.access_key,
        "fs.s3a.secret.key": frozen.secret_key,
        **({"fs.s3a.session.token": frozen.token} if frozen.token else {}),
    }
