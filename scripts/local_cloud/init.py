"""A small init, as containers have one: runs a command and ends whatever it leaves behind.

    python init.py REPORT COMMAND...

The command runs in a session of its own. `REPORT` is a file descriptor: it gets two lines, the
command's process id and its exit code (128 and the signal when a signal ended it). What the command
starts is adopted, in whatever session and environment it runs. When our input ends, all of it is
killed. We end when nothing of it runs any more.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

_PR_SET_CHILD_SUBREAPER = 36
NOT_STARTED = 127


def main() -> None:
    """Do what the command line says."""
    report, command = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # a handler, as the command would inherit SIG_IGN
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f'Cannot run program "{command[0]}": {error.strerror}', file=sys.stderr)
        _say(report, 0, NOT_STARTED)
        return
    _say(report, child.pid)
    threading.Thread(target=_end_with_input, daemon=True).start()
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.wait()
            if pid == child.pid:
                code = os.waitstatus_to_exitcode(status)
                _say(report, 128 - code if code < 0 else code)
                os.close(report)
    os._exit(0)  # the thread still waits for input


def _say(report: int, *numbers: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(report, "".join(f"{number}\n" for number in numbers).encode())


def _end_with_input() -> None:
    """Kill every descendant once the input ends, until the main thread finds that none is left."""
    while os.read(0, 4096):
        pass
    import psutil

    while True:
        with contextlib.suppress(psutil.Error):
            for each in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    each.kill()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
