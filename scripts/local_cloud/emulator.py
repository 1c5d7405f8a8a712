"""The general emulator (ministack: S3, IAM, EC2, STS, KMS) as a process of the cloud."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.local_cloud.settings import MARK
from spark_app.errors import RunFailed

_PROGRAM = Path(sys.executable).parent / "ministack"
_WAIT_SECONDS = 30.0


def start(folder: Path) -> tuple["subprocess.Popen[bytes]", str]:
    """Start it and wait until it answers; its process and its URL.

    Raises:
        RunFailed: it is not installed, or it does not start.
    """
    if not _PROGRAM.is_file():
        raise RunFailed("ministack is not installed; run `make install-dev`")
    port = _free_port()
    home = folder / "ministack"
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        MARK: str(folder),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [str(_PROGRAM)],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    _wait_for(process, url, folder)
    return process, url


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    process.kill()
    raise RunFailed(f"ministack did not start; look at {folder / 'ministack.log'}")
