"""Make the application's package for the cluster: one folder, named after what is in it.

`OUT/VERSION/` holds the application (`spark_app.zip`, `main.py`), the bootstrap action, the lock
file and its wheels for each architecture, and `package.json`, which lists them all with their
SHA-256; `OUT/package.json` is a copy of the newest. The same source gives the same bytes, and so
the same version, on every machine. Nothing of the outside is needed when `build/wheels` is filled.

    python -m scripts.make_package --out dist
"""

import argparse
import fcntl
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts import wheels
from spark_app.errors import AppError, RunFailed, Unusable

ROOT = Path(__file__).parents[1]
APPLICATION = "spark_app"
MANIFEST = "package.json"
DIGITS = 16
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can hold
_TEMPORARY = ".new-"


def make(root: Path, out: Path, cache: Path) -> dict[str, Any]:
    """Make the package of the source tree `root`; its manifest, as in `package.json`.

    Raises:
        Unusable: the source is not whole, or the wheels cannot be had.
        RunFailed: a file cannot be read or written, such as on a full disk.
    """
    try:
        with _alone(cache):
            return _make(root, out, cache)
    except OSError as error:
        raise RunFailed(f"the package could not be made: {error}") from error


def archive(root: Path, dependencies: str) -> bytes:
    """The zip of the application: sources and data files, and which dependencies it needs.

    It is not compressed: what a compressor makes differs between the versions of zlib.
    """
    content = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in application_files(root)
    }
    content[f"{APPLICATION}/dependencies"] = dependencies.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            file.writestr(entry, content[name])
    return buffer.getvalue()


def application_files(root: Path) -> list[Path]:
    """What an install of the application has: its modules, and its data files by suffix.

    Raises:
        Unusable: there is no application.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = ["*.py", *project["tool"]["setuptools"]["package-data"]["*"]]
    found = {
        path
        for pattern in patterns
        for path in (root / APPLICATION).rglob(pattern)
        if path.is_file() and not path.name.startswith(".")
    }
    if root / APPLICATION / "__init__.py" not in found:
        raise Unusable(f"{root} holds no package {APPLICATION}; run this in a checkout")
    return sorted(found)


def version_of(files: Mapping[str, str]) -> str:
    """The identity of a package: SHA-256 over the names and SHA-256s of its files."""
    lines = "".join(f"{name}\t{digest}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:DIGITS]


def _make(root: Path, out: Path, cache: Path) -> dict[str, Any]:
    started = time.monotonic()
    lock = root / "bootstrap" / "requirements.lock"
    dependencies = wheels.sha256(lock)[:DIGITS]
    content: dict[str, bytes | Path] = {
        "spark_app.zip": archive(root, dependencies),
        "main.py": root / "bootstrap" / "main.py",
        "bootstrap.sh": root / "bootstrap" / "bootstrap.sh",
        "requirements.lock": lock,
    }
    _say("application", started, f"{len(application_files(root))} files")
    content |= _wheels(lock, cache)
    started = time.monotonic()
    files = {name: _digest(part) for name, part in sorted(content.items())}
    version = version_of(files)
    manifest = {"version": version, "dependencies": dependencies, "files": files}
    _write(content, manifest, out)
    size = sum(len(c) if isinstance(c, bytes) else c.stat().st_size for c in content.values())
    _say("package", started, f"{out / version}, {len(files)} files, {_mb(size)}")
    return manifest


def _wheels(lock: Path, cache: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        fetched = pool.map(lambda arch: wheels.fetch(lock, arch, cache), wheels.ARCHITECTURES)
        for architecture, (folder, is_new) in zip(wheels.ARCHITECTURES, fetched, strict=True):
            sizes = wheels.sizes(folder)
            found |= {f"wheels/{architecture}/{name}": folder / name for name in sizes}
            origin = "downloaded" if is_new else f"from {cache}"
            what = f"{len(sizes)} for {architecture}, {_mb(sum(sizes.values()))}, {origin}"
            _say("wheels", started, what)
    return found


def _write(content: Mapping[str, bytes | Path], manifest: Mapping[str, Any], out: Path) -> None:
    """Put the version in place in one step, unless it is there and whole."""
    out.mkdir(parents=True, exist_ok=True)
    for left_over in out.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(left_over)
    text = json.dumps(manifest, indent=2) + "\n"
    final = out / str(manifest["version"])
    if not _is_whole(final, manifest["files"], text):
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=out) as folder:
            for name, part in content.items():
                _put(part, Path(folder, final.name, name))
            _put(text.encode(), Path(folder, final.name, MANIFEST))
            shutil.rmtree(final, ignore_errors=True)
            Path(folder, final.name).replace(final)
    newest = out / f".{MANIFEST}"
    newest.write_text(text, encoding="utf-8")
    newest.replace(out / MANIFEST)


def _put(part: bytes | Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(part, bytes):
        path.write_bytes(part)
    else:
        shutil.copyfile(part, path)


def _is_whole(folder: Path, files: Mapping[str, str], text: str) -> bool:
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    manifest = there.pop(MANIFEST, None)
    if manifest is None or manifest.read_text(encoding="utf-8") != text:
        return False
    return {name: wheels.sha256(path) for name, path in there.items()} == files


def _digest(part: bytes | Path) -> str:
    return hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else wheels.sha256(part)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One make at a time on one cache; the other one waits."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(phase: str, started: float, what: str) -> None:
    print(f"{phase:<12}{time.monotonic() - started:5.1f} s  {what}", flush=True)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("dist"))
    args = parser.parse_args(arguments)
    try:
        manifest = make(ROOT, args.out, Path(os.path.relpath(ROOT / "build" / "wheels")))
    except AppError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: stopped by Ctrl-C; no package was made", file=sys.stderr)
        return 130
    print(f"version {manifest['version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
