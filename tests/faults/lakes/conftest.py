"""The tests' lake table, on a disk and in S3 behind the failing proxy."""

from tests.lakes.conftest import (  # noqa: F401  (fixtures)
    _catalogues_are_forgotten,
    app_here,
    app_on_s3,
    lake,
    visits,
)
