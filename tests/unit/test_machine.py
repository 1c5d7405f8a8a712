"""What is refused of a machine before Java starts, and what is passed over."""

import os
import pwd
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyspark
import pytest
from py4j.protocol import Py4JJavaError

from spark_app.errors import RunFailed, Unusable
from spark_app.settings import own_environment, own_packages_first
from spark_app.spark.conf import require_able_machine
from spark_app.spark.jvm import Jvm


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    """No spark-submit."""
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)


def raising(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_machine_like_this_one_is_able() -> None:
    require_able_machine()


def test_a_temporary_folder_from_which_nothing_is_loaded_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_NOEXEC))
    with pytest.raises(Unusable, match=f"{tempfile.gettempdir()} is mounted noexec.*set TMPDIR"):
        require_able_machine()


def test_a_machine_without_a_temporary_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", raising(FileNotFoundError()))
    with pytest.raises(Unusable, match="no temporary folder can be written; set TMPDIR"):
        require_able_machine()


def test_a_user_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwuid", raising(KeyError()))
    with pytest.raises(Unusable, match=f"the user {os.getuid()} has no name.*/etc/passwd"):
        require_able_machine()


def test_a_machine_without_loopback_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", raising(OSError(101, "not reachable")))
    with pytest.raises(Unusable, match=r"127\.0\.0\.1.*\(not reachable\); bring its interface lo"):
        require_able_machine()


def test_the_machine_of_a_cluster_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    monkeypatch.setattr(pwd, "getpwuid", raising(KeyError()))
    require_able_machine()


def test_a_spark_that_does_not_start_in_its_jvm_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class ForJava:
        _target_id = "o1"

        def __str__(self) -> str:
            return "java.net.BindException: no address\n\tat org.apache"

    monkeypatch.setattr(pyspark, "SparkContext", raising(Py4JJavaError("failed", ForJava())))
    jvm = Jvm(
        driver_memory="1g",
        log=str(tmp_path / "log"),
        log_name="log.txt",
        is_small=True,
        is_verbose=False,
        connector={},
        jars=[],
        secrets={},
        properties={},
    )
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(jvm, "_gateway", object())
    jvm._launched.set()
    with pytest.raises(
        RunFailed, match=r"did not start \(java\.net\.BindException: no address\); see log\.txt"
    ):
        jvm.connect()
    assert signal.getsignal(signal.SIGINT) is before
    Path(jvm._scratch).rmdir()


OURS = {"LC_ALL": "C.UTF-8", "SPARK_LOCAL_IP": "127.0.0.1"}


@pytest.mark.parametrize(
    "name",
    [
        *("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_DIRS", "SPARK_DIST_CLASSPATH"),
        *("SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS", "SPARK_REMOTE", "SPARK_TESTING"),
        *("SPARK_LOCAL_IP", "SPARK_ENV_LOADED", "_SPARK_AUTH_SECRET", "PYSPARK_SUBMIT_ARGS"),
        *("PYSPARK_PYTHON", "PYSPARK_GATEWAY_PORT", "HADOOP_CONF_DIR", "HADOOP_CLASSPATH"),
        *("YARN_CONF_DIR", "HIVE_CONF_DIR", "CONTAINER_ID", "CLASSPATH", "LC_ALL"),
        *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "PYTHONOPTIMIZE"),
        *("PYTHONWARNINGS", "PYTHONDEVMODE"),
    ],
)
def test_a_variable_for_another_spark_java_or_python_is_dropped(name: str) -> None:
    assert own_environment({name: "-Xmx1m"}) == OURS


@pytest.mark.parametrize("name", ["SPARK_APP_LAKE", "JAVA_HOME", "TMPDIR", "AWS_PROFILE", "PATH"])
def test_every_other_variable_stays(name: str) -> None:
    assert own_environment({name: "/x"}) == {name: "/x", **OURS}


def test_of_the_options_for_any_java_those_that_lead_through_a_network_stay() -> None:
    found = own_environment(
        {
            "JAVA_TOOL_OPTIONS": '-Xmx1m "-Dhttps.proxyHost=proxy" -Dhttps.proxyPort=80',
            "_JAVA_OPTIONS": '-Dspark.master=x -Djavax.net.ssl.trustStore="/etc/a store"',
            "JDK_JAVA_OPTIONS": "an open ' quote",
        }
    )
    kept = "-Dhttps.proxyHost=proxy -Dhttps.proxyPort=80 '-Djavax.net.ssl.trustStore=/etc/a store'"
    assert found == {"JDK_JAVA_OPTIONS": kept, **OURS}


def test_the_packages_of_this_environment_are_found_before_those_of_other_folders() -> None:
    path = ["/here", "/spark/python", "/lib", "/venv"]
    assert own_packages_first(path, ["/spark/python/", "", "/gone"]) == [
        *("/here", "/lib", "/venv", "/spark/python")
    ]
    assert own_packages_first(sys.path, []) == sys.path
