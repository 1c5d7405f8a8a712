"""A version is uploaded once; an upload that was cut off is finished and never taken for whole."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from scripts import upload_package
from spark_app.errors import RunFailed
from tests.package.s3 import S3, upload_command
from tests.package.tree import ROOT, Tree, contents

DEADLINE = 60.0
STUCK = """
import sys, time
from scripts import upload_package

complete = upload_package._complete
upload_package._complete = lambda *asked: (
    time.sleep(600) if asked[-1][0].startswith("wheels/") else complete(*asked)
)
sys.exit(upload_package.main())
"""


class Watched:
    """A client that counts what it sends, and fails from one put on."""

    def __init__(
        self, client: Any, failing_at: int = 10**9, error: Exception | None = None
    ) -> None:
        self.client, self.failing_at, self.error = client, failing_at, error
        self.put: list[str] = []
        self.turn = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def put_object(self, **request: Any) -> Any:
        with self.turn:
            if len(self.put) + 1 >= self.failing_at and self.error:
                raise self.error
            self.put.append(request["Key"].rsplit("/", 1)[-1])
        return self.client.put_object(**request)


def test_an_upload_brings_every_file_and_the_manifest_last(tree: Tree, s3: S3) -> None:
    manifest, client = tree.make(), Watched(s3.client)
    assert upload_package.upload(client, tree.out, s3.app) == 7
    files = contents(tree.folder(manifest))
    assert s3.names(manifest["version"]) == set(files)
    for name, content in files.items():
        assert s3.get(f"{manifest['version']}/{name}") == content
    assert client.put[-1] == "package.json"


def test_the_second_upload_does_nothing(tree: Tree, s3: S3) -> None:
    tree.make()
    upload_package.upload(s3.client, tree.out, s3.app)
    said: list[str] = []
    client = Watched(s3.client)
    assert upload_package.upload(client, tree.out, s3.app, said.append) == 0
    assert client.put == []
    assert len(said) == 1 and said[0].endswith("/ is there already")


def test_older_versions_stay(tree: Tree, s3: S3) -> None:
    old = tree.make()
    upload_package.upload(s3.client, tree.out, s3.app)
    (tree.root / "spark_app" / "cli.py").open("a").write("# one more\n")
    new = tree.make()
    upload_package.upload(s3.client, tree.out, s3.app)
    for manifest in (old, new):
        assert s3.names(manifest["version"]) == {*manifest["files"], "package.json"}


def test_a_cut_off_upload_is_not_complete_and_the_next_sends_only_the_rest(
    tree: Tree, s3: S3
) -> None:
    version = tree.make()["version"]
    lost = EndpointConnectionError(endpoint_url="https://s3")
    with pytest.raises(RunFailed, match="cannot be reached"):
        upload_package.upload(Watched(s3.client, 4, lost), tree.out, s3.app)
    there = s3.names(version)
    assert len(there) == 3 and "package.json" not in there
    client = Watched(s3.client)
    assert upload_package.upload(client, tree.out, s3.app) == 4
    assert len(client.put) == 4
    assert "package.json" in s3.names(version)


def test_an_object_with_other_bytes_is_sent_again(tree: Tree, s3: S3) -> None:
    version = tree.make()["version"]
    main = (tree.out / version / "main.py").read_bytes()
    s3.put(f"{version}/main.py", main[:-1] + b"#")
    s3.put(f"{version}/bootstrap.sh", b"half")
    upload_package.upload(s3.client, tree.out, s3.app)
    assert s3.get(f"{version}/main.py") == main
    assert s3.get(f"{version}/bootstrap.sh") != b"half"


def test_an_upload_that_is_killed_is_finished_by_the_next(tree: Tree, s3: S3) -> None:
    package = tree.folder(tree.make())
    arguments = ["--dist", str(tree.out), "--to", s3.app, "--region", "eu-central-1"]
    running = subprocess.Popen(
        [sys.executable, "-c", STUCK, *arguments], cwd=ROOT, env=s3.environment()
    )
    deadline = time.monotonic() + DEADLINE
    while not s3.names(package.name) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert s3.names(package.name) and "package.json" not in s3.names(package.name)
    done = upload_command(*arguments, **s3.environment())
    assert done.code == 0, done.err
    assert s3.names(package.name) == set(contents(package))
    again = upload_command(*arguments, **s3.environment())
    assert again.out == f"{s3.app}{package.name}/ is there already\n"


def test_an_upload_that_another_one_overtook_is_no_failure(tree: Tree, s3: S3) -> None:
    version = tree.make()["version"]

    class Overtaken(Watched):
        def put_object(self, **request: Any) -> Any:
            if request["Key"].endswith("package.json"):
                self.client.put_object(**{k: v for k, v in request.items() if k != "IfNoneMatch"})
            return super().put_object(**request)

    assert upload_package.upload(Overtaken(s3.client), tree.out, s3.app) == 7
    assert "package.json" in s3.names(version)
