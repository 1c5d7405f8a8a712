"""S3 for the Spark of this machine: the S3A connector's jars, and its settings.

A cluster brings its own connector; nothing of this is set there.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from spark_app import aws, settings
from spark_app.errors import RunFailed
from spark_app.lake.store.explained import explained

_SDK = "2.29.52"
_PARTS = ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client")
PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.4.2",
    *(f"software.amazon.awssdk:{part}:{_SDK}" for part in _PARTS),
)
EXCLUDED = ("software.amazon.awssdk:bundle", "org.slf4j:slf4j-api")
FETCH_SECONDS = 300
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"

# As patient as boto3 is here. S3A's own twenty tries, each after twice the time of the one before,
# would keep a run for days at a bucket that is throttled for long.
_PATIENCE = {
    "spark.hadoop.fs.s3a.attempts.maximum": "3",
    "spark.hadoop.fs.s3a.retry.limit": "4",
    "spark.hadoop.fs.s3a.retry.throttle.limit": "4",
    "spark.hadoop.fs.s3a.retry.throttle.interval": "500ms",
}


def jars_folder() -> Path:
    """Where the connector's jars stay once they are fetched."""
    return Path(sys.prefix) / "share" / "spark-app" / "s3a"


def jars(log: Callable[[str], None] = print) -> list[Path]:
    """The connector's jars, fetched by Spark's own resolver when they are not there yet.

    Raises:
        RunFailed: they are not there, and cannot be fetched.
    """
    folder = jars_folder()
    if not folder.is_dir():
        log("fetching Spark's S3 connector, once (18 MB from Maven Central)")
        _fetch(folder)
    return sorted(folder.glob("*.jar"))


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
    endpoint = urlsplit(client.meta.endpoint_url)
    if (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return known
    return {
        **known,
        "spark.hadoop.fs.s3a.endpoint": client.meta.endpoint_url,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(endpoint.scheme == "https").lower(),
    }


def secrets(region: str | None) -> dict[str, str]:
    """boto3's credentials as Hadoop settings; for a running JVM, never for a command line."""
    import boto3

    with aws.explained("s3"):
        found = boto3.Session(region_name=region).get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    if frozen is None:
        raise aws.no_credentials()
    provider = "TemporaryAWSCredentialsProvider" if frozen.token else "SimpleAWSCredentialsProvider"
    return {
        "fs.s3a.aws.credentials.provider": f"org.apache.hadoop.fs.s3a.{provider}",
        "fs.s3a.access.key": frozen.access_key,
        "fs.s3a.secret.key": frozen.secret_key,
        **({"fs.s3a.session.token": frozen.token} if frozen.token else {}),
    }


def _fetch(folder: Path) -> None:
    """Fetch the jars next to where they stay, and put them in place whole."""
    with explained(str(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".s3a-", dir=folder.parent) as scratch:
            why = _resolve(Path(scratch))
            if why is not None:
                raise RunFailed(
                    f"Spark's S3 connector could not be fetched from Maven Central ({why}); "
                    "connect to the network and run again (it is needed once, for s3:// on this "
                    "machine)"
                )
            if not folder.is_dir():  # nobody else was faster
                (Path(scratch) / "jars").replace(folder)


def _resolve(scratch: Path) -> str | None:
    """Let Spark resolve its packages into `scratch`; why it could not, or null."""
    import pyspark

    nothing, spark = scratch / "nothing.py", Path(pyspark.__file__).parent
    nothing.touch()
    command = [
        str(spark / "bin" / "spark-submit"),
        f"--packages={','.join(PACKAGES)}",
        f"--exclude-packages={','.join(EXCLUDED)}",
        f"--conf=spark.jars.ivy={scratch}",
        str(nothing),
    ]
    known = settings.environment(SPARK_HOME=str(spark), PYSPARK_PYTHON=sys.executable)
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
            stdin=subprocess.DEVNULL,
            env=known,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {FETCH_SECONDS} s"
    if ran.returncode == 0 and any((scratch / "jars").glob("*.jar")):
        return None
    said = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
    reasons = [line for line in said if not line.startswith("at ")]
    return reasons[-1] if reasons else f"exit code {ran.returncode}"
