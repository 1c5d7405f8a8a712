"""The Spark of one command: a JVM of its own on a laptop, the given session under spark-submit."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

from spark_app import settings, stopping
from spark_app.lake.paths import Paths
from spark_app.lake.store import is_s3
from spark_app.spark import iceberg, s3a
from spark_app.spark.conf import SESSION_CONF, quiet_python
from spark_app.spark.jvm import Jvm, own_interrupt

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SMALL_INPUT_BYTES = 2 * 2**20


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
        self._lake_tables: Paths | None = None
        self._jvm: Jvm | None = None
        self._open = ExitStack()
        self.log_name: str | None = None

    def __enter__(self) -> "SparkOnDemand":
        return self

    def __exit__(self, *_: object) -> None:
        with stopping.deferred():
            self.end()

    def expect(self, input_bytes: int, lake_tables: Paths | None) -> None:
        """Say how much all runs of the command will read together, which decides how to tune, and
        the lake whose tables of Iceberg some of them reach (null: none does): one JVM serves all.
        """
        self._input_bytes, self._lake_tables = input_bytes, lake_tables

    @contextmanager
    def started(
        self,
        *,
        log: Callable[[], AbstractContextManager[str]],
        log_name: str,
        input_bytes: int,
        has_s3: bool,
        lake_tables: Paths | None = None,
    ) -> Iterator[Callable[[], "SparkSession"]]:
        """Start the JVM in the background unless it runs; the block gets what connects to it.

        `lake_tables` is the lake whose tables of Iceberg it reaches, null when it needs none.
        Spark's own output goes to the file that `log` opens, or to that of an earlier run.

        Raises:
            AppError: S3 is needed, and its connector or credentials are not to be had.
        """
        catalogue = iceberg.catalogue_conf(lake_tables) if lake_tables else {}
        if settings.is_under_spark_submit():
            yield lambda: _with_conf(_given_session(), catalogue)
            return
        has_iceberg = lake_tables is not None
        if self._jvm is not None and not self._jvm.can_serve(has_s3, has_iceberg):
            self.end()
        if self._jvm is None:
            self._start(log, log_name, input_bytes, has_s3, lake_tables or self._lake_tables)
        jvm = self._jvm
        assert jvm is not None
        yield lambda: _with_conf(jvm.connect(), catalogue)

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
        lake_tables: Paths | None,
    ) -> None:
        connector = s3a.conf(self._region, self._log) if has_s3 else {}
        is_in_s3 = lake_tables is not None and is_s3(lake_tables.root)
        jars = iceberg.jars(is_in_s3, self._log) if lake_tables else []
        secrets = s3a.secrets(self._region) if has_s3 else {}
        properties = iceberg.secrets(self._region) if is_in_s3 else {}
        self.log_name = log_name
        self._jvm = Jvm(
            driver_memory=self._driver_memory,
            log=self._open.enter_context(log()),
            log_name=log_name,
            is_small=max(input_bytes, self._input_bytes) < SMALL_INPUT_BYTES,
            is_verbose=self._is_verbose,
            connector=connector,
            jars=jars,
            secrets=secrets,
            properties=properties,
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


def _with_conf(session: "SparkSession", conf: Mapping[str, str]) -> "SparkSession":
    for key, value in conf.items():
        session.conf.set(key, value)
    return session


def _given_session() -> "SparkSession":
    """The session that spark-submit configured, with what every run needs."""
    from pyspark.sql import SparkSession

    quiet_python()
    with own_interrupt():
        session = SparkSession.builder.appName("spark_app").getOrCreate()
    for key, value in SESSION_CONF.items():
        session.conf.set(key, value)
    session.catalog.clearCache()  # what an earlier job of the command left
    return session
