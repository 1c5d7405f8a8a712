"""The logs of a cluster: found, unpacked, waited for."""

import gzip
from pathlib import Path

import pytest

from spark_app.emr.logs import TAIL_BYTES, Logs, root_of
from spark_app.lake.store import store_of


def logs_in(folder: Path, said: list[str] | None = None, wait_seconds: float = 0) -> Logs:
    """The logs of a cluster that lie on a disk; nothing else differs from S3."""
    say = [] if said is None else said
    return Logs(f"{folder}/", store_of(str(folder)), say.append, wait_seconds)


def output_of(found: Logs) -> str | None:
    """What step `s-1` wrote."""
    log = found.of_step("s-1", lambda _: True)
    return log.output if log else None


def put(folder: Path, name: str, content: bytes) -> None:
    """One gzipped log."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    "uri", ["s3://a-bucket/logs/", "s3n://a-bucket/logs", "s3a://a-bucket/logs/"]
)
def test_they_lie_below_the_log_uri_whatever_scheme_emr_tells(uri: str) -> None:
    assert root_of({"Id": "j-1", "LogUri": uri}) == "s3://a-bucket/logs/j-1/"


def test_a_cluster_may_keep_none(tmp_path: Path) -> None:
    assert root_of({"Id": "j-1"}) is None
    assert output_of(Logs(None, store_of(str(tmp_path)), print)) is None


def test_a_steps_log_is_unpacked(tmp_path: Path) -> None:
    put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b"one\ntwo\n"))

    assert output_of(logs_in(tmp_path)) == "one\ntwo\n\n"


def test_what_the_application_wrote_stands_in_stdout_and_comes_last(tmp_path: Path) -> None:
    put(tmp_path, "steps/s-1/stdout.gz", gzip.compress(b"error: of the application\n"))
    put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b"of the JVM\n"))

    assert output_of(logs_in(tmp_path)) == "of the JVM\n\nerror: of the application\n"


def test_the_beginning_of_a_log_is_read_again_until_it_tells_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "steps/s-1/stdout.gz", gzip.compress(b"reading\n"))
    whole = gzip.compress(b"reading\nerror: oh\n")
    monkeypatch.setattr(
        "spark_app.emr.logs.time.sleep", lambda _: put(tmp_path, "steps/s-1/stdout.gz", whole)
    )

    found = logs_in(tmp_path, wait_seconds=60).of_step("s-1", lambda output: "error" in output)

    assert found and "error: oh" in found.output


def test_an_empty_log_is_a_log(tmp_path: Path) -> None:
    put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b""))

    assert output_of(logs_in(tmp_path)) == "\n"


def test_of_a_huge_log_only_the_end_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b"noise\n" * 10**6 + b"the end"))

    found = output_of(logs_in(tmp_path)) or ""

    assert len(found) == TAIL_BYTES + 1
    assert found.endswith("noise\nthe end\n")


def test_of_a_log_that_was_cut_off_the_beginning_is_better_than_nothing(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * 200, compresslevel=0)
    put(tmp_path, "steps/s-1/stderr.gz", whole[: len(whole) // 2])

    assert "0123456789" in (output_of(logs_in(tmp_path)) or "")


def test_several_parts_in_one_log_belong_together(tmp_path: Path) -> None:
    put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b"one\n") + gzip.compress(b"two\n"))

    assert output_of(logs_in(tmp_path)) == "one\ntwo\n\n"


def test_the_bootstraps_log_is_that_of_the_node_that_says_something(tmp_path: Path) -> None:
    put(tmp_path, "node/i-1/bootstrap-actions/1/stderr.gz", gzip.compress(b"error: no access\n"))
    put(tmp_path, "node/i-1/bootstrap-actions/1/stdout.gz", gzip.compress(b"installing\n"))
    put(tmp_path, "node/i-2/bootstrap-actions/1/stderr.gz", gzip.compress(b""))

    assert logs_in(tmp_path).of_bootstrap() == "error: no access\n"


def test_a_log_that_is_late_is_waited_for_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "spark_app.emr.logs.time.sleep",
        lambda _: put(tmp_path, "steps/s-1/stderr.gz", gzip.compress(b"late\n")),
    )

    assert output_of(logs_in(tmp_path, said, wait_seconds=60)) == "late\n\n"
    assert said == [f"waiting for the log {tmp_path}/steps/s-1/ (EMR uploads it minutes late)"]


def test_a_log_that_never_comes_is_given_up_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []

    assert output_of(logs_in(tmp_path, said)) is None
    assert said == ["the log did not come within 0 s"]
