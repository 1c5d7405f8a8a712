"""The local cloud's copy of the configuration reaches that cloud alone, whatever the shell has."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.local_cloud import files
from tests.terraform.conftest import Terraform

OTHERS = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_REGION": "us-east-1",
}
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class AnotherAccount(ThreadingHTTPServer):
    """An endpoint that another account answers at. `asked` are the keys that it saw."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: AnotherAccount

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.headers["Authorization"])
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(IDENTITY)))
        self.end_headers()
        self.wfile.write(IDENTITY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[AnotherAccount]:
    """Another account, where the copy expects the local cloud."""
    with AnotherAccount() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def plan(
    terraform: Terraform, folder: Path, url: str, **shell: str
) -> "subprocess.CompletedProcess[str]":
    """Plan the copy of a cloud at `url`, from a shell with other keys."""
    copy = files.copy_terraform(folder, files.environment(url, url), terraform.folder)
    assert copy is not None
    shutil.copy(terraform.folder / ".terraform.lock.hcl", copy)
    initialised = {"TF_DATA_DIR": str(terraform.folder / ".terraform")}
    shell = {**terraform.environment, **OTHERS, **shell, **initialised}
    what = ("-input=false", "-no-color", "-target=data.aws_caller_identity.current")
    return Terraform(copy, shell).run("plan", *what)


def test_a_shell_that_does_not_lead_to_the_cloud_plans_nothing(
    terraform: Terraform, tmp_path: Path, elsewhere: AnotherAccount
) -> None:
    done = plan(terraform, tmp_path, elsewhere.url)

    assert done.returncode == 1
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"does not lead to the local cloud: run `source {tmp_path}/env` first." in said


def test_another_account_is_refused_and_the_keys_of_the_shell_are_not_used(
    terraform: Terraform, tmp_path: Path, elsewhere: AnotherAccount
) -> None:
    done = plan(terraform, tmp_path, elsewhere.url, TF_VAR_local_cloud=elsewhere.url)

    assert done.returncode == 1
    assert "AWS account ID not allowed: 123456789012" in " ".join(done.stderr.split())
    assert elsewhere.asked
    assert all("Credential=test/" in keys for keys in elsewhere.asked)
