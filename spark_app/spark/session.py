"""The SparkSession: UTC, ANSI, nothing about a cluster's size.

What only a laptop needs stands in `laptop_conf` and applies when this process starts the JVM.
Under spark-submit the session takes what it is given.
"""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_app import settings, stopping
from spark_app.errors import RunFailed, Unusable
from spark_app.spark import s3a

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA_VERSIONS = (17, 21)
SMALL_INPUT_BYTES = 2 * 2**20
EXIT_SECONDS = 0.1
SESSION_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.codegen.aggregate.fastHashMap.capacityBit": "20",
}


_SMALL = {"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "1"}
_LARGE = {"spark.sql.shuffle.partitions": "16"}


def class_archive() -> Path:
    """Where the install leaves the archive of loaded classes that halves the JVM's start."""
    return Path(sys.prefix) / "spark-app.jsa"


def java_version() -> int | None:
    """The major version of the Java that Spark will use; null under spark-submit, which chose it.

    Raises:
        Unusable: there is no Java, or not one that Spark runs on.
    """
    if settings.is_under_spark_submit():
        return None
    home = settings.java_home()
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    advice = "install OpenJDK 17 (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    try:
        ran = subprocess.run(
            [java or "java", "-version"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise Unusable(f"no Java found{f' at {java}' if java else ''}; {advice}") from error
    found = re.search(r'version "(?:1\.)?(\d+)', ran.stderr + ran.stdout)
    if found is None or int(found[1]) not in JAVA_VERSIONS:
        version = found[1] if found else "unknown"
        raise Unusable(
            f"Java {version} at {java} does not run Spark, which needs 17 or 21; {advice}"
        )
    return int(found[1])


def laptop_conf(driver_memory: str, scratch: str, is_small: bool) -> dict[str, str]:
    """Spark's configuration when this machine is the cluster."""
    by_size = _SMALL if is_small else _LARGE
    return {
        **by_size,
        "spark.app.name": "spark_app",
        "spark.master": "local[*]",
        "spark.driver.memory": driver_memory,
        "spark.driver.maxResultSize": "512m",  # a table of one file comes to the driver
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": " ".join(_java_options(scratch, is_small)),
        "spark.local.dir": scratch,
        # Hadoop's default adds checksum files, and cannot open a name with a colon.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.sql.warehouse.dir": f"{scratch}/warehouse",
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _java_options(scratch: str, is_small: bool) -> list[str]:
    # Compiling lightly and collecting serially is right for seconds, wrong for minutes.
    speed = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if is_small else ["-XX:+UseParallelGC"]
    archive = class_archive()
    shared = [f"-XX:SharedArchiveFile={archive}", "-Xlog:disable", "-Xlog:all=error:stderr"]
    own = [f"-Djava.io.tmpdir={scratch}", "-XX:-UsePerfData"]
    return [shlex.quote(o) for o in own + speed + (shared if archive.exists() else [])]


class Jvm:
    """A JVM of our own, which starts in the background.

    Spark's own output goes to the file `log`, and to stderr as well when `is_verbose`. Under
    spark-submit there is a JVM already, and nothing is started.
    """

    def __init__(
        self,
        *,
        driver_memory: str,
        log: str,
        log_name: str,
        is_small: bool,
        is_verbose: bool,
        connector: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> None:
        """Take what it needs; `is_small` tunes it for seconds of work instead of minutes.

        `connector` is what S3 adds to the configuration, `secrets` what the JVM is told of it when
        it runs, so that no command line holds it.
        """
        import pyspark.java_gateway  # noqa: F401  (here, so that two threads never load it at once)

        self._log, self._log_name, self._is_verbose = log, log_name, is_verbose
        self._scratch = tempfile.mkdtemp(prefix="spark-app-")
        laptop = laptop_conf(driver_memory, self._scratch, is_small)
        self._conf = {**SESSION_CONF, **laptop, **connector}
        self._secrets = secrets
        self._has_s3 = bool(connector)
        self._gateway: Any = None
        self._session: SparkSession | None = None
        # Not `Thread.join`: one that a signal interrupts takes the thread for ended ever after.
        self._launched = threading.Event()
        self._starting = threading.Thread(target=self._start, name="jvm", daemon=True)
        self._ended = threading.Event()
        self._copying = threading.Thread(
            target=_copy_to_stderr, args=(log, self._ended), daemon=True
        )

    def start(self) -> None:
        """Start it in the background."""
        with stopping.deferred():
            self._starting.start()

    def connect(self) -> "SparkSession":
        """Wait until it is up; the session in it, without what an earlier run left in its cache.

        Raises:
            RunFailed: it did not start.
        """
        self._launched.wait()
        if self._session is not None:
            self._session.catalog.clearCache()
        self._session = self._session or self._first_session()
        return self._session

    def can_serve(self, has_s3: bool) -> bool:
        """Whether it still runs, and reaches S3 if that is needed."""
        self._launched.wait()
        is_alive = self._gateway is not None and self._gateway.proc.poll() is None
        return is_alive and (self._has_s3 or not has_s3)

    def _first_session(self) -> "SparkSession":
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession

        if self._gateway is None:
            raise RunFailed(f"Spark's JVM did not start; its last words are in {self._log_name}")
        conf = SparkConf(loadDefaults=False).setAll(list(self._conf.items()))
        with _own_interrupt():
            context = SparkContext(gateway=self._gateway, conf=conf)
        for key, value in self._secrets.items():
            context._jsc.hadoopConfiguration().set(key, value)
        return SparkSession(context)

    def end(self) -> None:
        """End it: by closing its standard input, on which it exits, then by killing it.

        Everything of value is written by then, so there is nothing to wait for.
        """
        from pyspark import SparkContext

        if self._starting.ident is not None:
            self._launched.wait()
        if self._gateway is not None:
            SparkContext._active_spark_context = None
            SparkContext._gateway = SparkContext._jvm = None
            _close(self._gateway)
        self._ended.set()
        if self._copying.ident is not None:
            self._copying.join()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self) -> None:
        try:
            self._launch()
        finally:
            self._launched.set()

    def _launch(self) -> None:
        from pyspark import SparkConf
        from pyspark.java_gateway import launch_gateway

        launch: Any = launch_gateway
        conf = SparkConf(loadDefaults=False).setAll(list(self._conf.items()))
        settings.forget_other_sparks()
        with open(self._log, "ab") as sink:
            if self._is_verbose:
                self._copying.start()
            with suppress(Exception):  # `connect` says that it did not start
                self._gateway = launch(conf, popen_kwargs={"stdout": sink, "stderr": sink})


class SparkOnDemand:
    """The Spark of one command: its JVM starts with the first run that needs it, later runs share
    it. Under spark-submit it is the session that is there."""

    def __init__(
        self,
        *,
        driver_memory: str,
        is_verbose: bool = False,
        region: str | None = None,
        log: Callable[[str], None] = print,
    ) -> None:
        """Take what its JVM needs; nothing is started."""
        self._driver_memory, self._is_verbose, self._region = driver_memory, is_verbose, region
        self._input_bytes, self._log = 0, log
        self._jvm: Jvm | None = None
        self._open = ExitStack()
        self.log_name: str | None = None

    def __enter__(self) -> "SparkOnDemand":
        return self

    def __exit__(self, *_: object) -> None:
        with stopping.deferred():
            self.end()

    def expect(self, input_bytes: int) -> None:
        """Say how much all runs of the command will read together: it decides how to tune."""
        self._input_bytes = input_bytes

    @contextmanager
    def started(
        self,
        *,
        log: Callable[[], AbstractContextManager[str]],
        log_name: str,
        input_bytes: int,
        has_s3: bool,
    ) -> Iterator[Callable[[], "SparkSession"]]:
        """Start the JVM in the background unless it runs; the block gets what connects to it.

        Spark's own output goes to the file that `log` opens, or to that of an earlier run.

        Raises:
            AppError: S3 is needed, and its connector or credentials are not to be had.
        """
        if settings.is_under_spark_submit():
            yield _given_session
            return
        if self._jvm is not None and not self._jvm.can_serve(has_s3):
            self.end()
        if self._jvm is None:
            self._start(log, log_name, input_bytes, has_s3)
        assert self._jvm is not None
        yield self._jvm.connect

    def end(self) -> None:
        """End the JVM; the next run starts another."""
        if self._jvm is not None:
            self._jvm.end()
        self._jvm = None
        self._open.close()

    def _start(
        self,
        log: Callable[[], AbstractContextManager[str]],
        log_name: str,
        input_bytes: int,
        has_s3: bool,
    ) -> None:
        connector = s3a.conf(self._region, self._log) if has_s3 else {}
        secrets = s3a.secrets(self._region) if has_s3 else {}
        self.log_name = log_name
        self._jvm = Jvm(
            driver_memory=self._driver_memory,
            log=self._open.enter_context(log()),
            log_name=log_name,
            is_small=max(input_bytes, self._input_bytes) < SMALL_INPUT_BYTES,
            is_verbose=self._is_verbose,
            connector=connector,
            secrets=secrets,
        )
        self._jvm.start()


@contextmanager
def open_session(
    *, driver_memory: str = "2g", log: str, input_bytes: int
) -> Iterator["SparkSession"]:
    """A session for the time of the block, without anything done beside its start."""
    with (
        SparkOnDemand(driver_memory=driver_memory) as spark,
        spark.started(
            log=lambda: nullcontext(log), log_name=log, input_bytes=input_bytes, has_s3=False
        ) as connect,
    ):
        yield connect()


def _given_session() -> "SparkSession":
    """The session that spark-submit configured, with what every run needs."""
    from pyspark.sql import SparkSession

    with _own_interrupt():
        session = SparkSession.builder.appName("spark_app").getOrCreate()
    for key, value in SESSION_CONF.items():
        session.conf.set(key, value)
    return session


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Keep our handler of Ctrl-C, which Spark replaces with its own when a context begins."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def _copy_to_stderr(log: str, ended: threading.Event) -> None:
    """Copy what is added to the log to stderr, until its end."""
    with open(log, encoding="utf-8", errors="replace") as lines:
        is_last = False
        while not is_last:
            is_last = ended.wait(0.1)
            sys.stderr.write(lines.read())


def _close(gateway: Any) -> None:
    process = gateway.proc
    try:
        gateway.shutdown()
        process.stdin.close()
        process.wait(timeout=EXIT_SECONDS)
    except Exception:
        process.kill()
        process.wait()
