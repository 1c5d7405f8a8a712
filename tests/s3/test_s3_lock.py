"""The lock of a lake in S3: one holder, renewed; a dead one is taken over, a live one never."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from spark_app.errors import RunFailed
from spark_app.lake.lake import Lake
from tests.s3.fault_proxy import Asked, Fault, FaultProxy

NOW = datetime(2021, 3, 2, tzinfo=UTC)


def left_by(s3: Any, bucket: str, run_id: str) -> None:
    """A lock of a run that died without giving it back."""
    content = json.dumps({"run_id": run_id, "host": "a-node", "since": NOW.isoformat()})
    s3.put_object(Bucket=bucket, Key="lake/locks/job.json", Body=content)


def holder(s3: Any, bucket: str) -> str | None:
    try:
        answer = s3.get_object(Bucket=bucket, Key="lake/locks/job.json")
    except s3.exceptions.NoSuchKey:
        return None
    return str(json.load(answer["Body"])["run_id"])


def test_a_lock_is_there_while_it_is_held_and_gone_afterwards(
    lake: Lake, s3: Any, bucket: str
) -> None:
    with lake.lock("job", "one", NOW, print) as held:
        assert holder(s3, bucket) == "one"
        assert held.died is None
        held.require()
    assert holder(s3, bucket) is None


def test_a_second_run_is_refused_while_the_first_renews(lake: Lake) -> None:
    with (
        lake.lock("job", "one", NOW, print),
        pytest.raises(RunFailed, match=r"run one \(on .*, since 2021-03-02.*\) holds the lock"),
        lake.lock("job", "two", NOW, print),
    ):
        pass


def test_a_lock_is_renewed_longer_than_it_takes_to_die(lake: Lake, s3: Any, bucket: str) -> None:
    with lake.lock("job", "one", NOW, print) as held:
        time.sleep(4)
        held.require()
        assert holder(s3, bucket) == "one"


def test_a_dead_lock_is_taken_over_and_the_dead_run_is_named(
    lake: Lake, s3: Any, bucket: str
) -> None:
    left_by(s3, bucket, "killed")
    said: list[str] = []
    with lake.lock("job", "two", NOW, said.append) as held:
        assert held.died == "killed"
        assert holder(s3, bucket) == "two"
    (told,) = said
    assert told.startswith("run killed (on a-node, since 2021-03-02T00:00:00+00:00) holds the lock")
    assert "is silent; taking it over in" in told


def test_a_lock_that_is_given_back_meanwhile_is_taken(lake: Lake, s3: Any, bucket: str) -> None:
    left_by(s3, bucket, "ending")
    gone = lambda line: s3.delete_object(Bucket=bucket, Key="lake/locks/job.json")  # noqa: E731
    with lake.lock("job", "two", NOW, gone) as held:
        assert held.died is None


def test_a_run_that_lost_its_lock_may_not_publish(lake: Lake, s3: Any, bucket: str) -> None:
    with lake.lock("job", "one", NOW, print) as held:
        left_by(s3, bucket, "thief")
        with pytest.raises(RunFailed, match="was taken over during the run; nothing was published"):
            held.require()
    assert holder(s3, bucket) == "thief"


def test_a_lock_file_with_other_content_dies_too(lake: Lake, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="lake/locks/job.json", Body=b"not json")
    with lake.lock("job", "two", NOW, print) as held:
        assert held.died == "unknown"


def test_answers_that_are_lost_do_not_lose_the_lock(lake: Lake, proxy: FaultProxy) -> None:
    def every_second_put(asked: Asked) -> Fault | None:
        is_hit = asked.method == "PUT" and "locks" in asked.path and asked.number % 2 == 0
        return Fault(is_answer_lost=True) if is_hit else None

    proxy.rule = every_second_put
    with lake.lock("job", "one", NOW, print) as held:
        time.sleep(1.5)
        held.require()
    assert proxy.failed > 0
