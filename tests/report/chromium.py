"""A page in headless Chromium. Screenshots go to build/screenshots."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for the time of the block."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Opened:
    """A page that was opened from a file, and everything that it complained about or asked for."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        viewport = {"width": 1280, "height": 900}
        context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        if self.page.locator(".chart").count():
            self.page.wait_for_selector(".chart[data-ready]")
            self.page.wait_for_timeout(200)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def chips(self) -> list[str]:
        """The groups of which a line is drawn."""
        return self.page.locator(".chosen .chip").all_inner_texts()

    def sideways(self) -> int:
        """How many pixels the page can be scrolled to the side."""
        script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(script))

    def assert_quiet(self) -> None:
        assert self.complaints == []
        assert [url for url in self.requests[1:] if not url.startswith(("data:", "blob:"))] == []
