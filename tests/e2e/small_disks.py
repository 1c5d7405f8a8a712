"""Commands with the lake on a small disk, one after the other in one process with one Spark.

To be started where it may mount. It reads a JSON list of `SmallDisk`s and writes one of `Ended`s.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from spark_app import cli
from spark_app.spark.session import open_session
from tests import in_process


@dataclass(frozen=True)
class SmallDisk:
    """A disk of so many bytes (such as `20k`) and inodes at `path`, and a command to run with it.

    It is filled from the folder `kept`, to which everything is copied afterwards.
    """

    path: str
    size: str
    inodes: int
    kept: str
    command: list[str]


def main() -> None:
    """Run the command of every disk; Spark's log lies on the first one, which gets full too."""
    disks = [SmallDisk(**one) for one in json.load(sys.stdin)]
    for disk in disks:
        _mount(disk)
    with (
        open_session(driver_memory="1g", log=f"{disks[0].path}/log.txt", input_bytes=1),
        in_process.at(Path.cwd(), {"PYSPARK_GATEWAY_PORT": "0"}),
    ):
        ended = [in_process.ended(cli.main, *disk.command) for disk in disks]
    for disk in disks:
        shutil.rmtree(disk.kept)
        shutil.copytree(disk.path, disk.kept)
    json.dump([dataclasses.asdict(one) for one in ended], sys.stdout)


def _mount(disk: SmallDisk) -> None:
    options = f"size={disk.size},nr_inodes={disk.inodes}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk.path], check=True)
    shutil.copytree(disk.kept, disk.path, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
