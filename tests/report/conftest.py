"""One browser's tab for the pages of a test module."""

from collections.abc import Iterator

import pytest

from tests.report.chromium import Tab, chromium


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with chromium() as opened:
        yield opened
