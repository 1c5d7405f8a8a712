"""What keeps an upload from its end is one line and an exit code."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts import upload_package
from spark_app.errors import AppError, RunFailed, Unusable
from tests.package.s3 import S3, upload_command
from tests.package.tree import Tree


class Refused:
    """A client to which S3 answers with one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_paginator(self, name: str) -> Any:
        raise self.error


def answer(code: str, status: int = 403) -> ClientError:
    told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "ListObjectsV2")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (answer("AccessDenied"), Unusable, "denied"),
        (answer("NoSuchBucket", 404), Unusable, "does not exist"),
        (answer("PermanentRedirect", 301), Unusable, "region"),
        (answer("ExpiredToken"), Unusable, "expired"),
        (answer("InternalError", 500), RunFailed, "try again later"),
        (EndpointConnectionError(endpoint_url="https://s3"), RunFailed, "cannot be reached"),
    ],
)
def test_what_s3_answers_is_one_line(
    tree: Tree, error: Exception, kind: type[AppError], words: str
) -> None:
    tree.make()
    with pytest.raises(kind) as failed:
        upload_package.upload(Refused(error), tree.out, "s3://bucket/app/")
    assert words in str(failed.value) and "\n" not in str(failed.value)


def test_a_bucket_that_does_not_exist_is_exit_2(tree: Tree, s3: S3) -> None:
    tree.make()
    env = s3.environment(AWS_REGION="eu-central-1")
    done = upload_command("--dist", tree.out, "--to", "s3://no-such-bucket-of-ours/app/", **env)
    assert done.code == 2
    assert "does not exist" in done.err and done.err.count("\n") == 1


def test_without_credentials_it_is_exit_2(tree: Tree, s3: S3) -> None:
    tree.make()
    env = s3.environment(AWS_REGION="eu-central-1")
    env = {k: v for k, v in env.items() if k not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    done = upload_command("--dist", tree.out, "--to", s3.app, **env)
    assert done.code == 2
    assert done.err.startswith("error: there are no usable AWS credentials")
    assert done.err.count("\n") == 1


def test_an_endpoint_that_nobody_listens_on_is_one_line(tree: Tree) -> None:
    tree.make()
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(RunFailed, match="cannot be reached"):
        upload_package.upload(client, tree.out, "s3://bucket/app/")


@pytest.mark.parametrize("to", ["bucket/app", "s3://", "https://bucket/app/", "app"])
def test_a_target_that_is_no_s3_address_is_refused(tree: Tree, to: str) -> None:
    tree.make()
    with pytest.raises(Unusable, match=r"no S3 (address|bucket); write s3://BUCKET/"):
        upload_package.upload(None, tree.out, to)


def test_without_a_package_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="holds no package; run `make package`"):
        upload_package.upload(None, tmp_path, "s3://bucket/app/")


def test_a_manifest_that_is_no_json_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{")
    with pytest.raises(Unusable, match=r"cannot be read .*; run `make package` again"):
        upload_package.upload(None, tmp_path, "s3://bucket/app/")


def test_a_file_that_was_tampered_with_is_not_sent(tree: Tree, s3: S3) -> None:
    version = tree.make()["version"]
    (tree.out / version / "main.py").write_text("print('bad')\n")
    with pytest.raises(Unusable, match=r"main\.py is not the file that was packed"):
        upload_package.upload(s3.client, tree.out, s3.app)
    (tree.out / version / "main.py").unlink()
    with pytest.raises(Unusable, match=r"main\.py is missing; run `make package` again"):
        upload_package.upload(s3.client, tree.out, s3.app)
    assert s3.names(version) == set()


def test_ctrl_c_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(upload_package, "upload", stopped)
    assert upload_package.main(["--to", "s3://bucket/app/", "--region", "eu-central-1"]) == 130
    said = capsys.readouterr().err
    assert said == "error: stopped by Ctrl-C; the next upload goes on from here\n"
