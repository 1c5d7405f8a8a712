"""Import a large library in part: only the modules that are named, and what those need."""

import ast
import importlib
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from types import ModuleType


@contextmanager
def lean_import(packages: Collection[str], absent: Collection[str]) -> Iterator[None]:
    """What this thread imports in the block is imported in part.

    Of `packages` the `__init__` is not run: a name that it would import from elsewhere is loaded
    when it is first asked for, also after the block, and nothing else is done. `absent` libraries
    look as if they were not installed. Modules that are loaded already stay as they are, and other
    threads see nothing of it.
    """
    finder = _Finder(packages, absent)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, packages: Collection[str], absent: Collection[str]) -> None:
        self.packages = packages
        self.absent = absent
        self.thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        if threading.get_ident() != self.thread:
            return None
        if fullname in self.absent:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        if fullname not in self.packages:
            return None
        spec = PathFinder.find_spec(fullname, path)  # type: ignore[arg-type]
        if spec is not None and isinstance(spec.loader, SourceLoader):
            spec.loader = _ByName(spec.loader.get_source(fullname) or "")
        return spec


class _ByName(Loader):
    """Makes a package of which each name is loaded alone."""

    def __init__(self, source: str) -> None:
        self.source = source

    def exec_module(self, module: ModuleType) -> None:
        origins = _origins(module.__name__, self.source)

        def get(name: str) -> object:
            if name not in origins:
                raise AttributeError(
                    f"{module.__name__} is imported in part, without {name}; see {__name__}",
                    name=name,
                    obj=module,
                )
            found = getattr(importlib.import_module(origins[name][0]), origins[name][1])
            setattr(module, name, found)
            return found

        module.__dict__["__getattr__"] = get


def _origins(package: str, source: str) -> dict[str, tuple[str, str]]:
    """Module and name that each `from MODULE import NAME` of a package's source refers to."""
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (
            resolve_name("." * node.level + (node.module or ""), package),
            alias.name,
        )
        for node in imports
        if node.module  # `from . import X` is a module, which the import system finds by itself
        for alias in node.names
    }
