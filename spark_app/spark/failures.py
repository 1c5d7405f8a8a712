"""From what Spark, Python and the operating system raise to the error a user can act on."""

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spark_app import stopping
from spark_app.errors import DELIVER_AGAIN, AppError, GateShut, RunFailed, Stopped, Unusable
from spark_app.lake.frames import path_of
from spark_app.lake.iceberg import UNKNOWN_COMMIT

_LEAST_FREE_BYTES = 64 * 2**10
_FULL = "the disk is full or takes no more files; free some space and run again"
_HEAP = (
    "out of memory; raise SPARK_APP_DRIVER_MEMORY (on a cluster: take larger nodes) and run again"
)
_OVERFLOW = (
    "a sum is beyond what its type holds, such as 64 bits; look for mistyped values; nothing was "
    "published"
)
_TOO_LARGE = (
    "fits_one_file: the table is too large for one file; make its grain coarser; nothing was "
    "published"
)
JVM_ENDED = "Spark's JVM ended unexpectedly; its last words are in Spark's log"
_DENIED = "S3 denies Spark the access; see Spark's log, and ask for the right"
_GLUE_DENIED = "Glue denies Spark the access; see Spark's log, and ask for the right"
_GLUE_DOWN = "Glue failed again and again; nothing was published, run again later"
_S3_DOWN = "S3 failed again and again; nothing was published, run again later"
_NO_ICEBERG = (
    "this cluster has no Iceberg, which lake tables need; apply the Terraform configuration with "
    "lakes = true, which renews the cluster"
)
_LOST = (
    "the catalogue did not say whether it took a change of the lake table; nothing was published, "
    "run again"
)
_CHANGED = (
    "the lake table was changed by somebody else during the run; nothing was published, run again"
)
_KNOWN: tuple[tuple[str, type[AppError], str], ...] = (
    ("No space left on device", RunFailed, _FULL),
    ("Disk quota exceeded", RunFailed, _FULL),
    ("Mkdirs failed to create", RunFailed, _FULL),
    ("OutOfMemoryError", RunFailed, _HEAP),
    ("Java heap space", RunFailed, _HEAP),
    ("ARITHMETIC_OVERFLOW", GateShut, _OVERFLOW),
    ("spark.driver.maxResultSize", GateShut, _TOO_LARGE),
    ("Cannot find catalog plugin class", Unusable, _NO_ICEBERG),
    (UNKNOWN_COMMIT, RunFailed, _LOST),
    ("CommitFailedException", RunFailed, _CHANGED),
    ("Cannot use branch (does not exist)", RunFailed, _CHANGED),
    ("ExpiredToken", Unusable, "the AWS credentials expired during the run; renew them, run again"),
    ("NoSuchBucket", Unusable, "Spark finds no such S3 bucket; check its name and region"),
    ("glue.model.AccessDeniedException", Unusable, _GLUE_DENIED),
    ("AccessDeniedException", Unusable, _DENIED),
    ("Status Code: 403", Unusable, _DENIED),
    ("Service: Glue, Status Code: 5", RunFailed, _GLUE_DOWN),
    ("Status Code: 500", RunFailed, _S3_DOWN),
    ("Status Code: 503", RunFailed, _S3_DOWN),
    ("Unable to execute HTTP request", RunFailed, _S3_DOWN),
)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_JVM_GONE = (
    "Py4JNetworkError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "BrokenPipeError",
)


@contextmanager
def explained_failures(require_unchanged: Callable[[], None], lake: str) -> Iterator[None]:
    """Turn what the block raises into expected errors, while the JVM that can tell them lives.

    Raises:
        AppError: the expected error; a bug passes unchanged, one inside Spark as RuntimeError.
    """
    try:
        yield
    except Stopped:
        stopping.acknowledge()
        raise
    except KeyboardInterrupt:  # Spark's own handler stands for a moment, when a session begins
        raise Stopped(signal.SIGINT) from None
    except Exception as error:
        stopped = hidden_stop(error)
        if stopped is not None:
            stopping.acknowledge()
            raise stopped from None
        expected = explain(error, require_unchanged)
        if expected is None and not is_of_spark(error):
            raise
        if expected is None or isinstance(expected, RunFailed):
            expected = full_disk(lake, tempfile.gettempdir()) or expected
        if expected is None:
            raise RuntimeError(_text_of(error) or JVM_ENDED) from None
        raise expected from error


def hidden_stop(error: BaseException) -> Stopped | None:
    """The stop that a library's own clean-up hid behind an error of its own, or null."""
    behind = error.__context__
    if behind is None or isinstance(behind, Stopped):
        return behind
    return hidden_stop(behind)


def full_disk(*folders: str) -> RunFailed | None:
    """A full disk shows itself to Spark in many ways; look at the disks themselves."""
    for folder in filter(os.path.exists, folders):
        disk = os.statvfs(folder)
        is_out_of_files = disk.f_files > 0 and disk.f_favail == 0
        if disk.f_bavail * disk.f_frsize < _LEAST_FREE_BYTES or is_out_of_files:
            return RunFailed(f"the disk is full ({folder}); free some space and run again")
    return None


def explain(error: Exception, require_unchanged: Callable[[], None]) -> AppError | None:
    """The expected error behind an exception, or null when it is a bug.

    A file that changed while it was read breaks a reader in many ways, so that is asked first.
    """
    if isinstance(error, AppError) and not isinstance(error, Unusable):
        return error
    is_jvm_gone = type(error).__name__ in _JVM_GONE
    if not (isinstance(error, AppError) or is_of_spark(error) or is_jvm_gone):
        return None
    try:
        require_unchanged()
    except AppError as changed:
        return changed
    if isinstance(error, AppError):
        return error
    text = _text_of(error)
    is_jvm_gone |= text is None
    return _by_text(text or "") or (RunFailed(JVM_ENDED) if is_jvm_gone else None)


def is_of_spark(error: Exception) -> bool:
    """Whether Spark, or what leads to it, raised an exception."""
    return type(error).__module__.split(".")[0] in ("pyspark", "py4j")


def _text_of(error: Exception) -> str | None:
    """What an exception says; null where it would ask its JVM for that, and there is none."""
    try:
        return str(error)
    except Exception:
        return None


def _by_text(text: str) -> AppError | None:
    said = _QUOTED.sub("", text)  # a value of the data must not choose the message
    for words, kind, message in _KNOWN:
        if words in said:
            return kind(message)
    return _lossy(text) or _broken_file(text)


def _lossy(text: str) -> AppError | None:
    found = re.search(r"LOSSY_VALUE ([^\n]*?\(file )(\S*\))", text)
    if found is None:
        return None
    return GateShut(f"broken contract: {found[1]}{path_of(found[2])}; nothing was published")


def _broken_file(text: str) -> AppError | None:
    if "FAILED_READ_FILE" not in text and "Encountered error while reading file" not in text:
        return None
    found = re.search(r"while reading file (\S+?)\.? ", text)
    name = path_of(found[1]) if found else "a file of the source"
    if "CRC checksum verification failed" in text:
        return Unusable(f"{name} is damaged (a checksum is wrong); {DELIVER_AGAIN}")
    return Unusable(f"{name} is broken or not Parquet; {DELIVER_AGAIN}")
