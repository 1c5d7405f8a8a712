"""The pages that a real run writes: its report in a browser, great-expectations' own beside it."""

from pathlib import Path

from tests.e2e.conftest import Made, Run
from tests.e2e.process import JOB, expect_done
from tests.report.chromium import Opened, chromium, needs_chromium


@needs_chromium
def test_the_report_of_a_run_opens_without_error_or_request(made: Made) -> None:
    with chromium() as browser:
        opened = Opened(browser, made.lake / "report" / f"{JOB}.html")
        assert opened.page.locator(".chart canvas").count() >= 2
        assert {chip.split()[0] for chip in opened.chips()} == {"BR", "DE", "FR", "US"}
        assert "<script>" in opened.page.inner_text("#quarantine")
        opened.shoot("of-a-run")
        opened.assert_quiet()


def test_data_docs_are_written_beside_the_run(run_here: Run, small: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    expect_done(run_here(small, lake, "--run-id", "told", "--data-docs"))
    pages = {path.stem: path.read_text() for path in (lake / "runs/told/data-docs").iterdir()}
    assert pages.keys() == {"raw", "staging", "final"}
    for page in pages.values():
        assert "<html" in page
    assert "share_organic_p4w" in pages["final"]
