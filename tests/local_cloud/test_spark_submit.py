"""The node's `spark-submit`: `yarn` as its master, and the driver of cluster mode."""

import os
import stat
import tarfile
from pathlib import Path

import pytest

from scripts.local_cloud import spark_submit
from tests import in_process
from tests.e2e.process import Ended

# Stands for Spark's own: says how it was called and what it finds, ends with its last argument.
SPARK = """#!/bin/sh
printf '<%s>' "$@"; echo; ls; cat environment/word 2>/dev/null; echo "greeting $GREETING"
echo said by the driver >&2
for code do :; done
exit "$code"
"""
CLUSTER = ("--deploy-mode", "cluster")
CLIENT = "<--master><local[*]><--deploy-mode><client>"


class Node:
    """A node with Spark's program and defaults."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment

    def submit(self, *arguments: str) -> Ended:
        """Submit from the node's home."""
        with in_process.at(self.folder, self.environment):
            return in_process.ended(spark_submit.main, *arguments)

    def log(self, name: str) -> str:
        """A log of the only container."""
        (found,) = self.folder.glob(f"logs/application_*_0001/container_*_0001_01_000001/{name}")
        return found.read_text()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text("spark.master local[*]\n")
    program = tmp_path / "spark" / "bin" / "spark-submit"
    program.parent.mkdir(parents=True)
    program.write_text(SPARK)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Node(
        tmp_path,
        {
            "HOME": str(tmp_path),
            "SPARK_HOME": str(tmp_path / "spark"),
            "SPARK_CONF_DIR": str(tmp_path / "conf"),
            "CONTAINER_LOGS": str(tmp_path / "logs"),
        },
    )


class Became(Exception):
    """What this process was to become."""


def called(node: Node, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    """What Spark's own is called with in client mode."""

    def execv(_: str, args: list[str]) -> None:
        raise Became(*args[1:])

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Became) as became:
        node.submit(*arguments)
    return list(became.value.args)


@pytest.mark.parametrize(
    "master", [(), ("--master", "yarn"), ("--master=yarn",), ("--conf", "spark.master=yarn")]
)
def test_yarn_is_this_machine(
    node: Node, monkeypatch: pytest.MonkeyPatch, master: tuple[str, ...]
) -> None:
    found = called(node, monkeypatch, *master, "--verbose", "app.py", "--master", "mine")

    here = ["--master", "local[*]", "--deploy-mode", "client"]
    assert found == [*here, "--verbose", "app.py", "--master", "mine"]


def test_a_local_master_stays(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    assert called(node, monkeypatch, "--master", "local[2]", "app.py")[:2] == [
        "--master",
        "local[2]",
    ]


def test_another_master_is_refused(node: Node) -> None:
    ended = node.submit("--master", "spark://host:7077", "app.py")

    assert (ended.code, ended.out) == (1, "")
    assert (
        ended.err
        == "error: this cloud has no master spark://host:7077; use yarn, or leave it out\n"
    )


@pytest.mark.parametrize("how", ["option", "conf", "defaults"])
def test_in_cluster_mode_the_driver_has_its_own_logs_and_the_client_tells_how_it_ended(
    node: Node, how: str
) -> None:
    said = {"option": CLUSTER, "conf": ("--conf", "spark.submit.deployMode=cluster")}.get(how, ())
    if how == "defaults":
        defaults = node.folder / "conf" / "spark-defaults.conf"
        defaults.write_text("spark.submit.deployMode cluster\n")

    ended = node.submit(*said, "s3://acme/app.py", "0")

    assert (ended.code, ended.out) == (0, "")
    states = [line.split("state: ")[1] for line in ended.err.splitlines() if "report for" in line]
    assert states == ["ACCEPTED)", "RUNNING)", "FINISHED)"]
    assert "Submitting application application_" in ended.err
    assert "\t final status: SUCCEEDED\n" in ended.err
    assert node.log("stdout").startswith(f"{CLIENT}<s3://acme/app.py><0>\n")
    assert node.log("stderr") == "said by the driver\n"


def test_a_failed_application_fails_its_client_with_1(node: Node) -> None:
    ended = node.submit(*CLUSTER, "app.py", "3")

    assert ended.code == 1
    assert "\t diagnostics: User application exited with status 3\n" in ended.err
    assert "\t final status: FAILED\n" in ended.err
    assert ended.err.endswith("finished with failed status\n")
    assert 'Exception in thread "main" org.apache.spark.SparkException: Application' in ended.err


def test_a_container_has_files_archives_and_variables_of_its_own(node: Node) -> None:
    (node.folder / "word").write_text("from the archive\n")
    with tarfile.open(node.folder / "deps.tar.gz", "w:gz") as archive:
        archive.add(node.folder / "word", "word")
    (node.folder / "app.py").touch()
    (node.folder / "setting.json").write_text("{}")

    archives = ("--conf", f"spark.archives={node.folder}/deps.tar.gz#environment")
    greeting = ("--conf", "spark.yarn.appMasterEnv.GREETING=hello there")
    ended = node.submit(*CLUSTER, *archives, *greeting, "--files", "setting.json", "app.py", "0")

    assert ended.code == 0, ended.err
    line, *seen = node.log("stdout").splitlines()
    assert f"<{node.folder}/app.py>" in line and f"<{node.folder}/setting.json>" in line
    assert seen == ["environment", "setting.json", "from the archive", "greeting hello there"]


def test_a_file_that_cannot_be_had_fails_the_submission_in_one_line(node: Node) -> None:
    ended = node.submit(*CLUSTER, "--files", "/not/there", "app.py", "0")

    assert ended.code == 1
    assert ended.err == "error: /not/there could not be read: No such file or directory\n"


def test_a_node_counts_its_applications(node: Node) -> None:
    for _ in range(2):
        node.submit(*CLUSTER, "app.py", "0")

    names = sorted(path.name[-5:] for path in (node.folder / "logs").iterdir())
    assert names == ["_0001", "_0002"]
