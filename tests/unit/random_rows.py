"""Random raw rows: mostly good, with restatements, duplicates, bad rows and odd channel names."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.builders import A_LOAD, Row, raw_row

# Few examples, and as they are: finding the smallest one would take minutes on Spark.
ON_SPARK = settings(
    max_examples=9,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
FIRST_DAY = date(2020, 12, 14)
DAYS = st.integers(0, 69).map(lambda i: FIRST_DAY + timedelta(days=i))
NAMES = ("Organic", "Ads", "organic", "Organic ", "Ünï", "<script>", "'; --", "a\tb")
LOADS = tuple(A_LOAD + timedelta(hours=i) for i in range(3))
TOKENS = {"Ads": "t1", "Ünï": "t2", "<script>": "t3"}

BREAKS: tuple[dict[str, Any], ...] = (
    *({column: None} for column in ("name", "value", "start_date", "end_date", "year_week")),
    *({column: None} for column in ("dataplatform_inserted_at", "country", "os_name")),
    *({"name": blank} for blank in ("", " ", "\t\n")),
    *({"value": v} for v in (float("nan"), float("inf"), float("-inf"), 1.5, -1.0, 2.0**53 + 2)),
    *({"country": c} for c in ("us", "XK", "", "DEU", "all")),
    *({"os_name": o} for o in ("ALL", "windows", "", "ios ")),
    *({"year_week": w} for w in ("2021_1", "2020-53", "2021_54", "x", "")),
    {"end_date": date(2022, 2, 2)},
    {"value": -1.0, "country": None},
    {"name": None, "value": float("nan"), "start_date": None},
)


@st.composite
def good_rows(draw: st.DrawFn) -> Row:
    """A good row from small pools, so that keys meet again."""
    name = draw(st.sampled_from(NAMES))
    return raw_row(
        draw(DAYS),
        name=name,
        token=TOKENS.get(name),
        value=float(draw(st.sampled_from((0, 0, 1, 2, 3, 1000, 2**40)))),
        country=draw(st.sampled_from(("DE", "US", "ALL", "FR"))),
        os_name=draw(st.sampled_from(("all", "all", "ios", "android"))),
        dataplatform_inserted_at=draw(st.sampled_from(LOADS)),
    )


@st.composite
def any_rows(draw: st.DrawFn) -> Row:
    """A row that is bad in one case of five."""
    row = draw(good_rows())
    is_bad = draw(st.integers(0, 4)) == 0
    return row | draw(st.sampled_from(BREAKS)) if is_bad else row


@st.composite
def deliveries(draw: st.DrawFn, min_size: int = 1, max_size: int = 60) -> list[Row]:
    """A delivery in which keys come again: the same row, or with another value or load."""
    rows = draw(st.lists(any_rows(), min_size=min_size, max_size=max_size))
    again = draw(st.lists(st.sampled_from(rows), max_size=max_size // 4))
    changes = st.fixed_dictionaries(
        {},
        optional={
            "value": st.sampled_from((0.0, 7.0, 8.0)),
            "dataplatform_inserted_at": st.sampled_from(LOADS),
        },
    )
    return rows + [row | draw(changes) for row in again]


def shuffled() -> st.SearchStrategy[Callable[[list[Row]], list[Row]]]:
    """Ways to put rows in another order."""

    def way(seed: int) -> Callable[[list[Row]], list[Row]]:
        return lambda rows: random.Random(seed).sample(rows, len(rows))

    return st.integers(0, 99).map(way)
