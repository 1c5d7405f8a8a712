"""A page in headless Chromium. Screenshots go to build/screenshots."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SECONDS = 30  # until something is seen on the page
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@contextmanager
def chromium() -> Iterator["Tab"]:
    """A browser's tab for the time of the block."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Tab(started.new_page())
        started.close()


class Tab:
    """A page of a file, and everything that it complained about or asked for since it was opened.

    One file is opened after the other: a tab of its own for each would take three times as long.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path, color_scheme: Literal["light", "dark"] = "light") -> Self:
        """Open a file, as in a tab of its own."""
        self.page.goto("about:blank")
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(media="screen", color_scheme=color_scheme)
        self.page.mouse.move(0, 0)
        self.complaints.clear()
        self.requests.clear()
        self.page.goto(path.as_uri())
        if self.page.locator(".chart").count():
            self.page.wait_for_selector(".chart[data-ready]")
            self.page.wait_for_timeout(200)
        return self

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Let the browser work until something is so."""
        for _ in range(SECONDS * 20):
            if is_so():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{what} did not come in {SECONDS} s")

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
