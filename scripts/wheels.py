"""The locked wheels of the cluster's Python, one folder per architecture, kept between two makes.

pip picks for each pin the wheel of the newest platform that the cluster's Amazon Linux 2023
(glibc 2.34) can load; a wheel counts only when its SHA-256 stands in the lock file.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from spark_app.errors import Unusable

ARCHITECTURES = ("x86_64", "aarch64")
PYTHON = "3.11"
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_OFFLINE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProtocolError|ProxyError|SSLError|"
    r"NameResolutionError|Max retries exceeded|Could not fetch URL|HTTP error"
)
_ABSENT = re.compile(r"No matching distribution found for ([^\s;]+)")
_OTHER_BYTES = "DO NOT MATCH THE HASHES"
_CHANGED = re.compile(r"^\s+(\S+==\S+|\S+) from \S+", re.M)


def pins(lock: str) -> dict[tuple[str, str], set[str]]:
    """The SHA-256s that a lock file allows, by name and version as wheels spell them."""
    allowed: dict[tuple[str, str], set[str]] = {}
    for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        pin = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry)
        if pin:
            hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
            allowed[_spelling(pin[1]), pin[2]] = hashes
    return allowed


def is_complete(folder: Path, lock: str) -> bool:
    """Whether a folder holds exactly one allowed wheel for each pin, and nothing else."""
    missing = pins(lock)
    if not folder.is_dir():
        return False
    for wheel in folder.iterdir():
        name, version = (*wheel.name.split("-"), "")[:2]
        allowed = missing.pop((_spelling(name), version), set())
        if not wheel.is_file() or sha256(wheel) not in allowed:
            return False
    return not missing


def fetch(lock_file: Path, architecture: str, cache: Path) -> tuple[Path, bool]:
    """The folder of an architecture's wheels, and whether they had to be downloaded.

    Raises:
        Unusable: no network, no wheel for the platform, or a wheel that is not the locked one.
    """
    folder, lock = cache / architecture, lock_file.read_text(encoding="utf-8")
    if is_complete(folder, lock):
        return folder, False
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{architecture}-", dir=cache) as temporary:
        fetched = Path(temporary, architecture)
        _download(lock_file, architecture, fetched)
        if not is_complete(fetched, lock):
            raise Unusable(
                f"pip downloaded for {architecture} what {lock_file.name} does not list; try again"
            )
        shutil.rmtree(folder, ignore_errors=True)
        fetched.replace(folder)
    return folder, True


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sizes(folder: Path) -> Mapping[str, int]:
    """Bytes of each wheel, by file name."""
    return {wheel.name: wheel.stat().st_size for wheel in sorted(folder.iterdir())}


def _download(lock_file: Path, architecture: str, into: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--retries=2"]
    command += [f"--python-version={PYTHON}", "--implementation=cp", f"--dest={into}"]
    command += [f"--platform={platform}_{architecture}" for platform in PLATFORMS]
    command += ["--requirement", str(lock_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable(_cause(done.stdout + done.stderr, lock_file, architecture))


def _cause(said: str, lock_file: Path, architecture: str) -> str:
    """Why pip failed, in one line."""
    if _OTHER_BYTES in said:
        changed = _CHANGED.search(said)
        name = changed[1] if changed else "a wheel"
        return (
            f"{name} for {architecture} is not the one that {lock_file.name} lists "
            "(hash mismatch); do not use it, find out who changed it"
        )
    if _OFFLINE.search(said):
        return (
            f"the wheels for {architecture} cannot be downloaded (no network?); connect, or set "
            "PIP_INDEX_URL to an index within reach"
        )
    absent = _ABSENT.search(said)
    if absent:
        return (
            f"{absent[1]} has no wheel for {architecture} and Python {PYTHON}; "
            "pin a version that has one"
        )
    last = said.strip().rsplit("\n", 1)[-1] or "pip gave no reason"
    return f"the wheels for {architecture} cannot be downloaded: {last}"


def _spelling(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
