"""A cluster's node: a folder with what EMR puts on one, and the environment of its processes.

The environment begins empty: nothing of the caller's reaches a node. `/opt/` is the node's own.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.local_cloud.settings import MARK

_LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n
# A real node has Hadoop's native libraries.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""
_S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_VENV_BIN = Path(sys.executable).parent
_DISKS = ("opt", "tmp", "mnt")
_SUBMIT = Path(__file__).with_name("spark_submit.py")
_NOT_THERE = (  # what EMR's command-runner knows, and its scripts use
    *("hadoop", "hdfs", "yarn", "mapred", "hadoop-streaming", "s3-dist-cp"),
    *("hive", "hive-script", "pig", "pig-script", "presto-cli", "sqoop"),
)
_SAY_NOT_THERE = """\
echo "error: this cloud has no ${0##*/}; it has spark-submit, aws, python3.11 and a shell" >&2
exit 1
"""


class Node:
    """The primary node of a cluster."""

    def __init__(self, folder: Path, general_url: str) -> None:
        self.folder = folder
        self._general_url = general_url

    def prepare(self, configurations: Sequence[Mapping[str, Any]]) -> None:
        """Make the folder: programs, Spark's configuration, room for logs."""
        for name in ("bin", "conf", "var/log", *_DISKS):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, target in _programs():
            (self.folder / "bin" / name).symlink_to(target)
        for name, text in _scripts():
            path = self.folder / "bin" / name
            path.write_text(f"#!/bin/sh\n{text}")
            path.chmod(0o755)
        conf = self.folder / "conf"
        (conf / "log4j2.properties").write_text(_LOG4J)
        settings = self._spark_defaults() | {
            name: self.path(str(value))
            for part in classified(configurations, "spark-defaults")
            for name, value in part.get("Properties", {}).items()
            if (name, value) != ("spark.master", "yarn")
        }
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        (conf / "spark-defaults.conf").write_text("".join(lines))
        has_iceberg = any(
            part.get("Properties", {}).get("iceberg.enabled") == "true"
            for part in classified(configurations, "iceberg-defaults")
        )
        exported = _spark_env(self.folder / "tmp", has_iceberg) | {
            name: self.path(str(value))
            for part in classified(configurations, "spark-env")
            for name, value in _exported(part)
        }
        lines = [f"export {name}={_quoted(value)}\n" for name, value in exported.items()]
        (conf / "spark-env.sh").write_text("".join(lines))

    def _spark_defaults(self) -> dict[str, str]:
        return {
            "spark.master": "local[*]",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.warehouse.dir": (self.folder / "mnt" / "warehouse").as_uri(),
            "spark.hadoop.fs.s3.impl": _S3A,
            "spark.hadoop.fs.s3a.endpoint": self._general_url,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
            "spark.hadoop.hadoop.tmp.dir": str(self.folder / "tmp"),
            "spark.sql.shuffle.partitions": "4",  # one small machine, not a cluster
        }

    def environment(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """What a process of the node sees: the instance role's credentials and no region."""
        return {
            MARK: str(self.folder),
            "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "USER": "hadoop",
            "LANG": "C.UTF-8",
            "JAVA_HOME": str(java_home()),
            "SPARK_HOME": str(spark_home()),
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_LOCAL_DIRS": str(self.folder / "mnt"),
            "AWS_ENDPOINT_URL": self._general_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **credentials,
        }

    def path(self, argument: str) -> str:
        """An argument with the path that it begins with or sets: the node's own.

        That is what lies below `/opt/`, and of `/usr/bin/` the programs that the node has.
        """
        found = re.sub(r"(^|=)/opt/", rf"\1{self.folder}/opt/", argument)
        return re.sub(r"(^|=)/usr/bin/([\w.-]+)$", self._program, found)

    def _program(self, found: re.Match[str]) -> str:
        path = self.folder / "bin" / found[2]
        return f"{found[1]}{path}" if path.exists() else found[0]

    def logs(self, *parts: str) -> Path:
        """A folder for a process's logs."""
        folder = self.folder.joinpath("var", "log", *parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def work(self, *parts: str) -> Path:
        """A folder for a process to run in."""
        folder = self.folder.joinpath("mnt", *parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def keep_logs_only(nodes: Iterable[Path]) -> None:
    """Delete the disks of nodes that have ended; their configuration and logs stay."""
    for folder in nodes:
        for name in _DISKS:
            shutil.rmtree(folder / name, ignore_errors=True)


def _quoted(value: str) -> str:
    """A value for the shell; what is quoted already stays, as on EMR."""
    return value if value[:1] in ("'", '"') else f'"{value}"'


def classified(
    configurations: Sequence[Mapping[str, Any]], classification: str
) -> Iterator[Mapping[str, Any]]:
    """The configurations of a classification."""
    return (part for part in configurations if part.get("Classification") == classification)


def _spark_env(temporary: Path, has_iceberg: bool) -> dict[str, str]:
    """The connector stands behind Spark's own jars, where spark-submit itself finds it too, and
    Iceberg with its clients before it, as it is on a laptop."""
    from spark_app.spark import iceberg, s3a
    from spark_app.spark.jars import fetched

    needed = (iceberg.RUNTIME, iceberg.CLIENTS) if has_iceberg else ()
    jars = [jar for each in (*needed, s3a.CONNECTOR) for jar in fetched(each, _say)]
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # what runs here is small
    return {
        "SPARK_DIST_CLASSPATH": ":".join(map(str, jars)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LAUNCHER_OPTS": quick,
        "SPARK_SUBMIT_OPTS": f"{quick} -Djava.io.tmpdir={temporary}",
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _exported(part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for inner in classified(part.get("Configurations", []), "export"):
        yield from inner.get("Properties", {}).items()


def spark_home() -> Path:
    """The checkout's own Spark: the one that its pyspark brings."""
    import pyspark

    return Path(pyspark.__file__).parent


def java_home() -> Path:
    """Java's folder: JAVA_HOME when it is set, else that of the `java` on the path.

    Raises:
        FileNotFoundError: there is no Java.
    """
    if known := os.environ.get("JAVA_HOME"):
        return Path(known)
    program = shutil.which("java")
    if program is None:
        raise FileNotFoundError("there is no Java; install Java 17 or set JAVA_HOME")
    return Path(program).resolve().parents[1]


def _programs() -> Iterator[tuple[str, Path]]:
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    yield from (("python3.11", base), ("python3", base), ("aws", _VENV_BIN / "aws"))
    yield "java", java_home() / "bin" / "java"


def _scripts() -> Iterator[tuple[str, str]]:
    """Programs of the node that are scripts: name and text."""
    yield "spark-submit", f'exec {shlex.join([sys.executable, "-I", str(_SUBMIT)])} "$@"\n'
    yield "state-pusher-script", "true  # EMR's debugging step: the logs go to S3 in any case\n"
    yield from ((name, _SAY_NOT_THERE) for name in _NOT_THERE)
