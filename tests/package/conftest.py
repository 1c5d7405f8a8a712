"""A small source tree, an S3 of one's own, and the real package."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from scripts import make_package
from tests.emulated_aws import emulated_aws
from tests.package.s3 import S3
from tests.package.tree import ROOT, Tree, grow, stock

STARTED_WITHIN = 30.0


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A small source tree, whose wheels are there already; pip reaches the tree's index only."""
    tree = stock(grow(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tree.index))
    return tree


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The real package, `dist/VERSION/`; its wheels are downloaded when `build/` has none."""
    out = tmp_path_factory.mktemp("dist")
    manifest = make_package.make(ROOT, out, ROOT / "build" / "wheels")
    yield out / str(manifest["version"])
    shutil.rmtree(out)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulator of S3."""
    with emulated_aws(tmp_path_factory.mktemp("emulator")) as url:
        yield url


@pytest.fixture
def s3(emulator: str) -> Iterator[S3]:
    """A bucket of the test's own, emptied afterwards: the emulator keeps all in memory."""
    s3 = bucket(emulator, f"test-{uuid4()}")
    yield s3
    s3.empty()


@pytest.fixture(scope="session")
def uploaded(emulator: str, package: Path) -> S3:
    """A bucket that holds the real package below `app/`."""
    from scripts import upload_package

    s3 = bucket(emulator, "uploaded")
    upload_package.upload(s3.client, package.parent, s3.app)
    return s3


def bucket(url: str, name: str) -> S3:
    client: Any = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(max_pool_connections=16),
    )
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return S3(url, client, name)
