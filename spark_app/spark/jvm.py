"""A JVM of our own for Spark, which starts in the background."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_app import stopping
from spark_app.errors import RunFailed, first_line
from spark_app.spark.conf import SESSION_CONF, laptop_conf, quiet_python

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXIT_SECONDS = 0.1


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
        jars: Sequence[Path],
        secrets: Mapping[str, str],
        properties: Mapping[str, str],
    ) -> None:
        """Take what it needs; `is_small` tunes it for seconds of work instead of minutes.

        `connector` is what S3 adds to the configuration, `jars` are Iceberg's; `secrets` for Hadoop
        and `properties` of Java are told to the JVM when it runs, so that no command line holds
        them.
        """
        import pyspark.java_gateway  # noqa: F401  (here, so that two threads never load it at once)

        self._log, self._log_name, self._is_verbose = log, log_name, is_verbose
        self._scratch = tempfile.mkdtemp(prefix="spark-app-")
        laptop = laptop_conf(driver_memory, self._scratch, is_small, has_iceberg=bool(jars))
        self._conf = {**SESSION_CONF, **laptop, **connector}
        self._jars = jars
        self._secrets, self._properties = secrets, properties
        self._has_s3, self._has_iceberg = bool(connector), bool(jars)
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
            RunFailed: it did not start, or Spark did not start in it.
        """
        self._launched.wait()
        if self._session is not None:
            self._session.catalog.clearCache()
        self._session = self._session or self._first_session()
        return self._session

    def can_serve(self, has_s3: bool, has_iceberg: bool) -> bool:
        """Whether it still runs, and reaches S3 and lake tables if they are needed."""
        self._launched.wait()
        is_alive = self._gateway is not None and self._gateway.proc.poll() is None
        return is_alive and self._has_s3 >= has_s3 and self._has_iceberg >= has_iceberg

    def _first_session(self) -> "SparkSession":
        from py4j.protocol import Py4JJavaError
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession

        quiet_python()
        if self._gateway is None:
            raise RunFailed(f"Spark's JVM did not start; its last words are in {self._log_name}")
        conf = SparkConf(loadDefaults=False).setAll(list(self._conf.items()))
        try:
            with own_interrupt():
                context = SparkContext(gateway=self._gateway, conf=conf)
        except Py4JJavaError as error:
            why = first_line(error.java_exception)
            raise RunFailed(f"Spark did not start ({why}); see {self._log_name}") from error
        context.pythonExec = sys.executable  # for its workers
        updates: Any = context._accumulatorServer
        updates.handle_error = lambda *_: None  # it would complain of a JVM that ends first
        for key, value in self._secrets.items():
            context._jsc.hadoopConfiguration().set(key, value)
        for key, value in self._properties.items():
            self._gateway.jvm.java.lang.System.setProperty(key, value)
        return SparkSession(context)

    def end(self) -> None:
        """End it: by closing its standard input, on which it exits, then by killing it.

        Everything of value is written by then, so there is nothing to wait for.
        """
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        if self._starting.ident is not None:
            self._launched.wait()
        if self._gateway is not None:
            SparkContext._active_spark_context = None
            SparkContext._gateway = SparkContext._jvm = None
            SparkSession._instantiatedSession = None
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
        put_on_class_path(self._jars)
        with open(self._log, "ab") as sink:
            if self._is_verbose:
                self._copying.start()
            with suppress(Exception):  # `connect` says that it did not start
                self._gateway = launch(conf, popen_kwargs={"stdout": sink, "stderr": sink})


def put_on_class_path(jars: Sequence[Path]) -> None:
    """Put jars on the class path of JVMs that start from now on: behind Spark's, so that an archive
    of Spark's classes alone fits as well."""
    os.environ["SPARK_DIST_CLASSPATH"] = os.pathsep.join(map(str, jars))


@contextmanager
def own_interrupt() -> Iterator[None]:
    """Keep our handler of Ctrl-C, which Spark replaces with its own when a context begins."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
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
