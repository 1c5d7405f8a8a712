"""A library is imported in part: what nobody asks for stays unloaded."""

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from spark_app.quality.lean_import import lean_import

INIT = """
from .light import LIGHT
from .heavy import HEAVY as LARGE
from . import part
"""
PART = """
try:
    import json_of_another_maker
except ImportError:
    IS_THERE = False
"""
FILES = {"__init__.py": INIT, "light.py": "LIGHT = 1", "heavy.py": "HEAVY = 2", "part.py": PART}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A library of this test only."""
    name = "library_to_import_in_part"
    folder = tmp_path / name
    folder.mkdir()
    for file, text in FILES.items():
        (folder / file).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def lean(library: str) -> ModuleType:
    with lean_import([library], []):
        return importlib.import_module(library)


def test_only_the_modules_that_are_named_are_loaded(library: str) -> None:
    with lean_import([library], []):
        assert importlib.import_module(f"{library}.light").LIGHT == 1
    assert f"{library}.light" in sys.modules
    assert f"{library}.heavy" not in sys.modules


def test_a_name_is_loaded_when_it_is_asked_for(library: str) -> None:
    package = lean(library)
    assert package.LARGE == 2
    assert f"{library}.heavy" in sys.modules
    assert f"{library}.light" not in sys.modules
    assert vars(package)["LARGE"] == 2


def test_a_module_of_the_package_is_found_like_in_any_other(library: str) -> None:
    lean(library)
    names: dict[str, ModuleType] = {}
    exec(f"from {library} import part", names)
    assert names["part"] is sys.modules[f"{library}.part"]


def test_a_name_that_the_package_makes_itself_is_refused(library: str) -> None:
    with pytest.raises(AttributeError, match="in part, without HEAVY"):
        _ = lean(library).HEAVY


def test_an_absent_library_looks_as_if_it_were_not_installed(library: str) -> None:
    with lean_import([library], ["json_of_another_maker", "colorsys"]):
        assert importlib.import_module(f"{library}.part").IS_THERE is False
        sys.modules.pop("colorsys", None)
        with pytest.raises(ModuleNotFoundError, match="colorsys"):
            importlib.import_module("colorsys")
    importlib.import_module("colorsys")


def test_other_threads_see_nothing_of_it(library: str) -> None:
    found: list[ModuleType] = []
    with lean_import([library], ["colorsys"]):
        sys.modules.pop("colorsys", None)
        thread = threading.Thread(
            target=lambda: found.extend(map(importlib.import_module, ("colorsys", library)))
        )
        thread.start()
        thread.join()
    assert vars(found[1])["LIGHT"] == 1
    assert f"{library}.heavy" in sys.modules


def test_a_package_that_is_loaded_stays_as_it_is(library: str) -> None:
    whole = importlib.import_module(library)
    assert lean(library) is whole
    assert vars(whole)["LIGHT"] == 1


def test_afterwards_packages_are_imported_as_ever(library: str) -> None:
    before = [*sys.meta_path]
    with pytest.raises(ZeroDivisionError), lean_import([library], []):
        _ = 1 / 0
    assert sys.meta_path == before
    assert vars(importlib.import_module(library))["LARGE"] == 2
