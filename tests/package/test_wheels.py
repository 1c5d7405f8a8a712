"""Wheels are those of the lock file or none; pip's failures are one line each."""

import shutil
from pathlib import Path

import pytest

from scripts import wheels
from spark_app.errors import Unusable
from tests.package.tree import WHEEL, Tree, lock, wheel

ARCHITECTURE = "aarch64"


@pytest.fixture(autouse=True)
def _empty_cache(tree: Tree) -> None:
    shutil.rmtree(tree.cache)


@pytest.fixture
def _index(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download is a copy of the index, where pip itself is not looked at: each costs seconds."""

    def copy(lock_file: Path, architecture: str, into: Path) -> None:
        shutil.copytree(tree.index, into)

    monkeypatch.setattr(wheels, "_download", copy)


def fetch(tree: Tree) -> bool:
    """Fetch; whether anything had to be downloaded."""
    return wheels.fetch(tree.lock, ARCHITECTURE, tree.cache)[1]


def test_pins_are_read_with_all_their_hashes_and_the_spelling_of_wheels() -> None:
    text = "# by make lock\nRuamel.yaml-x==1.0 \\\n    --hash=sha256:" + "a" * 64
    text += " \\\n    --hash=sha256:" + "b" * 64 + "\n    # via tiny\ntiny==2\n"
    expected = {("ruamel_yaml_x", "1.0"): {"a" * 64, "b" * 64}, ("tiny", "2"): set()}
    assert wheels.pins(text) == expected


def test_the_second_time_nothing_is_downloaded(tree: Tree) -> None:
    assert fetch(tree)
    (tree.index / WHEEL).unlink()
    assert not fetch(tree)


@pytest.mark.usefixtures("_index")
def test_a_wheel_that_was_tampered_with_is_downloaded_again(tree: Tree) -> None:
    fetch(tree)
    cached = tree.cache / ARCHITECTURE / WHEEL
    good = cached.read_bytes()
    cached.write_bytes(good + b"bad")
    assert fetch(tree)
    assert cached.read_bytes() == good


@pytest.mark.usefixtures("_index")
@pytest.mark.parametrize("name", ["tiny-0.9-py3-none-any.whl", "other-1.0-py3-none-any.whl", "x"])
def test_a_file_that_the_lock_does_not_list_makes_the_cache_incomplete(
    tree: Tree, name: str
) -> None:
    fetch(tree)
    (tree.cache / ARCHITECTURE / name).touch()
    assert fetch(tree)
    assert [path.name for path in (tree.cache / ARCHITECTURE).iterdir()] == [WHEEL]


def test_a_wheel_with_another_hash_is_refused(tree: Tree) -> None:
    wheel(tree.index, text="WORD = 'bad'\n")
    with pytest.raises(Unusable) as refused:
        fetch(tree)
    assert str(refused.value) == (
        "tiny==1.0 for aarch64 is not the one that requirements.lock lists (hash mismatch); "
        "do not use it, find out who changed it"
    )
    assert not (tree.cache / ARCHITECTURE).exists()


def test_a_failed_download_keeps_what_was_there(tree: Tree) -> None:
    fetch(tree)
    lock(tree, wheel(tree.index, text="WORD = 'new'\n"))
    (tree.index / WHEEL).unlink()
    with pytest.raises(Unusable):
        fetch(tree)
    assert [path.name for path in tree.cache.iterdir()] == [ARCHITECTURE]
    assert (tree.cache / ARCHITECTURE / WHEEL).exists()


def test_a_package_without_a_wheel_for_the_platform_is_named(tree: Tree) -> None:
    (tree.index / WHEEL).unlink()
    other = (wheel(tree.index, f"tiny-1.0-cp311-cp311-{p}.whl") for p in ("win_amd64", "any"))
    lock(tree, *other)
    (tree.index / "tiny-1.0-cp311-cp311-any.whl").unlink()
    with pytest.raises(Unusable) as refused:
        fetch(tree)
    assert str(refused.value) == (
        "tiny==1.0 has no wheel for aarch64 and Python 3.11; pin a version that has one"
    )


def test_without_a_network_it_says_so(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(Unusable) as refused:
        fetch(tree)
    assert str(refused.value).startswith(
        "the wheels for aarch64 cannot be downloaded (no network?)"
    )
