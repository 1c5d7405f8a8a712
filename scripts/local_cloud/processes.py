"""Processes of a cloud: each below an init of its own, so that nothing of it can stay behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from scripts.local_cloud.settings import MARK

_INIT = str(Path(__file__).with_name("init.py"))
_KILLED = 137
_KILL_SECONDS = 5.0


class Process:
    """One process with its output in files, never in memory; it never outlives this one."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> None:
        read, write = os.pipe()
        self._report = os.fdopen(read, "rb")
        self._over = threading.Event()
        try:
            self._init = subprocess.Popen(
                [sys.executable, "-I", _INIT, str(write), *command],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[write],
                start_new_session=True,
            )
        finally:
            os.close(write)
        self.pid = int(self._report.readline() or 0)

    def wait(self) -> int:
        """The command's exit code as a shell gives it; what it started may still run."""
        with self._report:
            code = int(self._report.readline() or _KILLED)
        self._over.set()
        return code

    def stop(self, grace_seconds: float) -> None:
        """End it and its session: asked first when there is a grace, then forced.

        What waits for the grace needs another thread that waits for the process.
        """
        if grace_seconds > 0:
            _signal_session(self.pid, signal.SIGTERM)
            self._over.wait(grace_seconds)
        _signal_session(self.pid, signal.SIGKILL)

    def stop_later(self, grace_seconds: float) -> None:
        """Do `stop` without waiting for it."""
        threading.Thread(target=self.stop, args=(grace_seconds,), daemon=True).start()

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it runs any more."""
        return self._init.poll() is not None

    def close(self) -> None:
        """Kill all that is left of it, in whatever session, and wait until nothing is."""
        assert self._init.stdin is not None
        self._init.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._init.wait(_KILL_SECONDS)


def _signal_session(session: int, number: signal.Signals) -> None:
    for pid in psutil.pids() if session else []:
        with contextlib.suppress(OSError):
            if os.getsid(pid) == session:
                os.kill(pid, number)


def marked(folder: Path) -> list[psutil.Process]:
    """The processes that were started for `folder` or below it, this one left out."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            mark = process.environ().get(MARK, "")
            if process.pid != os.getpid() and _is_within(mark, folder):
                found.append(process)
    return found


def _is_within(mark: str, folder: Path) -> bool:
    return bool(mark) and (mark == str(folder) or mark.startswith(f"{folder}/"))


def kill_marked(folder: Path) -> int:
    """Kill what an ended server left of `folder`; how many processes there were.

    An init whose server is gone kills what is below it, and ends.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + _KILL_SECONDS
    while (found := marked(folder)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(psutil.Error):
                killed.add(process.pid)
                if _INIT not in process.cmdline():
                    process.kill()
        time.sleep(0.02)
    return len(killed)
