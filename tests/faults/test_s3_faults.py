"""S3 fails at random, and runs are killed at random moments, under real processes.

Whatever happens: readers see exactly the old or exactly the new table, the message names the
cause, the next run succeeds without clean-up, and nothing runs on. Seeds: FAULT_SEEDS, a number.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import psutil
import pyarrow.parquet as pq
import pytest

from tests.e2e import process, raw_files
from tests.e2e.process import JOB, Ended
from tests.faults.watching import COUNTS, reading
from tests.s3.fault_proxy import Asked, Fault, FaultProxy

SEEDS = range(int(os.environ.get("FAULT_SEEDS", "3")))
FINAL = f"lake/final/{JOB}/{JOB}.parquet"
CAUSES = (
    *("S3", "AWS answers", "cannot be reached", "the lock", "changed by somebody else"),
    *("another run", "stopped by", "the table was published", "connector"),
)
PATIENCE_SECONDS = 300.0  # at an S3 that never answers again each request is tried for a minute
KINDS = (
    Fault(status=503, code="SlowDown"),
    Fault(status=500, code="InternalError"),
    Fault(is_cut=True),
    Fault(is_answer_lost=True),
    Fault(wait_seconds=0.5),
)


def at_random(seed: int) -> Any:
    """A rule: from some request on, a share of the requests fails, each in its own way."""
    rng = random.Random(seed)
    share = rng.choice([0.05, 0.2, 0.6, 1.0])
    first = rng.randrange(1, 60)
    last = first + rng.choice([5, 30, 10_000])

    def rule(asked: Asked) -> Fault | None:
        is_hit = first <= asked.number <= last and rng.random() < share
        return rng.choice(KINDS) if is_hit else None

    return rule


@pytest.fixture
def direct(s3_url: str, s3: Any) -> Any:
    """A client that goes past the proxy, as readers do."""
    return boto3.client("s3", endpoint_url=s3_url)


@pytest.fixture
def published(direct: Any, bucket: str, tmp_path: Path) -> bytes:
    """What is published: two weeks; a delivery of a third awaits the next run."""
    old = raw_files.write(tmp_path / "old.parquet", raw_files.weeks_of_rows(range(2)))
    new = raw_files.write(tmp_path / "new.parquet", raw_files.weeks_of_rows(range(2, 3)))
    direct.upload_file(str(old), bucket, "lake/raw/installs/old.parquet")
    process.expect_done(run(bucket, tmp_path, "first"))
    direct.upload_file(str(new), bucket, "lake/raw/installs/new.parquet")
    return read(direct, bucket)


def read(client: Any, bucket: str) -> bytes:
    return bytes(client.get_object(Bucket=bucket, Key=FINAL)["Body"].read())


def run(bucket: str, cwd: Path, run_id: str) -> Ended:
    lake = f"s3://{bucket}/lake"
    known = {"SPARK_APP_LOCK_DEAD_SECONDS": "5"}
    asked = ("run", JOB, "--lake", lake, "--run-id", run_id)
    return process.app(*asked, cwd=cwd, env=known, deadline=PATIENCE_SECONDS)


def weeks(content: bytes) -> int:
    """How many weeks a published table has; it is whole, or this raises."""
    return len(set(pq.read_table(BytesIO(content))["week_start_date"].to_pylist()))


@pytest.fixture
def readers(direct: Any, bucket: str, published: bytes) -> Iterator[list[bytes]]:
    """Everything that readers see while the test goes on."""
    with reading(lambda: read(direct, bucket)) as seen:
        yield seen
    COUNTS["reads"] += len(seen)


def expect_old_or_new(seen: list[bytes], is_new: bool) -> None:
    found = {weeks(content) for content in set(seen)}
    assert found <= {2, 3}
    assert not is_new or 3 in found


def expect_recovery(bucket: str, direct: Any, cwd: Path) -> None:
    process.expect_done(run(bucket, cwd, "next"))
    assert weeks(read(direct, bucket)) == 3


def expect_nothing_runs_on(bucket: str) -> None:
    process.until(lambda: not _running(bucket), "every process to end", 20)


def _running(bucket: str) -> list[int]:
    found = []
    for one in psutil.process_iter():
        try:
            if any(bucket in part for part in one.cmdline()) and one.pid != os.getpid():
                found.append(one.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_s3_fails_at_random(
    seed: int,
    proxy: FaultProxy,
    direct: Any,
    bucket: str,
    published: bytes,
    readers: list[bytes],
    tmp_path: Path,
) -> None:
    proxy.asked.clear()
    proxy.rule = at_random(seed)
    ended = run(bucket, tmp_path, "second")
    proxy.rule = lambda asked: None
    failed = proxy.failed
    time.sleep(0.2)
    expect_old_or_new(readers, is_new=ended.code == 0)
    if ended.code:
        assert [e for e in ended.errors if any(cause in e for cause in CAUSES)], ended.err
        assert "Traceback" not in ended.err
    expect_nothing_runs_on(bucket)
    expect_recovery(bucket, direct, tmp_path)
    COUNTS.update({"requests failed": failed, "runs failed": int(ended.code != 0)})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_is_killed_at_a_random_moment(
    seed: int,
    direct: Any,
    bucket: str,
    published: bytes,
    readers: list[bytes],
    tmp_path: Path,
) -> None:
    rng = random.Random(1000 + seed)
    command = [sys.executable, "-m", "spark_app", "run", JOB, "--lake", f"s3://{bucket}/lake"]
    with subprocess.Popen(
        [*command, "--run-id", "second"],
        cwd=tmp_path,
        env=process.environment(SPARK_APP_LOCK_DEAD_SECONDS="5"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        time.sleep(rng.uniform(0.5, 14))
        number = rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    COUNTS["runs killed"] += 1
    if number != signal.SIGKILL and running.returncode:
        assert f"error: stopped by {'Ctrl-C' if number == signal.SIGINT else 'SIGTERM'}" in said
    expect_nothing_runs_on(bucket)
    expect_old_or_new(readers, is_new=False)
    expect_recovery(bucket, direct, tmp_path)


def test_two_runs_race_and_one_is_told_who_holds_the_lock(
    direct: Any, bucket: str, published: bytes, readers: list[bytes], tmp_path: Path
) -> None:
    ended: dict[str, Ended] = {}

    def go(name: str) -> None:
        ended[name] = run(bucket, tmp_path, name)

    racing = [threading.Thread(target=go, args=(name,)) for name in ("left", "right")]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    lost = [one for one in ended.values() if one.code]
    assert len(lost) <= 1
    for one in lost:
        process.expect_error(one, 1, "holds the lock", "wait until it has ended")
    expect_old_or_new(readers, is_new=False)
    assert weeks(read(direct, bucket)) == 3
    COUNTS["races"] += 1
    expect_nothing_runs_on(bucket)
    expect_recovery(bucket, direct, tmp_path)
