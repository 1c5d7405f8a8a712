"""What runs on a node: bootstrap actions and steps, as real processes with EMR's logs."""

import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.local_cloud.account import Account
from scripts.local_cloud.node import Node, keep_logs_only
from scripts.local_cloud.node_logs import NodeLogs
from scripts.local_cloud.processes import Process
from scripts.local_cloud.settings import now
from scripts.local_cloud.spark_submit import CONTAINER_LOGS

GRACE_SECONDS = 2.0
_KILLED = 137
_STATE_PUSHER = r"s3://([a-z0-9-]+\.)?elasticmapreduce/libs/state-pusher/.*"  # EMR's own bucket


class NotFetched(Exception):
    """A script could not be downloaded with the node's credentials."""


class NodeWork:
    """The processes of one node. After `close` none starts any more."""

    def __init__(self, node: Node, account: Account, role: str, instance_id: str) -> None:
        self._node, self._account, self._role = node, account, role
        self._instance_id = instance_id
        self._lock = threading.Lock()
        self._running: dict[str, Process] = {}
        self._left: list[Process] = []  # also what has ended and left something behind
        self._stopped: set[str] = set()
        self._is_closed = False

    def client(self) -> Any:
        """An S3 client with the instance role's credentials."""
        return self._account.client("s3", self._credentials())

    def _credentials(self) -> dict[str, str]:
        return self._account.credentials(self._role, self._instance_id)

    def bootstrap(self, number: int, action: Mapping[str, Any], logs: NodeLogs) -> int:
        """Run a bootstrap action; its exit code.

        Raises:
            NotFetched: the script cannot be downloaded.
        """
        script = action["ScriptBootstrapAction"]
        folder = self._node.logs("bootstrap-actions", str(number))
        work = self._node.work("bootstrap-actions", str(number))
        try:
            program = self._fetch(script["Path"], work)
            args = [str(program), *map(self._node.path, script.get("Args", []))]
            return self._run(f"bootstrap {number}", args, work, folder)
        finally:
            logs.send_later(folder, f"node/{self._instance_id}/bootstrap-actions/{number}")

    def step(self, step_id: str, jar: Mapping[str, Any]) -> int:
        """Run a step; its exit code."""
        folder = self._node.logs("steps", step_id)
        work = self._node.work("steps", step_id)
        try:
            args = self._step_args(jar, work)
        except NotFetched as error:
            (folder / "stderr").write_text(f"{error}\n")
            (folder / "stdout").touch()
            (folder / "controller").write_text(_controller(step_id, [], 1, 0.0, 0))
            return 1
        return self._run(step_id, args, work, folder)

    def step_logs(self, step_id: str) -> Path:
        """The folder of a step's logs."""
        return self._node.logs("steps", step_id)

    def containers(self, step_id: str) -> list[Path]:
        """The folders of logs of a step's YARN containers: `APPLICATION_ID/CONTAINER_ID`."""
        return sorted(self.step_logs(step_id).glob("containers/*/*"))

    def delete_disks(self) -> None:
        """Delete what was on the node but its configuration and logs."""
        keep_logs_only([self._node.folder])

    def _step_args(self, jar: Mapping[str, Any], work: Path) -> list[str]:
        name = jar["Jar"].rsplit("/", 1)[-1]
        args = [self._node.path(arg) for arg in jar.get("Args", [])]
        if name == "command-runner.jar":
            args = [arg for arg in args if arg]  # EMR's drops them too
        if name not in ("command-runner.jar", "script-runner.jar"):
            raise NotFetched(
                f"Error fetching jar file {jar['Jar']}: this cloud has command-runner.jar and "
                "script-runner.jar"
            )
        if not args:
            raise NotFetched(f"{name} needs arguments: what is to be run")
        if name == "script-runner.jar":
            return [str(self._fetch(args[0], work)), *args[1:]]
        return args

    def _fetch(self, uri: str, work: Path) -> Path:
        """A script on the node, ready to run.

        Raises:
            NotFetched: as it says.
        """
        if re.fullmatch(_STATE_PUSHER, uri):
            return self._node.folder / "bin" / "state-pusher-script"
        if not uri.startswith("s3://"):
            return Path(self._node.path(re.sub("^file:(//)?", "", uri)))
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        target = work / key.rsplit("/", 1)[-1]
        try:
            self.client().download_file(bucket, key, str(target))
        except (BotoCoreError, ClientError, ValueError) as error:
            raise NotFetched(f"{uri} could not be downloaded: {error}") from error
        target.chmod(0o755)
        return target

    def _run(self, name: str, args: Sequence[str], work: Path, logs: Path) -> int:
        containers = {CONTAINER_LOGS: str(logs / "containers")}
        environment = self._node.environment(self._credentials()) | containers
        began = time.monotonic()
        with self._lock:
            if self._is_closed or name in self._stopped:
                return _KILLED
            with (logs / "stdout").open("wb") as stdout, (logs / "stderr").open("wb") as stderr:
                process = Process(_runnable(args), environment, work, stdout, stderr)
            self._running[name] = process
            self._left = [*(each for each in self._left if not each.is_gone), process]
        code = process.wait()
        with self._lock:
            self._running.pop(name, None)
        took = time.monotonic() - began
        (logs / "controller").write_text(_controller(name, args, code, took, process.pid))
        return code

    def stop(self, name: str, grace_seconds: float) -> None:
        """End one of the processes, also before it began; nothing happens when it is over."""
        with self._lock:
            self._stopped.add(name)
            process = self._running.get(name)
        if process:
            process.stop_later(grace_seconds)

    def close(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End all of them, and whatever they started."""
        with self._lock:
            self._is_closed = True
            running, left = list(self._running.values()), self._left
        stopping = [threading.Thread(target=each.stop, args=[grace_seconds]) for each in running]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for process in left:
            process.close()


def _runnable(args: Sequence[str]) -> list[str]:
    """The command; a script without `#!` runs in bash, as EMR's runners do it."""
    path = Path(args[0])
    if not (path.is_file() and os.access(path, os.R_OK)):
        return list(args)
    with path.open("rb") as file:
        begin = file.read(4)
    is_program = begin == b"\x7fELF" or begin.startswith(b"#!")
    return list(args) if is_program else ["/bin/bash", *args]


def _controller(name: str, args: Sequence[str], code: int, seconds: float, pid: int) -> str:
    """The controller's log of a process that is over."""
    took = f"{seconds:.0f} seconds"
    verdict = "INFO Step succeeded with" if code == 0 else "WARN Step failed with"
    command = " ".join(args)
    at = f"{now():%Y-%m-%dT%H:%M:%S}.000Z"
    lines = [
        f"{at} INFO startExec '{command}'",
        f"INFO ProcessRunner started child process {pid} for {name}",
        f"{at} INFO waitProcessCompletion ended with exit code {code} : {command}",
        f"{at} INFO total process run time: {took}",
        f"{at} {verdict} exitCode {code} and took {took}",
    ]
    return "\n".join(lines) + "\n"
