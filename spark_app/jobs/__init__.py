"""The jobs, one line each."""

from spark_app.errors import Unusable
from spark_app.job import Job
from spark_app.jobs import organic_share

JOBS = {
    job.name: job
    for job in (
        organic_share.JOB,  # weekly share of new users who came organically, per country
    )
}


def find_job(name: str) -> Job:
    """The job of that name.

    Raises:
        Unusable: there is none.
    """
    if name not in JOBS:
        raise Unusable(f"there is no job {name}; the jobs are: {', '.join(JOBS)}")
    return JOBS[name]
