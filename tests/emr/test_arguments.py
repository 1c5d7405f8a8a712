"""What `submit` refuses before it asks anybody; no network is needed for that."""

from pathlib import Path

import pytest

from spark_app import cli
from tests import in_process
from tests.e2e import process
from tests.emr import specs

NOWHERE = "http://127.0.0.2:9"  # not where a local cloud would be
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}


def submit(folder: Path, *more: object, **env: str) -> process.Ended:
    """`submit` with a launch specification in a file and no AWS to be reached."""
    there = {"AWS_ENDPOINT_URL": NOWHERE, "AWS_EC2_METADATA_DISABLED": "true", **KEYS, **env}
    words = ("submit", "organic_share", "--launch-spec", specs.written(folder), *more)
    with in_process.at(folder, there):
        return in_process.ended(cli.main, *words)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--timeout", "0"), "'0' is not a number of minutes, such as 90"),
        (("--timeout", "soon"), "'soon' is not a number of minutes, such as 90"),
        (("--timeout", "5", "--no-wait"), "--timeout needs somebody who waits"),
        (("--tolerance", "2"), "'2' is not a share from 0 to 1"),
        (("--since", "2021"), "--since 2021 is neither a date nor an ISO week"),
        (("--run-id", "a b"), "run id 'a b' is not one"),
        (("--source", "exports/"), "source exports/ is on this machine, out of a cluster's reach"),
        (("--source", "s3://other/lake/raw"), "may read below s3://a-bucket/lake/ only; copy it"),
        (("--source", "s3://a-bucket/raw"), "source s3://a-bucket/raw is out of the nodes' reach"),
        (("--source", "s3://a-bucket/lake-2/a"), "is out of the nodes' reach"),
        (("--lake", "s3://other/lake"), "is for the lake s3://a-bucket/lake, not for s3://other"),
        (("--region", "us-east-1"), "is for the region eu-central-1, not for us-east-1"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    more: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    process.expect_error(submit(tmp_path, *more), 2, words)


def test_a_source_of_the_settings_must_be_in_reach_too(tmp_path: Path) -> None:
    ended = submit(tmp_path, SPARK_APP_SOURCE_INSTALLS="/srv/exports")

    process.expect_error(ended, 2, "source /srv/exports is on this machine")


def test_a_dry_run_prints_the_request_and_needs_no_aws(tmp_path: Path) -> None:
    ended = submit(tmp_path, "--dry-run", "--run-id", "a-run")

    assert ended.code == 0, ended.err
    assert '"Name": "spark_app organic_share a-run"' in ended.out
    assert ended.err == ""


def test_without_credentials_it_says_how_to_get_some(tmp_path: Path) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}

    ended = submit(tmp_path, **none)

    line = ended.errors[0]
    assert ended.code == 2
    assert "no usable AWS credentials" in line
    assert "`aws sso login`" in line
