"""The S3 server and its failing proxy; at the end, how often what happened."""

from typing import Any

from tests.faults.watching import COUNTS
from tests.s3.conftest import bucket, proxy, s3, s3_url  # noqa: F401  (fixtures)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report the counts."""
    if COUNTS:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"what happened: {counts}; every read was one whole version")
