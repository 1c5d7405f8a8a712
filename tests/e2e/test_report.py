"""The pages that a real run writes, in a browser."""

from tests.e2e.conftest import Made
from tests.e2e.process import JOB
from tests.report.chromium import chromium, needs_chromium


@needs_chromium
def test_the_report_of_a_run_opens_without_error_or_request(made: Made) -> None:
    with chromium() as tab:
        opened = tab.open(made.lake / "report" / f"{JOB}.html")
        assert opened.page.locator(".chart canvas").count() >= 2
        assert {chip.split()[0] for chip in opened.chips()} == {"BR", "DE", "FR", "US"}
        opened.shoot("of-a-run")
        opened.assert_quiet()
