"""Iceberg for the Spark of this machine: its jars, and the catalogue of a lake on a disk.

A cluster brings Iceberg's jars of the same version; nothing of them is set there.
"""

from collections.abc import Callable

from spark_app.lake.catalogue import CATALOGUE, DATABASE_FILE
from spark_app.lake.paths import Paths
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


def jars_conf(log: Callable[[str], None]) -> dict[str, str]:
    """What Spark is told of the jars when it starts.

    Raises:
        RunFailed: they are not there, and cannot be fetched.
    """
    return {"spark.jars": ",".join(map(str, fetched(RUNTIME, log)))}


def catalogue_conf(lake: Paths) -> dict[str, str]:
    """What a session is told of the catalogue of a lake; it forgets what it saw at once, because
    other processes publish."""
    known = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "jdbc",
        ".uri": f"jdbc:sqlite:{lake.path(DATABASE_FILE)}",
        ".warehouse": lake.path("tables"),
        ".jdbc.schema-version": "V1",
        ".cache-enabled": "false",
        # Iceberg asks the file system for its scheme, which the one that runs use has not.
        ".hadoop.fs.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        ".hadoop.fs.file.impl.disable.cache": "true",
    }
    return {f"spark.sql.catalog.{CATALOGUE}{name}": value for name, value in known.items()}
