"""The organic-share job: new users per channel in, weekly organic share per country out."""

from spark_app.job import Job, Steps


def _load() -> Steps:
    from spark_app.jobs.organic_share import channels, checks, examine, report, schema, steps

    return Steps(
        contract=schema.RAW,
        sampled_columns=channels.CHANNEL,
        checks=checks.checks,
        first_facts=steps.first_facts,
        examine=examine.examine,
        finish=steps.finish,
        with_tables=steps.with_tables,
        newest_complete_week=steps.newest_complete_week,
        history_before=steps.history_before,
        newest_rows=steps.newest_rows,
        report_title=report.TITLE,
        sections=lambda tables: report.sections(tables[schema.TABLE]),
    )


JOB = Job(
    name="organic_share",
    summary="share of new users who came organically, per country, over four ISO weeks",
    dataset="installs",
    staging_tables=("organic_share",),
    tables=("organic_share",),
    load=_load,
)
