"""The application's archive: what an install has and nothing else, always the same bytes."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from scripts import make_package
from tests.package.tree import IGNORED, ROOT, Tree, contents


def names(manifest_folder: Path) -> set[str]:
    with zipfile.ZipFile(manifest_folder / "spark_app.zip") as file:
        return set(file.namelist())


def test_the_locale_the_time_zone_and_the_hash_seed_do_not_matter(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from scripts.make_package import archive; "
        f"sys.stdout.buffer.write(archive(pathlib.Path({str(tmp_path)!r}), '0123456789abcdef'))"
    )
    shutil.copytree(ROOT / "spark_app", tmp_path / "spark_app", ignore=IGNORED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            cwd=ROOT,
            env={**os.environ, "LC_ALL": locale, "TZ": zone, "PYTHONHASHSEED": seed},
            capture_output=True,
        ).stdout
        for locale, zone, seed in (("C", "UTC", "1"), ("C.UTF-8", "Asia/Tokyo", "2"))
    }
    assert len(made) == 1


def test_the_archive_holds_every_module_and_data_file_and_nothing_else(tree: Tree) -> None:
    package = tree.root / "spark_app"
    whole = {f"spark_app/{name}" for name in contents(package)}
    for litter in ("notes.txt", "cli.py.orig", "cli.py~", ".hidden.py", "secret.env"):
        (package / litter).touch()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "cli.cpython-311.pyc").touch()
    (tree.root / "tests").mkdir()
    (tree.root / "tests" / "test_it.py").touch()
    inside = names(tree.folder(tree.make()))
    assert inside == whole | {"spark_app/dependencies"}
    assert {Path(name).suffix for name in inside} >= {".py", ".css", ".js"}


def test_everything_loads_from_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "spark_app.zip"
    archive.write_bytes(make_package.archive(ROOT, "0123456789abcdef"))
    data = sorted(n for n in names(tmp_path) if not n.endswith(".py"))
    program = (
        "import sys; from importlib.resources import files;"
        "import spark_app.cli, spark_app.report.page;"
        "assert spark_app.cli.__file__.startswith(sys.argv[1]), spark_app.cli.__file__;"
        "[print(len(files(p.rpartition('/')[0].replace('/', '.'))"
        ".joinpath(p.rpartition('/')[2]).read_text())) for p in sys.argv[2:]]"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(archive), *data],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(archive)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(data) > 2 and all(int(size) > 0 for size in done.stdout.split())


def test_the_archive_is_not_compressed_because_compressors_differ(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(make_package.archive(ROOT, "0" * 16))) as file:
        assert {entry.compress_type for entry in file.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
