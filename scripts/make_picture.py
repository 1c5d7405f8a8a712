"""Take the README's picture: the top of a report, in headless Chromium.

python -m scripts.make_picture --report sample-lake/report/organic_share.html --out docs/report.png
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = (1200, 1150)  # pixels, width and height


def take(report: Path, out: Path, browser: str) -> None:
    """Write the first screen of the page `report` as a PNG."""
    width, height = SIZE
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.goto(report.resolve().as_uri())
        page.wait_for_selector(".chart[data-ready]")
        page.wait_for_timeout(500)
        out.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=out)
        chromium.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(
            "error: Chromium is missing; install it (Debian: apt-get install chromium)"
        )
    if not args.report.exists():
        raise SystemExit(f"error: there is no report {args.report}; `make run` writes it")
    take(args.report, args.out, browser)
    print(f"picture: {args.out}")


if __name__ == "__main__":
    main()
