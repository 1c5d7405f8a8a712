"""One self-contained HTML page: a job's own sections, then checks, quarantine and run facts."""

from spark_app.report.markup import Section
from spark_app.report.page import render_report

__all__ = ["Section", "render_report"]
