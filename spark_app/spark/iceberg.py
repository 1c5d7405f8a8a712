"""Iceberg for Spark: its jars on this machine, and the catalogue of a lake.

A cluster brings jars of the same version; there only the catalogue is set.
"""

from collections.abc import Callable
from pathlib import Path

from spark_app import aws
from spark_app.lake.catalogue import CATALOGUE, DATABASE_FILE, NAMESPACE_SETTING, namespace_of
from spark_app.lake.paths import Paths
from spark_app.lake.store import is_s3
from spark_app.spark.jars import Jars, fetched

RUNTIME = Jars(
    folder="iceberg",
    words="Spark's Iceberg runtime",
    size="60 MB",
    why="it is needed once, for lake tables on this machine",
    packages=(
        "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0",
        "org.xerial:sqlite-jdbc:3.50.3.0",
    ),
)
CLIENTS = Jars(
    folder="iceberg-aws",
    words="Iceberg's clients of S3 and Glue",
    size="64 MB",
    why="they are needed once, for lake tables in S3 on this machine",
    packages=("org.apache.iceberg:iceberg-aws-bundle:1.11.0",),
)


def jars(is_in_s3: bool, log: Callable[[str], None]) -> list[Path]:
    """What a JVM needs on its class path for lake tables in S3 or on a disk.

    Raises:
        RunFailed: they are not there, and cannot be fetched.
        Unusable: what was fetched is not what this release was tested with.
    """
    needed = (RUNTIME, CLIENTS) if is_in_s3 else (RUNTIME,)
    return [jar for each in needed for jar in fetched(each, log)]


def catalogue_conf(lake: Paths) -> dict[str, str]:
    """What a session is told of the catalogue of a lake; it forgets what it saw at once, because
    other processes publish."""
    known = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".warehouse": lake.path("tables"),
        ".cache-enabled": "false",
        **(_in_glue(lake) if is_s3(lake.root) else _on_disk(lake)),
    }
    named = {f"spark.sql.catalog.{CATALOGUE}{name}": value for name, value in known.items()}
    return {**named, NAMESPACE_SETTING: namespace_of(lake)}


def secrets(region: str | None) -> dict[str, str]:
    """boto3's credentials as properties of Java, where Iceberg's clients look for them; for a
    running JVM, never for a command line."""
    frozen = aws.credentials(region)
    return {
        "aws.accessKeyId": frozen.access_key,
        "aws.secretAccessKey": frozen.secret_key,
        **({"aws.sessionToken": frozen.token} if frozen.token else {}),
    }


def _on_disk(lake: Paths) -> dict[str, str]:
    return {
        ".type": "jdbc",
        ".uri": f"jdbc:sqlite:{lake.path(DATABASE_FILE)}",
        ".jdbc.schema-version": "V1",
        # Iceberg asks the file system for its scheme, which the one that runs use has not.
        ".hadoop.fs.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        ".hadoop.fs.file.impl.disable.cache": "true",
    }


def _in_glue(lake: Paths) -> dict[str, str]:
    """Glue and S3 as boto3 means them; credentials come from the JVM."""
    s3, glue = aws.client("s3", lake.region), aws.client("glue", lake.region)
    known = {".type": "glue", ".client.region": s3.meta.region_name}
    if not aws.is_of_aws(s3):
        known |= {".s3.endpoint": s3.meta.endpoint_url, ".s3.path-style-access": "true"}
    if not aws.is_of_aws(glue):
        known |= {".glue.endpoint": glue.meta.endpoint_url}
    return known
