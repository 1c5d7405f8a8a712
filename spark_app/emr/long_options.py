"""Options of a submission that are too long for a step: they travel in an object of the lake."""

import hashlib
from dataclasses import replace

from spark_app.emr.requests import Submission
from spark_app.lake.lake import Lake
from spark_app.run import given

LONGEST = 4_000  # characters of all sources and settings; EMR takes 10,280 in one argument


def moved(submission: Submission, lake: Lake) -> Submission:
    """The submission, with the place of its sources and settings where they are long.

    Its name follows from its content, so that the same submission again finds the same.
    """
    pairs = (*submission.sources, *submission.settings)
    if sum(len(name) + len(text) for name, text in pairs) <= LONGEST:
        return submission
    digest = hashlib.sha256(_content(submission)).hexdigest()[:16]
    return replace(submission, given=lake.lock_path(f"given-{digest}"))


def keep(submission: Submission, lake: Lake) -> None:
    """Write the object that the step of a submission will read, if it needs one."""
    if submission.given is not None:
        lake.store.write(submission.given, _content(submission), lake.root)


def _content(submission: Submission) -> bytes:
    return given.serialise(submission.sources, submission.settings)
