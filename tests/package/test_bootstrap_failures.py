"""What keeps a bootstrap action from its end is one clear last line, and leaves no environment."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import make_package, upload_package, wheels
from tests.package import node as nodes
from tests.package.conftest import bucket
from tests.package.node import Node, expect_error
from tests.package.s3 import S3
from tests.package.tree import ROOT, WHEEL, Tree, grow, stock

APPLICATION = "s3://bucket/app/0123456789abcdef/"
MOUNT = 'mount -t tmpfs -o "size=$1" none "$2" || exit 99; shift 2; exec "$@"'


@pytest.fixture
def node(tmp_path: Path, s3: S3) -> Node:
    return nodes.new(tmp_path / "node", s3.environment())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A source tree whose package is small, and made."""
    tree = stock(grow(tmp_path_factory.mktemp("small")))
    tree.make()
    return tree


@pytest.fixture
def application(small: Tree, s3: S3) -> str:
    """The address of a small package."""
    return upload(small, s3)


@pytest.fixture
def served(small: Tree, node: Node, tmp_path: Path) -> Path:
    """A small package that the node gets from this folder instead of S3, as APPLICATION."""
    folder = tmp_path / "served"
    shutil.copytree(small.out / upload_package.newest(small.out)["version"], folder)
    node.serve(folder)
    return folder


def upload(tree: Tree, s3: S3) -> str:
    """The address of a tree's package, which is uploaded."""
    upload_package.upload(s3.client, tree.out, s3.app)
    return f"{s3.app}{upload_package.newest(tree.out)['version']}/"


@pytest.mark.usefixtures("served")
def test_a_wrong_architecture_is_named(node: Node) -> None:
    node.tool("uname", "echo riscv64")
    expect_error(
        node.start(APPLICATION),
        f"wrong architecture: this node is riscv64, the package at {APPLICATION} has wheels for "
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
def test_a_file_with_another_hash_is_named(node: Node, served: Path, name: str) -> None:
    node.tool("uname", "echo x86_64")
    (served / name).open("ab").write(b"#")
    expect_error(
        node.start(APPLICATION),
        f"hash mismatch: {name} of {APPLICATION} is not the one that was packed; "
        "make and upload the package again",
    )
    assert list(node.target.iterdir()) == []


def test_a_file_that_is_missing_is_named(node: Node, served: Path) -> None:
    (served / "requirements.lock").unlink()
    ended = node.start(APPLICATION)
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


def test_a_manifest_that_cannot_be_read_is_one_line(node: Node, served: Path) -> None:
    (served / "package.json").write_text("{")
    expect_error(
        node.start(APPLICATION),
        f"package.json of {APPLICATION} cannot be read; make and upload the package again",
    )


def test_no_access_says_which_rights_are_needed(node: Node) -> None:
    said = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"
    node.tool("aws", f"echo '{said}' >&2; exit 1")
    expect_error(
        node.start(APPLICATION),
        f"no access to {APPLICATION}: the instance role needs s3:GetObject there and "
        "s3:ListBucket on its prefix",
    )


def test_without_credentials_it_points_at_the_instance_profile(node: Node) -> None:
    env = {k: v for k, v in node.env.items() if "ACCESS_KEY" not in k}
    ended = Node(node.folder, env).start(APPLICATION)
    assert ended.code == 1
    assert ended.err.startswith("error: S3 does not take this node's credentials; check the")
    assert ended.err.count("\n") == 1


def test_an_endpoint_out_of_reach_points_at_the_subnet(node: Node) -> None:
    env = {**node.env, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    ended = Node(node.folder, env).start(APPLICATION)
    assert ended.code == 1
    assert ended.err.startswith("error: S3 in eu-central-1 cannot be reached from this node;")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("name", ["python3.11", "aws", "sha256sum"])
def test_a_tool_that_the_node_lacks_is_named(node: Node, name: str) -> None:
    (node.folder / "bin" / name).unlink()
    expect_error(
        node.start(APPLICATION),
        f"{name} is missing on this node; choose a release that has it, such as emr-spark-8.1.0",
    )


def test_a_target_that_cannot_be_made_is_one_line(node: Node) -> None:
    (node.folder / "opt").touch()
    node.tool("sudo", 'shift; exec "$@"')
    ended = node.start(APPLICATION)
    assert ended.code == 1
    assert ended.err.startswith("error: fetch failed: mkdir: ")
    assert ended.err.count("\n") == 1


@pytest.mark.usefixtures("served")
def test_a_folder_of_root_is_made_and_handed_over_with_sudo(node: Node) -> None:
    if os.geteuid() == 0:
        node.tool("mkdir", '[ "$BY_SUDO" = 1 ] || [ "$1" != -p ] || exit 1; exec /bin/mkdir "$@"')
    else:
        node.folder.joinpath("opt").mkdir(mode=0o555)
    node.tool("sudo", f'printf "%s\\n" "$*" >>{node.folder}/asked; shift; BY_SUDO=1 exec "$@"')
    node.tool("uname", "echo riscv64")
    node.start(APPLICATION)
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


@pytest.fixture(scope="module")
def uv_alone(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A source tree whose package is made, with the locked uv: 18 MB, 40 MB more where unpacked."""
    tree, cache = grow(tmp_path_factory.mktemp("uv")), ROOT / "build" / "wheels"
    lock, machine = ROOT / "bootstrap" / "requirements.lock", platform.machine()
    with make_package._alone(cache):
        (uv,) = wheels.fetch(lock, machine, cache)[0].glob("uv-*.whl")
    (tree.index / WHEEL).unlink()
    shutil.copy(uv, tree.index)
    tree.lock.write_text(f"uv=={uv.name.split('-')[1]} --hash=sha256:{wheels.sha256(uv)}\n")
    stock(tree).make()
    return tree


@pytest.fixture(scope="module")
def uv_bucket(emulator: str) -> S3:
    return bucket(emulator, "uv-alone")


@pytest.mark.parametrize(
    ("size", "phases"), [("4k", []), ("10m", []), ("80m", ["fetch", "verify"])]
)
def test_a_full_disk_is_one_line_and_says_what_to_give(
    uv_alone: Tree, uv_bucket: S3, tmp_path: Path, size: str, phases: list[str]
) -> None:
    node = nodes.new(tmp_path / "node", uv_bucket.environment())
    node.target.mkdir(parents=True)
    node.tool("mount", f'exec {shutil.which("mount")} "$@"')
    application = upload(uv_alone, uv_bucket)
    ended = node.start(application, wrapper=small_disk(size, node.target))
    assert list(ended.phases) == phases
    expect_error(
        ended,
        f"the disk of {node.target} is full; give the nodes a larger one (EbsRootVolumeSize)",
    )
