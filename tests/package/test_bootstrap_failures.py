"""What keeps a bootstrap action from its end is one clear last line, and leaves no environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import upload_package
from tests.package import node as nodes
from tests.package.node import Node, expect_error
from tests.package.s3 import S3
from tests.package.tree import Tree

MOUNT = 'mount -t tmpfs -o "size=$1" none "$2" || exit 99; shift 2; exec "$@"'


@pytest.fixture
def node(tmp_path: Path, s3: S3) -> Node:
    return nodes.new(tmp_path / "node", s3.environment())


@pytest.fixture
def application(tree: Tree, s3: S3) -> str:
    """The address of a small package."""
    version = tree.make()["version"]
    upload_package.upload(s3.client, tree.out, s3.app)
    return f"{s3.app}{version}/"


def test_a_wrong_architecture_is_named(node: Node, application: str) -> None:
    node.tool("uname", "echo riscv64")
    expect_error(
        node.start(application),
        f"wrong architecture: this node is riscv64, the package at {application} has wheels for "
        "aarch64 and x86_64; choose other instance types",
    )


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_a_node_fetches_the_wheels_of_its_own_architecture_only(
    node: Node, application: str, architecture: str
) -> None:
    node.tool("uname", f"echo {architecture}")
    node.tool("sha256sum", f'find . -name "*.whl" >{node.folder}/fetched; exit 1')
    node.start(application)
    fetched = (node.folder / "fetched").read_text().split()
    assert fetched == [f"./wheels/{architecture}/tiny-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("name", ["requirements.lock", "wheels/x86_64/tiny-1.0-py3-none-any.whl"])
def test_a_file_with_another_hash_is_named(node: Node, application: str, s3: S3, name: str) -> None:
    node.tool("uname", "echo x86_64")
    key = f"{application.removeprefix(s3.app)}{name}"
    s3.put(key, s3.get(key) + b"#")
    expect_error(
        node.start(application),
        f"hash mismatch: {name} of {application} is not the one that was packed; "
        "make and upload the package again",
    )
    assert list(node.target.iterdir()) == []


def test_a_file_that_is_missing_is_named(node: Node, application: str, s3: S3) -> None:
    key = f"app/{application.removeprefix(s3.app)}requirements.lock"
    s3.client.delete_object(Bucket=s3.bucket, Key=key)
    ended = node.start(application)
    assert ended.code == 1
    assert ended.err.startswith("error: hash mismatch: requirements.lock of")


@pytest.mark.parametrize("where", ["app/0123456789abcdef/", "elsewhere"])
def test_a_prefix_without_a_package_is_named(node: Node, s3: S3, where: str) -> None:
    prefix = f"s3://{s3.bucket}/{where}"
    expect_error(
        node.start(prefix),
        f"there is no package at {prefix.rstrip('/')}/; upload it: "
        "python -m scripts.upload_package",
    )


def test_a_bucket_that_does_not_exist_has_no_package(node: Node) -> None:
    ended = node.start("s3://no-such-bucket-of-ours/app/1/")
    assert ended.code == 1
    assert ended.err.startswith("error: there is no package at s3://no-such-bucket-of-ours/app/1/")


def test_a_manifest_that_cannot_be_read_is_one_line(node: Node, application: str, s3: S3) -> None:
    s3.put(f"{application.removeprefix(s3.app)}package.json", b"{")
    expect_error(
        node.start(application),
        f"package.json of {application} cannot be read; make and upload the package again",
    )


def test_no_access_says_which_rights_are_needed(node: Node, application: str) -> None:
    said = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"
    node.tool("aws", f"echo '{said}' >&2; exit 1")
    expect_error(
        node.start(application),
        f"no access to {application}: the instance role needs s3:GetObject there and "
        "s3:ListBucket on its prefix",
    )


def test_without_credentials_it_points_at_the_instance_profile(
    node: Node, application: str
) -> None:
    env = {k: v for k, v in node.env.items() if "ACCESS_KEY" not in k}
    ended = Node(node.folder, env).start(application)
    assert ended.code == 1
    assert ended.err.startswith("error: S3 does not take this node's credentials; check the")
    assert ended.err.count("\n") == 1


def test_an_endpoint_out_of_reach_points_at_the_subnet(node: Node, application: str) -> None:
    env = {**node.env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    ended = Node(node.folder, env).start(application)
    assert ended.code == 1
    assert ended.err.startswith("error: S3 in eu-central-1 cannot be reached from this node;")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("name", ["python3.11", "aws", "sha256sum"])
def test_a_tool_that_the_node_lacks_is_named(node: Node, application: str, name: str) -> None:
    (node.folder / "bin" / name).unlink()
    expect_error(
        node.start(application),
        f"{name} is missing on this node; choose a release that has it, such as emr-spark-8.1.0",
    )


def test_a_target_that_cannot_be_made_is_one_line(node: Node, application: str) -> None:
    (node.folder / "opt").touch()
    node.tool("sudo", 'shift; exec "$@"')
    ended = node.start(application)
    assert ended.code == 1
    assert ended.err.startswith("error: fetch failed: mkdir: ")
    assert ended.err.count("\n") == 1


def test_a_folder_of_root_is_made_and_handed_over_with_sudo(node: Node, application: str) -> None:
    if os.geteuid() == 0:
        node.tool("mkdir", '[ "$BY_SUDO" = 1 ] || [ "$1" != -p ] || exit 1; exec /bin/mkdir "$@"')
    else:
        node.folder.joinpath("opt").mkdir(mode=0o555)
    node.tool("sudo", f'printf "%s\\n" "$*" >>{node.folder}/asked; shift; BY_SUDO=1 exec "$@"')
    node.tool("uname", "echo riscv64")
    node.start(application)
    asked = (node.folder / "asked").read_text().splitlines()
    assert asked[0] == f"-n mkdir -p {node.target}"


@pytest.mark.parametrize(
    "arguments", [(), ("s3://b/app/1/",), ("s3://b/app/1/", "/opt/x", "r", "y")]
)
def test_other_arguments_are_refused_with_the_usage(node: Node, arguments: tuple[str, ...]) -> None:
    expect_error(
        node.bootstrap(*arguments), "usage: bootstrap.sh s3://BUCKET/app/VERSION/ TARGET REGION"
    )


def small_disk(size: str, folder: Path) -> tuple[object, ...]:
    """How to run with a small disk at `folder`; skip where no mount is allowed."""
    for flags in ("-m", "-rm"):
        command = ["unshare", flags, "sh", "-c", "mount -t tmpfs none /mnt"]
        if shutil.which("unshare") and subprocess.run(command, check=False).returncode == 0:
            return (shutil.which("unshare"), flags, "/bin/sh", "-c", MOUNT, "sh", size, folder)
    pytest.skip("this machine allows no mount of one's own (unshare), not even to root")


@pytest.mark.parametrize("size", ["4k", "20m", "300m"])
def test_a_full_disk_is_one_line_and_says_what_to_give(
    uploaded: S3, package: Path, tmp_path: Path, size: str
) -> None:
    node = nodes.new(tmp_path / "node", uploaded.environment())
    node.target.mkdir(parents=True)
    node.tool("mount", f'exec {shutil.which("mount")} "$@"')
    ended = node.start(f"{uploaded.app}{package.name}/", wrapper=small_disk(size, node.target))
    expect_error(
        ended,
        f"the disk of {node.target} is full; give the nodes a larger one (EbsRootVolumeSize)",
    )
