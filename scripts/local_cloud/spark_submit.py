"""The node's `spark-submit`: Spark's own, with YARN's part played on this machine.

    python spark_submit.py ARGUMENTS...

In client mode it becomes Spark's own. In cluster mode the driver runs as the first container of a
YARN application: in a folder of its own, with what `--files` and `--archives` name and the
variables of `spark.yarn.appMasterEnv.`, its output in files below `CONTAINER_LOGS`. We print what
YARN's client prints, and end as it does: with 1 when the application failed. We always wait for it,
and it is tried once.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CONTAINER_LOGS = "CONTAINER_LOGS"
_FLAGS = ("--supervise", "--verbose", "-v", "--version", "--help", "-h", "--usage-error")
_AM_ENVIRONMENT = "spark.yarn.appMasterEnv."
_LISTS = ("--files", "--archives", "--py-files", "--jars")
_FILES = ("spark.files", "spark.yarn.dist.files")
_ARCHIVES = ("spark.archives", "spark.yarn.dist.archives")
_AS_CONF = {
    "--master": "spark.master",
    "--deploy-mode": "spark.submit.deployMode",
    "--files": "spark.files",
    "--archives": "spark.archives",
}


@dataclass(frozen=True)
class Submission:
    """A command line: options with their values (null for a flag), application and arguments."""

    options: Sequence[tuple[str, str | None]]
    application: Sequence[str]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "Submission":
        """The command line's parts; the application is the first that is no option."""
        options: list[tuple[str, str | None]] = []
        rest = list(arguments)
        while rest and rest[0].startswith("-"):
            name, is_joined, value = rest.pop(0).partition("=")
            if name in _FLAGS:
                options.append((name, None))
            else:
                options.append((name, value if is_joined else rest.pop(0) if rest else None))
        return cls(options, rest)

    def conf(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """Every setting by its name: options come before `--conf`, both before the defaults."""
        pairs = [value for name, value in self.options if name in ("--conf", "-c") and value]
        named = {_AS_CONF[name]: value for name, value in self.options if name in _AS_CONF if value}
        return {**defaults, **dict(pair.split("=", 1) for pair in pairs if "=" in pair), **named}

    def in_client_mode(self, master: str) -> list[str]:
        """The same for Spark's own spark-submit, with the driver on this machine."""
        arguments = ["--master", master, "--deploy-mode", "client"]
        for name, value in self.options:
            is_mode = name in ("--conf", "-c") and str(value).startswith(
                ("spark.master=", "spark.submit.deployMode=")
            )
            if name not in ("--master", "--deploy-mode") and not is_mode:
                arguments += [name] if value is None else [name, value]
        return [*arguments, *self.application]

    def made_absolute(self) -> "Submission":
        """The same for another working directory."""
        options = [
            (
                name,
                ",".join(map(_absolute, value.split(","))) if name in _LISTS and value else value,
            )
            for name, value in self.options
        ]
        first, rest = self.application[:1], self.application[1:]
        return Submission(options, [*map(_absolute, first), *rest])


def _absolute(path: str) -> str:
    name, mark, alias = path.partition("#")
    return f"{Path(name).resolve()}{mark}{alias}" if Path(name).exists() else path


def main(arguments: Sequence[str]) -> int:
    """Submit; the exit code of what was submitted."""
    submission = Submission.of(arguments)
    conf = submission.conf(_defaults(Path(os.environ["SPARK_CONF_DIR"], "spark-defaults.conf")))
    program = os.path.join(os.environ["SPARK_HOME"], "bin", "spark-submit")
    master = conf.get("spark.master", "yarn")
    if master == "yarn":
        master = "local[*]"
    elif not master.startswith("local"):
        return _refuse(f"this cloud has no master {master}; use yarn, or leave it out")
    if not (conf.get("spark.submit.deployMode") == "cluster" and submission.application):
        os.execv(program, [program, *submission.in_client_mode(master)])
    command = [program, *submission.made_absolute().in_client_mode(master)]
    try:
        return Application(Path.home()).run(command, conf)
    except (OSError, ValueError, tarfile.TarError) as error:
        return _refuse(str(error))


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


def _defaults(path: Path) -> dict[str, str]:
    pairs = (line.split(None, 1) for line in path.read_text().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


class Application:
    """A YARN application of a node, with one container: its driver."""

    def __init__(self, node: Path) -> None:
        began = int((node / "conf").stat().st_ctime * 1000)
        self.folder = _next_folder(node / "mnt" / "yarn", f"application_{began}_")
        self.id = self.folder.name
        self._container = f"{self.id.replace('application', 'container')}_01_000001"
        self._logs = Path(os.environ[CONTAINER_LOGS], self.id, self._container)

    def run(self, command: Sequence[str], conf: Mapping[str, str]) -> int:
        """Run the driver; 0, or 1 when it failed.

        Raises:
            OSError, ValueError, TarError: a file that it was to find cannot be had.
        """
        work = self.folder / self._container
        work.mkdir()
        _localize(work, conf)
        self._logs.mkdir(parents=True)
        self._say(f"Submitting application {self.id} to ResourceManager")
        self._report("ACCEPTED")
        self._report("RUNNING")
        began = time.time()
        with (self._logs / "stdout").open("wb") as out, (self._logs / "stderr").open("wb") as err:
            code = subprocess.run(
                command, env=_environment(conf), cwd=work, stdout=out, stderr=err, check=False
            ).returncode
        self._report("FINISHED")
        self._say(_summary(code, began))
        if code:
            text = f"Application {self.id} finished with failed status"
            print(
                f'Exception in thread "main" org.apache.spark.SparkException: {text}',
                file=sys.stderr,
            )
        return 1 if code else 0

    def _report(self, state: str) -> None:
        self._say(f"Application report for {self.id} (state: {state})")

    def _say(self, text: str) -> None:
        print(
            f"{time.strftime('%y/%m/%d %H:%M:%S')} INFO Client: {text}", file=sys.stderr, flush=True
        )


def _next_folder(parent: Path, prefix: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        number += 1
        try:
            (folder := parent / f"{prefix}{number:04}").mkdir()
            return folder
        except FileExistsError:
            continue


def _summary(code: int, began: float) -> str:
    said = f"User application exited with status {code}" if code else "N/A"
    lines = (
        "client token: N/A",
        f"diagnostics: {said}",
        "queue: default",
        f"start time: {int(began * 1000)}",
        f"final status: {'FAILED' if code else 'SUCCEEDED'}",
        "user: hadoop",
    )
    return "\n".join(["", *(f"\t {line}" for line in lines)])


def _environment(conf: Mapping[str, str]) -> dict[str, str]:
    own = {
        name.removeprefix(_AM_ENVIRONMENT): value
        for name, value in conf.items()
        if name.startswith(_AM_ENVIRONMENT)
    }
    return {**os.environ, **own}


def _localize(work: Path, conf: Mapping[str, str]) -> None:
    """Put files and unpacked archives into a container's folder, each under its alias or name."""
    for uri, name in _listed(conf, _FILES):
        _fetch(uri, work / name)
    for uri, name in _listed(conf, _ARCHIVES):
        packed = work / f".{Path(uri).name}"
        _fetch(uri, packed)
        if tarfile.is_tarfile(packed):
            with tarfile.open(packed) as archive:
                archive.extractall(work / name, filter="tar")
        else:
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(work / name)
        packed.unlink()


def _listed(conf: Mapping[str, str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for entry in ",".join(conf.get(name, "") for name in names).split(","):
        if entry:
            uri, _, alias = entry.partition("#")
            yield uri, alias or Path(uri).name


def _fetch(uri: str, target: Path) -> None:
    scheme, is_uri, path = uri.partition("://")
    if not (is_uri and scheme.startswith("s3")):
        try:
            shutil.copyfile(uri.removeprefix("file:").replace("//", "/"), target)
        except OSError as error:
            raise OSError(f"{uri} could not be read: {error.strerror}") from error
        return
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = path.partition("/")
    style = Config(s3={"addressing_style": "path"})
    try:
        client = boto3.client("s3", region_name="us-east-1", config=style)
        client.download_file(bucket, key, str(target))
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{uri} could not be downloaded: {error}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
