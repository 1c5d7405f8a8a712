"""The same source gives the same package; another source another version; half of one is none."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import make_package, wheels
from spark_app.errors import RunFailed, Unusable
from tests.package.tree import WHEEL, Tree, contents, stock


def elsewhere(tree: Tree, folder: Path) -> Tree:
    """The same source in another folder, copied in another order, with other times and modes."""
    moved = Tree(folder / "elsewhere", tree.index, folder / "out", folder / "wheels")
    for path in sorted(tree.root.rglob("*"), reverse=True):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = moved.root / path.relative_to(tree.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            os.utime(copy, (10**9, 10**9))
            copy.chmod(0o640)
    return stock(moved)


def test_the_same_source_gives_the_same_bytes_whatever_folder_time_mode_and_umask(
    tree: Tree, tmp_path: Path
) -> None:
    first = contents(tree.folder(tree.make()))
    before = os.umask(0o077)
    try:
        other = elsewhere(tree, tmp_path / "deep")
        second = contents(other.folder(other.make()))
    finally:
        os.umask(before)
    assert second == first


def change_source(tree: Tree) -> None:
    (tree.root / "spark_app" / "cli.py").open("a").write("# one more\n")


def change_data(tree: Tree) -> None:
    (tree.root / "spark_app" / "report" / "report.css").open("a").write("/* one more */\n")


def change_name(tree: Tree) -> None:
    (tree.root / "spark_app" / "aws.py").rename(tree.root / "spark_app" / "jobb.py")


def change_bootstrap(tree: Tree) -> None:
    (tree.root / "bootstrap" / "bootstrap.sh").open("a").write("# one more\n")


def change_main(tree: Tree) -> None:
    (tree.root / "bootstrap" / "main.py").open("a").write("# one more\n")


@pytest.mark.parametrize(
    "change", [change_source, change_data, change_name, change_bootstrap, change_main]
)
def test_what_changes_in_the_source_changes_the_version_and_not_the_dependencies(
    tree: Tree, change: Callable[[Tree], None]
) -> None:
    before = tree.make()
    change(tree)
    after = tree.make()
    assert after["version"] != before["version"]
    assert after["dependencies"] == before["dependencies"]
    assert tree.folder(before).is_dir() and tree.folder(after).is_dir()


def test_another_lock_file_changes_the_dependencies_and_the_version(tree: Tree) -> None:
    before = tree.make()
    tree.lock.open("a").write("# one more\n")
    after = tree.make()
    assert after["dependencies"] != before["dependencies"]
    assert after["version"] != before["version"]
    with zipfile.ZipFile(tree.folder(after) / "spark_app.zip") as file:
        assert file.read("spark_app/dependencies").decode() == after["dependencies"]


def test_the_manifest_lists_every_file_with_its_hash(tree: Tree) -> None:
    manifest = tree.make()
    folder = tree.folder(manifest)
    assert json.loads((folder / "package.json").read_text()) == manifest
    assert (tree.out / "package.json").read_bytes() == (folder / "package.json").read_bytes()
    there = {name for name in contents(folder) if name != "package.json"}
    assert there == set(manifest["files"])
    assert there == {
        *("spark_app.zip", "main.py", "bootstrap.sh", "requirements.lock"),
        *(f"wheels/{architecture}/{WHEEL}" for architecture in ("x86_64", "aarch64")),
    }
    for name, digest in manifest["files"].items():
        assert wheels.sha256(folder / name) == digest
    assert manifest["version"] == make_package.version_of(manifest["files"])
    assert manifest["dependencies"] == manifest["files"]["requirements.lock"][:16]


def test_making_it_again_keeps_what_is_there(tree: Tree) -> None:
    folder = tree.folder(tree.make())
    before = folder.stat().st_ino
    tree.make()
    assert folder.stat().st_ino == before


def test_a_version_that_was_tampered_with_is_made_anew(tree: Tree) -> None:
    folder = tree.folder(tree.make())
    good = contents(folder)
    (folder / "main.py").write_text("print('bad')\n")
    (folder / "extra").touch()
    tree.make()
    assert contents(folder) == good


def test_a_make_that_is_cut_off_leaves_no_version_and_the_next_cleans_up(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, count = make_package._put, []

    def cut_off(part: bytes | Path, path: Path) -> None:
        count.append(path)
        if len(count) == 4:
            raise KeyboardInterrupt
        put(part, path)

    monkeypatch.setattr(make_package, "_put", cut_off)
    with pytest.raises(KeyboardInterrupt):
        tree.make()
    assert contents(tree.out) == {}
    monkeypatch.setattr(make_package, "_put", put)
    (tree.out / ".new-killed" / "0123456789abcdef").mkdir(parents=True)
    manifest = tree.make()
    assert {path.name for path in tree.out.iterdir()} == {manifest["version"], "package.json"}


def test_a_full_disk_is_one_line(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(part: bytes | Path, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make_package, "_put", full)
    with pytest.raises(RunFailed, match=r"could not be made.*No space left"):
        tree.make()


def test_without_the_application_it_says_so(tree: Tree) -> None:
    shutil.rmtree(tree.root / "spark_app")
    with pytest.raises(Unusable, match="holds no package spark_app; run this in a checkout"):
        tree.make()


def test_it_prints_a_line_for_each_phase_and_ends_with_the_version(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_package, "ROOT", tree.root)
    shutil.copytree(tree.cache, tree.root / "build" / "wheels")
    assert make_package.main(["--out", str(tree.out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("application", "wheels", "wheels", "package", "version")
    ]
    assert (tree.out / lines[-1].split()[1]).is_dir()


def test_an_error_is_one_line_and_an_exit_code(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_package, "ROOT", tree.root)
    (tree.index / WHEEL).unlink()
    shutil.rmtree(tree.cache)
    assert make_package.main(["--out", str(tree.out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: tiny==1.0 has no wheel") and error.count("\n") == 1


def test_ctrl_c_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(make_package, "make", stopped)
    assert make_package.main([]) == 130
    assert capsys.readouterr().err == "error: stopped by Ctrl-C; no package was made\n"
