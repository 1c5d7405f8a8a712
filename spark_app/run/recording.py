"""What is kept of every run, however it ended: manifest, check results, a shut gate's report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from spark_app import stopping
from spark_app.errors import AppError, GateShut, RunFailed, Stopped
from spark_app.quality.results import CheckResult, error_of
from spark_app.report.write import IS_PUBLISHED, write_run, write_summary_and_index
from spark_app.run.manifest import RunOutcome
from spark_app.run.state import RunState


@contextmanager
def recorded(run: RunState) -> Iterator[None]:
    """Write the manifest, the checks and the report when the block ends before its time.

    Raises:
        BaseException: whatever the block raised.
    """
    try:
        yield
    except Stopped as stopped:
        stopping.acknowledge()
        run.lake.store.hurry()
        is_out = run.manifest.published_at is not None
        stopped.advice = IS_PUBLISHED if is_out else "nothing was published; run again"
        outcome: RunOutcome = "timed out" if stopped.is_time_up else "interrupted"
        close(run, outcome, stopped.exit_code, str(stopped))
        raise
    except GateShut as shut:
        run.results = run.results or _unanswered(run, str(shut))
        close(run, "gate shut", shut.exit_code, str(shut))
        _report_shut_gate(run)
        raise
    except AppError as error:
        if isinstance(error, RunFailed):  # the lake may be what failed; the next run waits
            run.lake.store.hurry()
        close(run, "failed", error.exit_code, str(error))
        raise
    except Exception as bug:
        close(run, "failed", 1, f"{type(bug).__name__}: {bug}")
        raise


def close(run: RunState, outcome: RunOutcome, exit_code: int, reason: str | None) -> None:
    """Write the end of the run. What was published stays so, whatever happened afterwards."""
    now = datetime.now(UTC)
    manifest = run.manifest
    began = datetime.fromisoformat(manifest.started_at)
    manifest.outcome = "published" if manifest.published_at else outcome
    manifest.exit_code, manifest.reason = exit_code, reason
    manifest.finished_at = now.isoformat()
    manifest.duration_seconds = round((now - began).total_seconds(), 3)
    try:
        with stopping.deferred():
            run.lake.write_manifest(run.run_id, manifest.as_dict())
            if run.results:
                rows = [result.as_dict() for result in run.results]
                run.lake.write_quality(run.job.name, run.run_id, rows)
    except AppError as error:  # a full disk must not hide why the run failed
        run.progress.line(f"the end of the run could not be recorded: {error}")
        return
    if manifest.outcome != "published":
        _show_on_site(run)


def _show_on_site(run: RunState) -> None:
    """The site says of a table how its last run ended; the page of what is published stays."""
    try:
        write_summary_and_index(run.job, run.lake, run.manifest.as_dict())
    except Exception as error:  # whatever it is must not hide why the run failed
        run.progress.line(f"the site could not be written: {error}")


def _report_shut_gate(run: RunState) -> None:
    run.wait_for_libraries()
    try:
        run.manifest.report = write_run(run.job, run.lake, run.run_id)
        run.lake.write_manifest(run.run_id, run.manifest.as_dict())
        run.progress.line(f"report: {run.manifest.report}")
    except Exception as error:  # whatever it is must not hide why the gate is shut
        run.progress.line(f"the report could not be written: {error}")


def _unanswered(run: RunState, why: str) -> list[CheckResult]:
    """What kept the gate shut before any check of raw was answered: none of them could run."""
    checks = [c for c in run.checks if c.layer == "raw" and c.severity == "fail"]
    return [error_of(check, why) for check in checks]
