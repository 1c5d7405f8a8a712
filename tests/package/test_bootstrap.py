"""The bootstrap action leaves an environment in which the application runs."""

import json
import os
import re
import resource
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest

from scripts import wheels
from spark_app.spark.conf import class_archive
from tests.package import node as nodes
from tests.package.node import Ended, Node
from tests.package.s3 import S3

QUICK = (  # the archive of classes that the install made, as for the JVM of a laptop
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
    f"-XX:SharedArchiveFile={class_archive(has_iceberg=False)} "
    "-Xlog:disable -Xlog:all=error:stderr"
)
CPU_SECONDS = 15 * 4  # what a node of four cores has in the 15 s that a start may take


@pytest.fixture(scope="module")
def started(
    uploaded: S3, package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Node, Ended, float]]:
    """A node after its bootstrap, which found what a cut-off one had left."""
    node = nodes.new(tmp_path_factory.mktemp("node") / "node", uploaded.environment())
    left_over = node.target / ".bootstrap" / "env"
    left_over.mkdir(parents=True)
    (left_over / "half").touch()
    (node.target / "env" / "bin").mkdir(parents=True)
    (node.target / "env" / "bin" / "python").touch()
    before = cpu_seconds()
    ended = node.start(f"{uploaded.app}{package.name}/")
    yield node, ended, cpu_seconds() - before
    shutil.rmtree(node.target)


def cpu_seconds() -> float:
    """What the processes that have ended used; a clock would measure the other tests as well."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def python(node: Node, *arguments: str) -> str:
    """What the environment's Python says, far from the checkout."""
    command = [str(node.target / "env" / "bin" / "python"), "-I", *arguments]
    done = subprocess.run(command, check=True, cwd="/", capture_output=True, text=True)
    return done.stdout.strip()


def test_it_leaves_an_environment_with_the_locked_versions_after_a_cut_off_run(
    started: tuple[Node, Ended, float], package: Path
) -> None:
    node, ended, seconds = started
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert list(ended.phases) == ["fetch", "verify", "environment", "compile", "in place"]
    assert seconds < CPU_SECONDS
    assert [path.name for path in node.target.iterdir()] == ["env"]
    program = (
        "import json; from importlib.metadata import distributions as d;"
        "print(json.dumps([[x.name.lower(), x.version] for x in d()]))"
    )
    found = {(re.sub(r"[-_.]+", "_", n), v) for n, v in json.loads(python(node, "-c", program))}
    assert found == set(wheels.pins((package / "requirements.lock").read_text()))
    assert "pyspark" not in {name for name, _ in found}


def test_it_says_which_dependencies_the_environment_has(
    started: tuple[Node, Ended, float], package: Path
) -> None:
    node, _, _ = started
    manifest = json.loads((package / "package.json").read_text())
    said = (node.target / "env" / "dependencies").read_text()
    assert said.strip() == manifest["dependencies"]
    assert python(node, "-c", "import sys; print(sys.prefix)") == str(node.target / "env")


def test_the_environment_loads_what_the_application_needs_and_is_compiled(
    started: tuple[Node, Ended, float],
) -> None:
    node, _, _ = started
    program = "import boto3, bokeh.models, great_expectations as g; print(g.__cached__)"
    assert Path(python(node, "-c", program)).exists()


def test_every_user_can_read_the_environment(started: tuple[Node, Ended, float]) -> None:
    node, _, _ = started
    for path in node.target.rglob("*"):
        mode = path.stat().st_mode
        needed = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        assert mode & needed == needed, path


def test_the_second_run_finds_it_there(
    started: tuple[Node, Ended, float], uploaded: S3, package: Path
) -> None:
    node, _, _ = started
    before = (node.target / "env").stat().st_ino
    ended = node.start(f"{uploaded.app}{package.name}")
    assert ended.code == 0, ended.err
    assert list(ended.phases) == ["fetch"]
    assert re.fullmatch(r"the dependencies \w{16} are there already", ended.phases["fetch"])
    assert (node.target / "env").stat().st_ino == before


def submit(node: Node, package: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the package as a cluster's step does, with Spark's own spark-submit."""
    spark = Path(pyspark.__file__).parent
    python = node.target / "env" / "bin" / "python"
    command = [spark / "bin" / "spark-submit", "--deploy-mode", "client"]
    command += ["--conf", f"spark.pyspark.python={python}"]
    command += ["--conf", f"spark.pyspark.driver.python={python}"]
    command += ["--py-files", package / "spark_app.zip", package / "main.py", *arguments]
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYSPARK_"))}
    return subprocess.run(
        list(map(str, command)),
        check=False,
        cwd=node.folder,
        env={**ours, "SPARK_HOME": str(spark), "SPARK_SUBMIT_OPTS": QUICK},
        capture_output=True,
        text=True,
    )


def test_spark_submit_runs_the_application_out_of_its_archive(
    started: tuple[Node, Ended, float], package: Path
) -> None:
    done = submit(started[0], package, "checks", "organic_share")
    assert done.returncode == 0, done.stderr
    assert "raw" in done.stdout and "Traceback" not in done.stderr


def test_spark_submit_passes_on_that_the_dependencies_are_others(
    started: tuple[Node, Ended, float], package: Path
) -> None:
    said = started[0].target / "env" / "dependencies"
    before = said.read_text()
    said.write_text("fedcba9876543210\n")
    done = submit(started[0], package, "list")
    said.write_text(before)
    assert done.returncode == 2
    lines = done.stdout.splitlines()  # spark-submit makes one stream of the application's two
    assert len(lines) == 1 and lines[0].startswith("error: this application needs other depend")
