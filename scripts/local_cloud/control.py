"""Start and stop a cloud in the background, and be its server."""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psutil

from scripts.local_cloud import emulator, files
from scripts.local_cloud.cloud import Cloud
from scripts.local_cloud.node import keep_logs_only
from scripts.local_cloud.processes import kill_marked
from scripts.local_cloud.server import serving
from scripts.local_cloud.settings import CHECKOUT, Settings, stand_alone, time_scale
from spark_app.errors import RunFailed, Unusable
from spark_app.spark.conf import java_version

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def serve(folder: Path, *, ends_with_input: bool = False) -> None:
    """Be the cloud until SIGTERM or SIGINT, or until the input ends when that is asked for.

    Raises:
        Unusable: a cloud runs in this folder already, or the time scale is no number.
        RunFailed: the general emulator does not start.
    """
    stand_alone()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    if ends_with_input:
        threading.Thread(target=_wait_for_input, args=[over], daemon=True).start()
    with _only_one(folder):
        process, general_url = emulator.start(folder)
        try:
            settings = Settings(folder, general_url, _scale())
            _delete_old_disks(settings.clusters)
            with serving(Cloud(settings)) as server:
                _say_ready(folder, general_url, server.url)
                while not over.wait(0.5) and not process.is_gone:
                    pass
        finally:
            for name in ("server.json", "env"):
                (folder / name).unlink(missing_ok=True)
            process.close()
            kill_marked(folder)
    if not over.is_set():
        raise RunFailed(f"ministack ended; look at {folder / 'ministack.log'}")


def _delete_old_disks(clusters: Path) -> None:
    """Delete what servers that were killed left, and do not wait for it: it can be much."""
    old = list(clusters.iterdir()) if clusters.is_dir() else []
    threading.Thread(target=keep_logs_only, args=[old], daemon=True).start()


def _wait_for_input(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def _scale() -> float:
    try:
        return time_scale()
    except ValueError as error:
        raise Unusable(str(error)) from error


def _say_ready(folder: Path, general_url: str, emr_url: str) -> None:
    known = files.environment(general_url, emr_url)
    files.write_environment(folder, known)
    copy = files.copy_terraform(folder, known)
    files.write_state(
        folder,
        {"pid": os.getpid(), "environment": known, "terraform": str(copy) if copy else None},
    )


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Be the only one that works in a folder.

    Raises:
        Unusable: a cloud runs in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unusable(f"a local cloud runs in {folder} already; stop it first") from error
        yield


def clean(folder: Path) -> int:
    """Delete what the clusters of ended clouds left in a folder; how many clusters there were.

    Raises:
        Unusable: a cloud runs in it.
    """
    with _held(folder):
        clusters = folder / "clusters"
        count = len(list(clusters.iterdir())) if clusters.is_dir() else 0
        shutil.rmtree(clusters, ignore_errors=True)
        return count


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder, and begin with nothing of an earlier cloud in it but clusters' logs."""
    with _held(folder):
        kill_marked(folder)
        for name in ("server.json", "env"):
            (folder / name).unlink(missing_ok=True)
        for name in ("terraform", "ministack"):
            shutil.rmtree(folder / name, ignore_errors=True)
        yield


def running(folder: Path) -> dict[str, Any] | None:
    """What the cloud in a folder said when it was ready; null when none runs."""
    state = files.read_state(folder)
    if state is None or _server(state) is None:
        return None
    return state


def _server(state: dict[str, Any]) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(state["pid"])
        if "scripts.local_cloud" in process.cmdline() and process.is_running():
            return process if process.status() != psutil.STATUS_ZOMBIE else None
    return None


def start(
    folder: Path, environment: dict[str, str] | None = None, held_by: IO[bytes] | int | None = None
) -> "subprocess.Popen[bytes]":
    """Start a cloud in the background and wait until it is ready.

    It ends when `held_by`, its input, does; without, it runs until it is stopped.

    Raises:
        Unusable: there is no Java that its steps could run on.
        RunFailed: it does not get ready.
    """
    java_version()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "scripts.local_cloud", "serve", "--folder", str(folder)]
    command += ["--ends-with-input"] if held_by is not None else []
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL if held_by is None else held_by,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        state = files.read_state(folder)
        if state is not None and state["pid"] == process.pid:
            return process
        time.sleep(0.05)
    process.terminate()
    lines = (folder / "server.log").read_text(errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("error: ") if lines else "it did not get ready in time"
    raise RunFailed(f"the local cloud did not start: {said}")


def stop(folder: Path) -> bool:
    """Stop the cloud in a folder and everything it started; whether there was one."""
    state = files.read_state(folder)
    process = _server(state) if state else None
    if process is not None:
        with contextlib.suppress(psutil.Error):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
    left = kill_marked(folder)
    for name in ("server.json", "env"):
        (folder / name).unlink(missing_ok=True)
    return process is not None or left > 0


def log_to_stderr() -> None:
    """Write what happens to stderr, which is the server's log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
