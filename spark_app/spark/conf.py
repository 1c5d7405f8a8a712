"""Spark's configuration, and which Java it runs on: all of it stands here.

`SESSION_CONF` holds everywhere; `laptop_conf` only where this process starts the JVM, because under
spark-submit the session takes what it is given.
"""

import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from spark_app import settings
from spark_app.errors import Unusable

JAVA_VERSIONS = (17, 21)
SESSION_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.codegen.aggregate.fastHashMap.capacityBit": "20",
    # A line of text is judged by all of its values, whichever of them a query needs.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    "spark.sql.optimizer.enableCsvExpressionOptimization": "false",
}


COMPILED_FROM_ROWS = 20_000
_COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
_INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
_SMALL = {"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "1"}
_LARGE = {"spark.sql.shuffle.partitions": "16"}


def class_archive(has_iceberg: bool) -> Path:
    """Where the archive of loaded classes is that halves the JVM's start: the install makes one of
    Spark's, and `make lakes` one of Iceberg's with them."""
    return Path(sys.prefix) / ("spark-app-lakes.jsa" if has_iceberg else "spark-app.jsa")


def java_version() -> int | None:
    """The major version of the Java that Spark will use; null under spark-submit, which chose it.

    Raises:
        Unusable: there is no Java, or not one that Spark runs on.
    """
    if settings.is_under_spark_submit():
        return None
    home = settings.java_home()
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    advice = "install OpenJDK 17 (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    try:
        ran = subprocess.run(
            [java or "java", "-version"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise Unusable(f"no Java found{f' at {java}' if java else ''}; {advice}") from error
    found = re.search(r'version "(?:1\.)?(\d+)', ran.stderr + ran.stdout)
    if found is None or int(found[1]) not in JAVA_VERSIONS:
        version = found[1] if found else "unknown"
        raise Unusable(
            f"Java {version} at {java} does not run Spark, which needs 17 or 21; {advice}"
        )
    return int(found[1])


def require_able_machine() -> None:
    """Refuse a machine on which Spark cannot start; a cluster's is taken as it is.

    Raises:
        Unusable: temporary files have no place or nothing can be loaded from it, the user has no
            name, or there is no loopback network.
    """
    if not settings.is_under_spark_submit():
        _require_temporary_folder()
        _require_user()
        _require_loopback()


def _require_temporary_folder() -> None:
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise Unusable("no temporary folder can be written; set TMPDIR to one that can") from error
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        raise Unusable(
            f"the temporary folder {folder} is mounted noexec, and Spark loads libraries from it; "
            "set TMPDIR to a folder on another disk"
        )


def _require_user() -> None:
    user = os.getuid()
    try:
        pwd.getpwuid(user)
    except KeyError as error:
        raise Unusable(
            f"the user {user} has no name on this machine, and Hadoop's libraries need one; add it "
            "to /etc/passwd or run as another user"
        ) from error


def _require_loopback() -> None:
    try:
        with socket.create_server((settings.LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=10).close()
    except OSError as error:
        raise Unusable(
            f"Python reaches Spark at {settings.LOOPBACK}, which this machine does not have "
            f"({error.strerror}); bring its interface lo up"
        ) from error


def laptop_conf(
    driver_memory: str, scratch: str, is_small: bool, *, has_iceberg: bool = False
) -> dict[str, str]:
    """Spark's configuration when this machine is the cluster."""
    by_size = _SMALL if is_small else _LARGE
    return {
        **by_size,
        "spark.app.name": "spark_app",
        "spark.master": "local[*]",
        "spark.driver.memory": driver_memory,
        "spark.driver.maxResultSize": "512m",  # a table of one file comes to the driver
        "spark.driver.host": settings.LOOPBACK,
        "spark.driver.bindAddress": settings.LOOPBACK,
        "spark.driver.extraJavaOptions": " ".join(_java_options(scratch, is_small, has_iceberg)),
        "spark.local.dir": scratch,
        # Workers of Python find the application wherever the command was given.
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[2]),
        # Hadoop's default adds checksum files, and cannot open a name with a colon.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.sql.warehouse.dir": f"{scratch}/warehouse",
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # To remember the line of Python that made each column takes a tenth of a small run.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
    }


def _java_options(scratch: str, is_small: bool, has_iceberg: bool) -> list[str]:
    # Compiling lightly and collecting serially is right for seconds, wrong for minutes.
    speed = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if is_small else ["-XX:+UseParallelGC"]
    archive = class_archive(has_iceberg)
    archive = archive if archive.exists() else class_archive(False)
    shared = [f"-XX:SharedArchiveFile={archive}", "-Xlog:disable", "-Xlog:all=error:stderr"]
    own = [f"-Djava.io.tmpdir={scratch}", "-XX:-UsePerfData"]
    return [shlex.quote(o) for o in own + speed + (shared if archive.exists() else [])]


def codegen_conf(rows_count: int | None) -> dict[str, str]:
    """How Spark computes so many rows, null when they are not known: few are done before the Java
    code for them would be made and compiled."""
    are_few = rows_count is not None and rows_count < COMPILED_FROM_ROWS
    return _INTERPRETED if are_few else _COMPILED


def quiet_python() -> None:
    """Keep pyspark's own logger of query errors from printing: they come as exceptions anyway."""
    from pyspark.logger import PySparkLogger

    PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True
