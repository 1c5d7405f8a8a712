"""The list of jobs: a name leads to a job, and mistakes in a declaration are told."""

from dataclasses import replace

import pytest

from spark_app.errors import Unusable
from spark_app.jobs import JOBS, find_job, organic_share
from spark_app.sources.parquet_types import physical

NAME = "organic_share"


def test_every_job_of_the_list_is_found_by_the_name_of_its_table() -> None:
    assert [find_job(name).name for name in JOBS] == list(JOBS)


def test_a_job_that_is_not_in_the_list_is_told_with_those_that_are() -> None:
    with pytest.raises(Unusable, match=f"no job nothing; the jobs are: .*{NAME}"):
        find_job("nothing")


def test_a_job_whose_table_has_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(organic_share.TABLE, name="other")
    monkeypatch.setattr(organic_share, "JOB", replace(organic_share.JOB, publishes=other))
    with pytest.raises(ValueError, match="organic_share publishes the table other"):
        find_job(NAME)


def test_a_type_that_no_file_can_have_is_told_with_those_that_it_can() -> None:
    with pytest.raises(ValueError, match="no type money; the types are: string, double, int"):
        physical("money", None)
