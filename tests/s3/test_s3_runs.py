"""The program itself on S3, as on a laptop: source and lake by URI, credentials of boto3."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from spark_app.errors import RunFailed
from spark_app.spark import s3a
from tests.e2e import process, raw_files
from tests.e2e.process import JOB, Ended
from tests.s3.fault_proxy import Fault, FaultProxy

FINAL = f"lake/final/{JOB}/{JOB}.parquet"


@pytest.fixture
def delivered(s3: Any, bucket: str, tmp_path: Path) -> Path:
    """Two weeks with a bad row, as a file here and as an object in the lake's `raw/`."""
    rows = raw_files.padded(raw_files.weeks_of_rows(range(2)), 99)
    path = raw_files.write(tmp_path / "in" / "good.parquet", [*rows, raw_files.row(country="us")])
    s3.put_object(Bucket=bucket, Key="lake/raw/installs/good.parquet", Body=path.read_bytes())
    return path


def run(lake: str, cwd: Path, *more: object) -> Ended:
    return process.app("run", JOB, "--lake", lake, *more, cwd=cwd)


def table(content: bytes) -> Any:
    return pq.read_table(BytesIO(content)).replace_schema_metadata(None)


def content(s3: Any, bucket: str, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def test_a_run_on_s3_publishes_what_a_run_on_a_disk_does(
    s3: Any, bucket: str, delivered: Path, tmp_path: Path
) -> None:
    on_s3 = process.expect_done(run(f"s3://{bucket}/lake", tmp_path, "--run-id", "one"))
    on_disk = process.expect_done(process.run(delivered, tmp_path / "lake"))
    assert table(content(s3, bucket, FINAL)).equals(process.table(tmp_path / "lake"))
    assert on_s3.out.split("\noutput")[0] == on_disk.out.split("\noutput")[0]
    assert f"output: s3://{bucket}/{FINAL}" in on_s3.out
    manifest = json.loads(content(s3, bucket, "lake/runs/one/run.json"))
    assert manifest["outcome"] == "published"
    assert manifest["stages"][0]["quarantined_count"] == 1
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="lake/")["Contents"]]
    assert "lake/runs/one/log.txt" in keys
    assert not [key for key in keys if key.startswith("lake/locks/") or "_temporary" in key]
    assert [key for key in keys if key.startswith("lake/quarantine/installs/run_id=one/part-")]


def test_a_source_in_s3_feeds_a_lake_on_a_disk_and_the_other_way_round(
    s3: Any, bucket: str, delivered: Path, tmp_path: Path
) -> None:
    source = f"s3://{bucket}/lake/raw/**/*.parquet"
    process.expect_done(process.run(source, tmp_path / "lake"))
    process.expect_done(run(f"s3://{bucket}/other", tmp_path, "--source", delivered))
    there = content(s3, bucket, f"other/final/{JOB}/{JOB}.parquet")
    assert table(there).equals(process.table(tmp_path / "lake"))


LOOK = """
import sys
import psutil
from contextlib import nullcontext
from spark_app.spark.session import SparkOnDemand

def line(one):
    try:
        return " ".join(one.cmdline())
    except psutil.Error:
        return ""

log = lambda: nullcontext(sys.argv[1])
with (
    SparkOnDemand(driver_memory="1g") as on_demand,
    on_demand.started(log=log, log_name="log", input_bytes=1, has_s3=True) as connect,
):
    spark = connect()
    needle = "-".join(["a", "secret", "to", "find"])  # not as it stands in our own line
    print(sum(needle in line(one) for one in psutil.process_iter()))
    print(spark.read.parquet(sys.argv[2]).count())
"""


def test_credentials_reach_spark_but_no_command_line(
    monkeypatch: pytest.MonkeyPatch, bucket: str, delivered: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-to-find")
    ended = subprocess.run(
        [sys.executable, "-c", LOOK, tmp_path / "log", f"s3://{bucket}/lake/raw/installs"],
        env=process.environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    seen_count, rows_count = map(int, ended.stdout.split())
    assert seen_count == 0
    assert rows_count > 100


def test_a_run_that_hangs_is_ended_after_its_time(
    s3: Any, proxy: FaultProxy, bucket: str, delivered: Path, tmp_path: Path
) -> None:
    proxy.rule = lambda a: Fault(wait_seconds=90) if "/staging/" in a.path else None
    ended = run(f"s3://{bucket}/lake", tmp_path, "--run-id", "slow", "--max-minutes", "0.25")
    line = process.expect_error(ended, 1, "stopped by the time limit (--max-minutes)")
    manifest = json.loads(content(s3, bucket, "lake/runs/slow/run.json"))
    assert (manifest["outcome"], manifest["exit_code"]) == ("timed out", 1)
    assert line == f"error: {manifest['reason']}"


def test_a_bucket_that_does_not_exist_is_one_line(s3: Any, tmp_path: Path) -> None:
    ended = run("s3://acme-nothing-here/lake", tmp_path)
    process.expect_error(ended, 2, "the bucket of s3://acme-nothing-here/", "does not exist")


def test_without_the_connector_and_without_network_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(s3a, "jars_folder", lambda: tmp_path / "s3a")
    nowhere = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9 -Duser.home=" + str(tmp_path)
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", nowhere)
    said: list[str] = []
    with pytest.raises(
        RunFailed, match=r"could not be fetched from Maven Central \(.+\); connect to the"
    ):
        s3a.jars(said.append)
    assert said == ["fetching Spark's S3 connector, once (18 MB from Maven Central)"]
    assert list(tmp_path.iterdir()) == []


def test_the_connector_is_fetched_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(s3a, "jars_folder", lambda: tmp_path / "s3a")
    said: list[str] = []
    jars = s3a.jars(said.append)
    assert any(jar.name.endswith("hadoop-aws-3.4.2.jar") for jar in jars)
    assert not any("bundle" in jar.name or "slf4j" in jar.name for jar in jars)
    assert s3a.jars(said.append) == jars
    assert len(said) == 1
