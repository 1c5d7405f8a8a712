"""An emulated, empty AWS account on this machine: S3, Glue, IAM, EC2, STS and KMS."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.local_cloud import emulator


@contextmanager
def emulated_aws(folder: Path) -> Iterator[str]:
    """Its URL, for the time of the block."""
    server, url = emulator.start(folder)
    try:
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
