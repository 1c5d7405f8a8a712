"""From what Spark raises to one line: what decides is Spark's own words, never a value."""

import pytest
from pyspark.errors import PySparkException

from spark_app.errors import AppError, GateShut, RunFailed, Unusable
from spark_app.spark.failures import explain


def _explained(text: str) -> AppError | None:
    return explain(PySparkException(text), lambda: None)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("java.io.IOException: No space left on device", RunFailed, "disk is full"),
        ("java.lang.OutOfMemoryError: Java heap space", RunFailed, "SPARK_APP_DRIVER_MEMORY"),
        ("[ARITHMETIC_OVERFLOW] long overflow. SQLSTATE: 22003", GateShut, "mistyped values"),
        (
            "Total size of serialized results of 9 tasks (600 MiB) is bigger than "
            "spark.driver.maxResultSize (512.0 MiB)",
            GateShut,
            "fits_one_file",
        ),
        ("AccessDeniedException: s3a://bucket/key", Unusable, "S3 denies"),
        (
            "software.amazon.awssdk.services.glue.model.AccessDeniedException: not authorized",
            Unusable,
            "Glue denies",
        ),
        (
            "GlueException: down (Service: Glue, Status Code: 503, Request ID: 1)",
            RunFailed,
            "Glue failed again and again",
        ),
        (
            "org.apache.iceberg.exceptions.CommitFailedException: Glue detected another change",
            RunFailed,
            "was changed by somebody else",
        ),
        (
            "ValidationException: Cannot use branch (does not exist): run_late",
            RunFailed,
            "was changed by somebody else",
        ),
        (
            "Cannot find catalog plugin class for catalog 'lake': org.apache.iceberg.Some",
            Unusable,
            "lakes = true",
        ),
        (
            "LOSSY_VALUE column value: the integer 9 is beyond 2^53 (file /in/a.parquet)",
            GateShut,
            "column value",
        ),
    ],
)
def test_a_failure_is_one_line_of_its_kind(text: str, kind: type[AppError], words: str) -> None:
    found = _explained(text)
    assert type(found) is kind
    assert words in str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_value_that_spark_quotes_does_not_choose_the_message(quote: str) -> None:
    value = f"{quote}AccessDeniedException OutOfMemoryError{quote}"
    assert _explained(f"[CAST_INVALID_INPUT] The value {value} cannot be cast") is None
