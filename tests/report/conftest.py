"""One browser for the pages of a test module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.report.chromium import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started
