"""A node of a cluster: where the bootstrap action runs, with the tools that it finds there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.package.tree import ROOT

SCRIPT = ROOT / "bootstrap" / "bootstrap.sh"
REGION = "eu-central-1"
DEADLINE = 120.0
PHASE = re.compile(r"^(\w[\w ]*?) +\d+\.\d s  (.*)$", re.M)
TOOLS = (
    *("bash", "env", "uname", "mkdir", "rm", "mv", "cat", "chmod", "sed", "tail", "tr", "head"),
    *("wc", "id", "find", "xargs", "nproc", "sha256sum"),
)


@dataclass(frozen=True)
class Ended:
    """A bootstrap action that has ended."""

    code: int
    out: str
    err: str

    @property
    def phases(self) -> dict[str, str]:
        return dict(PHASE.findall(self.out))


@dataclass(frozen=True)
class Node:
    """A node with its own tools in front of the machine's."""

    folder: Path
    env: Mapping[str, str]

    @property
    def target(self) -> Path:
        return self.folder / "opt" / "spark_app"

    def tool(self, name: str, script: str) -> None:
        """Give the node a tool of its own."""
        path = self.folder / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def serve(self, folder: Path) -> None:
        """Let `aws` copy out of a folder, for tests of what is done with the files then."""
        copy = shutil.which("cp")
        self.tool(
            "aws",
            "shift 7  # s3 cp --region REGION --only-show-errors --cli-connect-timeout 10\n"
            f'if [ "$1" = --recursive ]; then exec {copy} -R {folder}/. "$3"; fi\n'
            f'exec {copy} {folder}/"${{1##*/}}" "$2"',
        )

    def bootstrap(self, *arguments: object, wrapper: tuple[object, ...] = ()) -> Ended:
        command = (*wrapper, shutil.which("bash"), SCRIPT, *arguments)
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env={**self.env, "PATH": str(self.folder / "bin")},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, application: str, **more: tuple[object, ...]) -> Ended:
        return self.bootstrap(application, self.target, REGION, **more)


def new(folder: Path, env: Mapping[str, str]) -> Node:
    """A node with nothing but the tools that the script may use."""
    (folder / "bin").mkdir(parents=True)
    for name in TOOLS:
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    node = Node(folder, env)
    node.tool("python3.11", f'exec "{Path(sys.base_prefix, "bin", "python3.11")}" "$@"')
    node.tool("aws", f'exec "{Path(sys.executable).with_name("aws")}" "$@"')
    return node


def expect_error(ended: Ended, line: str) -> None:
    """A failure whose only line on stderr is this one."""
    assert ended.code == 1, ended
    assert ended.err.splitlines() == [f"error: {line}"]
