"""The general emulator (ministack: S3, Glue, IAM, EC2, STS, KMS) as a process of the cloud."""

import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.local_cloud.processes import Process
from scripts.local_cloud.settings import HOST, MARK
from spark_app.errors import RunFailed

_PROGRAM = Path(sys.executable).parent / "ministack"
_WAIT_SECONDS = 30.0


def start(folder: Path) -> tuple[Process, str]:
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
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",  # its listener is not bound to BIND_HOST
    }
    with (folder / "ministack.log").open("wb") as log:
        process = Process([str(_PROGRAM)], environment, home, log, log)
    url = f"http://{HOST}:{port}"
    _wait_for(process, url, folder)
    return process, url


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(process: Process, url: str, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline and not process.is_gone:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    process.close()
    raise RunFailed(f"ministack did not start; look at {folder / 'ministack.log'}")
