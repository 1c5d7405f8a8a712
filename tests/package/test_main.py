"""The application starts only on a cluster that was started with its dependencies."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from scripts import make_package
from tests.package.tree import ROOT

MAIN = ROOT / "bootstrap" / "main.py"
NEEDED = "0123456789abcdef"
RENEW = (
    "renew the cluster: terraform -chdir=terraform apply "
    "-replace='module.compute.aws_emr_cluster.this[0]'"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which nothing is installed."""
    folder = tmp_path_factory.mktemp("node") / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


def start(environment: Path, archive: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [environment / "bin" / "python", MAIN, *arguments],
        check=False,
        cwd=archive.parent,
        env={"PYTHONPATH": str(archive)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "spark_app.zip"
    path.write_bytes(make_package.archive(ROOT, NEEDED))
    return path


def test_other_dependencies_are_refused_before_anything_is_imported(
    environment: Path, archive: Path
) -> None:
    (environment / "dependencies").write_text("fedcba9876543210\n")
    done = start(environment, archive, "list")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"error: this application needs other dependencies ({NEEDED}) than this cluster was "
        f"started with (fedcba9876543210); {RENEW}\n"
    )


def test_a_cluster_without_our_bootstrap_is_refused(environment: Path, archive: Path) -> None:
    (environment / "dependencies").unlink(missing_ok=True)
    done = start(environment, archive, "list")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: this application needs its dependencies ({NEEDED}), but this cluster was not "
        f"started with our bootstrap; {RENEW}\n"
    )


def test_with_its_own_dependencies_the_application_starts(
    environment: Path, archive: Path, tmp_path: Path
) -> None:
    (environment / "dependencies").write_text(f"{NEEDED}\n")
    installed = Path(sys.prefix) / "lib" / "python3.11" / "site-packages"
    done = subprocess.run(
        [environment / "bin" / "python", MAIN, "list"],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{archive}:{installed}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "organic_share" in done.stdout
