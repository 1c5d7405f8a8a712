"""The program itself on S3, as on a laptop: source and lake by URI, credentials of boto3."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from spark_app.errors import RunFailed, Unusable
from spark_app.spark import iceberg, jars, s3a
from tests.e2e import in_process, process, raw_files
from tests.e2e.in_process import App
from tests.e2e.process import JOB
from tests.s3.fault_proxy import Fault, FaultProxy

FINAL = f"lake/final/{JOB}/{JOB}.parquet"


@pytest.fixture
def delivered(s3: Any, bucket: str, tmp_path: Path) -> Path:
    """Two weeks with a bad row, as a file here and as an object in the lake's `raw/`."""
    rows = raw_files.padded(raw_files.weeks_of_rows(range(2)), 99)
    path = raw_files.write(tmp_path / "in" / "good.parquet", [*rows, raw_files.row(country="us")])
    s3.put_object(Bucket=bucket, Key="lake/raw/installs/good.parquet", Body=path.read_bytes())
    return path


def table(content: bytes) -> Any:
    return pq.read_table(BytesIO(content)).replace_schema_metadata(None)


def content(s3: Any, bucket: str, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def command_lines() -> list[str]:
    """Those of all processes of this machine."""
    lines = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            lines.append(" ".join(one.cmdline()))
    return lines


def test_a_run_on_s3_publishes_what_a_run_on_a_disk_does_and_no_command_line_has_its_secret(
    s3: Any,
    proxy: FaultProxy,
    bucket: str,
    delivered: Path,
    app_here: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_spark_writing() -> bool:
        return any("/staging/" in asked.path for asked in proxy.asked)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-to-find")
    with ThreadPoolExecutor() as pool:
        arguments = ("run", JOB, "--lake", f"s3://{bucket}/lake", "--run-id", "one")
        running = pool.submit(process.app, *arguments, cwd=tmp_path)
        process.until(lambda: is_spark_writing() or running.done(), "Spark to write")
        seen = command_lines()
        on_s3 = process.expect_done(running.result())
    assert any(bucket in line for line in seen)
    assert not any("a-secret-to-find" in line for line in seen)
    on_disk = app_here("run", JOB, "--source", delivered, "--lake", tmp_path / "lake", cwd=tmp_path)
    process.expect_done(on_disk)
    assert table(content(s3, bucket, FINAL)).equals(process.table(tmp_path / "lake"))
    assert on_s3.out.split("\noutput")[0] == on_disk.out.split("\noutput")[0]
    assert f"output: s3://{bucket}/{FINAL}" in on_s3.out
    manifest = json.loads(content(s3, bucket, "lake/runs/one/run.json"))
    assert manifest["outcome"] == "published"
    assert manifest["stages"][0]["rows_in"] > 100
    assert manifest["stages"][0]["quarantined_count"] == 1
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="lake/")["Contents"]]
    assert "lake/runs/one/log.txt" in keys
    assert not [key for key in keys if key.startswith("lake/locks/") or "_temporary" in key]
    assert [key for key in keys if key.startswith("lake/quarantine/installs/run_id=one/part-")]


def test_a_source_in_s3_feeds_a_lake_on_a_disk_and_the_other_way_round(
    s3: Any, bucket: str, delivered: Path, app_on_s3: App, tmp_path: Path
) -> None:
    source, other = f"s3://{bucket}/lake/raw/**/*.parquet", f"s3://{bucket}/other"
    for places in (
        ("--source", source, "--lake", tmp_path / "lake"),
        ("--source", delivered, "--lake", other),
    ):
        process.expect_done(app_on_s3("run", JOB, *places, cwd=tmp_path))
    there = content(s3, bucket, f"other/final/{JOB}/{JOB}.parquet")
    assert table(there).equals(process.table(tmp_path / "lake"))


def test_a_run_that_hangs_is_ended_after_its_time(
    s3: Any, proxy: FaultProxy, bucket: str, delivered: Path, tmp_path: Path
) -> None:
    proxy.rule = lambda a: Fault(wait_seconds=90) if "/staging/" in a.path else None
    arguments = ("run", JOB, "--lake", f"s3://{bucket}/lake", "--run-id", "slow")
    ended = process.app(*arguments, "--max-minutes", "0.25", cwd=tmp_path)
    line = process.expect_error(ended, 1, "stopped by the time limit (--max-minutes)")
    manifest = json.loads(content(s3, bucket, "lake/runs/slow/run.json"))
    assert (manifest["outcome"], manifest["exit_code"]) == ("timed out", 1)
    assert line == f"error: {manifest['reason']}"


def test_a_bucket_that_does_not_exist_is_one_line(s3: Any, tmp_path: Path) -> None:
    ended = in_process.app("run", JOB, "--lake", "s3://acme-nothing-here/lake", cwd=tmp_path)
    process.expect_error(ended, 2, "the bucket of s3://acme-nothing-here/", "does not exist")


@pytest.fixture
def light_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java that compiles lightly: half of what Spark's resolver costs."""
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.mark.usefixtures("light_java")
def test_without_the_connector_and_without_network_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jars, "jars_folder", lambda wanted: tmp_path / wanted.folder)
    nowhere = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9 -Duser.home=" + str(tmp_path)
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", nowhere)
    said: list[str] = []
    with pytest.raises(
        RunFailed, match=r"could not be fetched from Maven Central \(.+\); connect to the"
    ):
        s3a.jars(said.append)
    assert said == ["fetching Spark's S3 connector, once (18 MB from Maven Central)"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("light_java")
def test_the_connector_is_fetched_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "jars_folder", lambda wanted: tmp_path / wanted.folder)
    said: list[str] = []
    found = s3a.jars(said.append)
    assert any(jar.name.endswith("hadoop-aws-3.4.2.jar") for jar in found)
    assert not any("bundle" in jar.name or "slf4j" in jar.name for jar in found)
    assert s3a.jars(said.append) == found
    assert len(said) == 1


def test_a_jar_with_another_content_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jars, "jars_folder", lambda wanted: tmp_path / wanted.folder)

    def resolve(wanted: jars.Jars, scratch: Path) -> None:
        (scratch / "jars").mkdir()
        (scratch / "jars" / "org.apache.hadoop_hadoop-aws-3.4.2.jar").write_bytes(b"not that one")

    monkeypatch.setattr(jars, "_resolve", resolve)
    with pytest.raises(Unusable, match=r"hadoop-aws-3\.4\.2\.jar did not come from Maven Central"):
        s3a.jars(lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_the_jars_that_are_here_are_the_pinned_ones() -> None:
    for wanted in (s3a.CONNECTOR, iceberg.RUNTIME):
        jars.fetched(wanted, print)
        jars._require_pinned(jars.jars_folder(wanted))
