"""Which submissions are the same."""

from typing import Any

import pytest

from spark_app.emr.claim import digest
from spark_app.run.request import Once
from tests.emr import specs

SAME = digest(specs.spec(), specs.submission())


def test_the_run_id_does_not_make_a_submission_another_one() -> None:
    assert digest(specs.spec(), specs.submission(run_id="another")) == SAME


@pytest.mark.parametrize(
    "overrides",
    [
        {"jobs": ("other",)},
        {"jobs": ("organic_share", "other")},
        {"sources": (("installs", "s3://b/raw"),)},
        {"if_new": True},
        {"unnamed": ("organic_share",)},
        {"tolerance": 0.0},
        {"since": "2021_20"},
        {"once": Once(skip=("a.csv",))},
        {"once": Once(full=True)},
        {"once": Once(accept_shrink=("a.csv",))},
        {"settings": (("CHANNELS", "Ads"),)},
    ],
)
def test_what_shapes_the_run_makes_it_another_one(overrides: dict[str, Any]) -> None:
    assert digest(specs.spec(), specs.submission(**overrides)) != SAME


@pytest.mark.parametrize("overrides", [{"lake": "s3://b/lake"}, {"version": "0" * 16}])
def test_so_do_the_lake_and_the_application(overrides: dict[str, Any]) -> None:
    assert digest(specs.spec(**overrides), specs.submission()) != SAME


def test_how_clusters_are_made_does_not() -> None:
    spec = specs.spec(cluster=specs.cluster(ReleaseLabel="emr-7.14.0"), max_minutes=5)

    assert digest(spec, specs.submission()) == SAME
