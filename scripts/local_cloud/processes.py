"""Processes of a cloud: each in its own session, each marked, so that none can stay behind."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from scripts.local_cloud.settings import MARK

_NOT_STARTED = 127
_KILL_SECONDS = 5.0


class Process:
    """One process of a node with its output in two files, never in memory."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        logs: tuple[Path, Path],
    ) -> None:
        self.reason: str | None = None
        with logs[0].open("wb") as stdout, logs[1].open("wb") as stderr:
            try:
                self._child: subprocess.Popen[bytes] | None = subprocess.Popen(
                    command,
                    env=dict(environment),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
            except OSError as error:
                self._child = None
                self.reason = f'Cannot run program "{command[0]}": {error.strerror}'
                stderr.write(f"{self.reason}\n".encode())

    @property
    def pid(self) -> int:
        """The process's id; 0 when it could not be started."""
        return self._child.pid if self._child else 0

    def wait(self) -> int:
        """Its exit code as a shell gives it: 128 and the signal when a signal ended it."""
        if self._child is None:
            return _NOT_STARTED
        code = self._child.wait()
        return 128 - code if code < 0 else code

    def stop(self, grace_seconds: float) -> None:
        """End it and all of its session: asked first when there is a grace, then forced."""
        if self._child is None:
            return
        if grace_seconds > 0:
            _signal_session(self._child.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace_seconds)
        _signal_session(self._child.pid, signal.SIGKILL)

    def stop_later(self, grace_seconds: float) -> None:
        """Do `stop` without waiting for it."""
        threading.Thread(target=self.stop, args=(grace_seconds,), daemon=True).start()


def _signal_session(session: int, number: signal.Signals) -> None:
    for pid in psutil.pids():
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
    """Kill what was started for `folder` and what that started; how many processes there were."""
    killed: set[int] = set()
    deadline = time.monotonic() + _KILL_SECONDS
    while (found := marked(folder)) and time.monotonic() < deadline:
        for process in {*found, *(child for each in found for child in _children(each))}:
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed.add(process.pid)
        time.sleep(0.02)
    return len(killed)


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []
