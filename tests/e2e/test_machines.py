"""Machines that are not as Spark, Java or Python expect them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import raw_files
from tests.e2e.conftest import SECOND, Made
from tests.e2e.process import (
    DEADLINE,
    JOB,
    ROOT,
    Ended,
    app,
    environment,
    expect_done,
    expect_error,
    readers_see,
    run,
)

ALONE = ("unshare", "--map-root-user", "--net", "--uts")  # a machine without network
NAMELESS = (*ALONE, "sh", "-c", 'ip link set lo up && hostname nowhere.invalid && exec "$@"', "-")
DEFAULT_IS_ELSEWHERE = """
<configuration><property>
  <name>fs.defaultFS</name><value>hdfs://nowhere.invalid:9000</value>
</property></configuration>
"""


def has(*prefix: str) -> bool:
    """Whether this machine can play another one."""
    try:
        return subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def run_on(prefix: tuple[str, ...], source: object, lake: Path, **env: str) -> Ended:
    command = [sys.executable, "-m", "spark_app", "run", JOB, "--source", source, "--lake", lake]
    done = subprocess.run(
        [*prefix, *map(str, command)],
        cwd=lake.parent,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def another_spark(folder: Path) -> dict[str, str]:
    """Variables that configure a Spark, Hadoop or Java of this machine, which is in `folder`."""
    (folder / "python").mkdir(parents=True)
    for package in ("pyspark", "py4j"):
        (folder / "python" / f"{package}.py").write_text("raise ImportError('another one')")
    (folder / "core-site.xml").write_text(DEFAULT_IS_ELSEWHERE)
    (folder / "spark-env.sh").write_text("exit 7\n")
    (folder / "spark-defaults.conf").write_text("spark.master spark://nowhere.invalid:7077\n")
    (folder / "file").touch()
    folders = ("HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_CONF_DIR")
    return {
        **dict.fromkeys(folders, str(folder)),
        "PYTHONPATH": f"{folder / 'python'}:{ROOT}",
        "SPARK_HOME": "/nowhere",
        "SPARK_LOCAL_DIRS": str(folder / "file" / "cannot be made"),
        "SPARK_REMOTE": "sc://nowhere.invalid",
        "SPARK_SUBMIT_OPTS": "-Xnonsense",
        "PYSPARK_SUBMIT_ARGS": "--nonsense",
        "PYSPARK_GATEWAY_PORT": "1",
        "CONTAINER_ID": "1",
        "JAVA_TOOL_OPTIONS": "-XX:+UseG1GC",
        "JDK_JAVA_OPTIONS": "-javaagent:/nowhere.jar",
        "_JAVA_OPTIONS": "-Xmx64m",
    }


NO_ENCODING = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_another_spark_no_network_no_encoding_and_little_memory_do_no_harm(tmp_path: Path) -> None:
    """Everything at once, as a run takes seconds; what fails names its cause."""
    rows = raw_files.weeks_of_rows(range(2))
    source = raw_files.write(tmp_path / "in" / "März.parquet", rows)
    lake, scratch = tmp_path / "日本" / "lake", tmp_path / "仮 folder"
    lake.parent.mkdir()
    scratch.mkdir()
    env = {
        **another_spark(tmp_path / "another spark"),
        **NO_ENCODING,
        "PYTHONIOENCODING": "ascii",
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "SPARK_APP_DRIVER_MEMORY": "512m",
        "TMPDIR": str(scratch),
    }
    ended = expect_done(run_on(NAMELESS if has(*NAMELESS) else (), source, lake, **env))
    assert r"\u65e5\u672c/lake/final" in ended.out
    assert readers_see(lake) is not None
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(not has(*ALONE), reason="needs the right to make a network namespace")
def test_a_machine_without_loopback_is_refused_before_anything_is_written(
    small: Path, tmp_path: Path
) -> None:
    ended = run_on(ALONE, small, tmp_path / "lake")
    expect_error(ended, 2, "127.0.0.1", "bring its interface lo up")
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("more", [{}, NO_ENCODING])
def test_a_lake_whose_name_is_no_text_is_refused(tmp_path: Path, more: dict[str, str]) -> None:
    ended = app("list", "--lake", tmp_path / "l\udce4ke", cwd=tmp_path, env=more)
    expect_error(ended, 2, r"l\udce4ke", "not UTF-8", "choose another")


def test_that_nothing_is_new_is_said_without_java(made: Made, lake: Path, tmp_path: Path) -> None:
    ended = run(made.pattern, lake, "--if-new", env={"JAVA_HOME": str(tmp_path / "no java")})
    assert ended.out == f"{JOB}: up to date, run {SECOND}\n"
