"""A small source tree with a tiny locked wheel, and packages made of it without a network."""

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import make_package
from scripts.wheels import ARCHITECTURES

ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns("__pycache__")
WHEEL = "tiny-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class Tree:
    """A checkout, an index of wheels beside it, and where packages go."""

    root: Path
    index: Path
    out: Path
    cache: Path

    @property
    def lock(self) -> Path:
        return self.root / "bootstrap" / "requirements.lock"

    def make(self) -> dict[str, Any]:
        return make_package.make(self.root, self.out, self.cache)

    def folder(self, manifest: dict[str, Any]) -> Path:
        return self.out / str(manifest["version"])


def grow(folder: Path) -> Tree:
    """The application as it is, with one tiny wheel for all its dependencies."""
    tree = Tree(*(folder / name for name in ("checkout", "index", "dist", "cache")))
    shutil.copytree(ROOT / "spark_app", tree.root / "spark_app", ignore=IGNORED)
    shutil.copytree(ROOT / "bootstrap", tree.root / "bootstrap", ignore=IGNORED)
    shutil.copy(ROOT / "pyproject.toml", tree.root)
    lock(tree, wheel(tree.index))
    return tree


def stock(tree: Tree) -> Tree:
    """Let the wheels of the index be there already, so that nothing need be downloaded."""
    for architecture in ARCHITECTURES:
        shutil.copytree(tree.index, tree.cache / architecture)
    return tree


def wheel(index: Path, name: str = WHEEL, text: str = "WORD = 'good'\n") -> Path:
    """Put a wheel with one module on the index."""
    index.mkdir(exist_ok=True)
    info, version = "tiny-1.0.dist-info", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    with zipfile.ZipFile(index / name, "w") as file:
        file.writestr("tiny.py", text)
        file.writestr(f"{info}/METADATA", version)
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return index / name


def lock(tree: Tree, *wheels: Path) -> None:
    """Lock `tiny` to these wheels."""
    hashes = [f"--hash=sha256:{hashlib.sha256(w.read_bytes()).hexdigest()}" for w in wheels]
    tree.lock.write_text(" \\\n    ".join(["tiny==1.0", *hashes]) + "\n")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes, by its path in the folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
