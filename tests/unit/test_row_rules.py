"""Every row rule: rows that break it and nothing else, and rows at its border that pass."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_app.declarations import Rule
from spark_app.jobs.organic_share.raw import INSTALLS, countries
from spark_app.quality.promises import broken
from spark_app.quality.rules import bad_rows, broken_mask, broken_names, count_broken, is_good
from spark_app.quality.standard import rules_of
from tests.builders import Row, raw_frame, raw_row
from tests.unit import oracle
from tests.unit.random_rows import BREAKS

RULES = rules_of(INSTALLS, {})
NEW_YEAR = date(2021, 1, 3)

BROKEN: dict[str, list[Row]] = {
    "name_present": [raw_row(name=None)],
    "value_present": [raw_row(value=None)],
    "start_date_present": [raw_row(start_date=None)],
    "end_date_present": [raw_row(end_date=None)],
    "year_week_present": [raw_row(year_week=None)],
    "dataplatform_inserted_at_present": [raw_row(dataplatform_inserted_at=None)],
    "country_present": [raw_row(country=None)],
    "os_name_present": [raw_row(os_name=None)],
    "country_is_known": [
        raw_row(country=country)
        for country in ("us", "De", "XK", "ZZ", "USA", "all", "All", "", " DE", "DE ", "D", "UK")
    ],
    "os_name_is_known": [
        raw_row(os_name=os_name) for os_name in ("ALL", "iOS", "windows", "", "ios ", "and\troid")
    ],
    "name_not_blank": [raw_row(name=name) for name in ("", " ", "\t", " \n ")],
    "value_is_a_count": [
        raw_row(value=value)
        for value in (
            *(-1.0, -0.5, 1.5, 0.1, 2.0**53 + 2, 1e300, -1e300, 5e-324),
            *(float("nan"), float("inf"), float("-inf")),
        )
    ],
    "end_date_is_start_date": [
        raw_row(date(2021, 3, 1), end_date=date(2021, 3, 2)),
        raw_row(date(2021, 3, 1), end_date=date(2021, 2, 28)),
    ],
    "year_week_is_iso_week": [
        raw_row(NEW_YEAR, year_week=week)
        for week in (
            *("2021_53", "2021_01", "2020_52", "2020_1", "2020-53", "202053", "2020_053"),
            *(" 2020_53", "2020_53 ", "2020_W53", "20_53", "", "week", "٢٠٢٠_٥٣"),
        )
    ],
}

GOOD: list[Row] = [
    raw_row(),
    *(raw_row(value=value) for value in (0.0, -0.0, 1.0, 2.0**53, 2.0**53 - 1)),
    *(raw_row(name=name) for name in (" x", "!", ".", "-", "0", "é", "渠道", "<script>", "😀")),
    *(raw_row(country=country) for country in ("ALL", "US", "GB", "TW", "PS", "AQ", "SS")),
    *(raw_row(os_name=os_name) for os_name in ("all", "ios", "android")),
    raw_row(token=None, has_subtrackers=None),
    raw_row(token="", has_subtrackers=True),
    raw_row(date(2021, 1, 3), year_week="2020_53"),
    raw_row(date(2021, 1, 4), year_week="2021_01"),
    raw_row(date(2019, 12, 30), year_week="2020_01"),
    raw_row(date(2022, 1, 2), year_week="2021_52"),
    raw_row(date(2024, 12, 30), year_week="2025_01"),
    raw_row(date(2000, 2, 29), year_week="2000_09"),
    raw_row(date(1969, 12, 31), year_week="1970_01"),
    raw_row(date(1, 1, 1), year_week="0001_01"),
    raw_row(date(9999, 12, 31), year_week="9999_52"),
]


def names_of(spark: SparkSession, rows: list[Row], rules: tuple[Rule, ...] = RULES) -> list[Any]:
    numbered = [{**row, "token": f"{i:04}"} for i, row in enumerate(rows)]
    named = raw_frame(spark, numbered).select("token", broken_names(rules).alias("broken"))
    return [row["broken"] for row in sorted(named.collect())]


def test_each_rule_is_broken_by_its_rows_and_only_it(spark: SparkSession) -> None:
    cases = [(name, row) for name, rows in BROKEN.items() for row in rows]
    found = names_of(spark, [row for _, row in cases])
    wrong = [
        (name, row, names)
        for (name, row), names in zip(cases, found, strict=True)
        if names != [name]
    ]
    assert wrong == []


def test_each_rule_has_a_row_that_breaks_it() -> None:
    assert list(BROKEN) == [rule.name for rule in RULES]


def test_rows_at_the_border_of_a_rule_are_good(spark: SparkSession) -> None:
    found = names_of(spark, GOOD)
    assert [(row, n) for row, n in zip(GOOD, found, strict=True) if n] == []


def test_every_monday_and_sunday_of_sixty_years_has_its_iso_week(spark: SparkSession) -> None:
    first = date(1989, 12, 25)
    days = [first + timedelta(days=7 * i + side) for i in range(60 * 53) for side in (0, 6)]
    found = raw_frame(spark, [raw_row(day) for day in days])
    assert found.where(~is_good(RULES)).count() == 0


def test_a_setting_adds_countries_and_platforms(spark: SparkSession) -> None:
    options = {"extra_countries": ("XK", "Z'Z"), "extra_os_names": ("tv\\os",)}
    rows = [
        *(raw_row(country=country) for country in ("XK", "Z'Z", "DE", "ZZ")),
        *(raw_row(os_name=os_name) for os_name in ("tv\\os", "ios", "tvos")),
    ]
    assert names_of(spark, rows, rules_of(INSTALLS, options)) == [
        *([], [], [], ["country_is_known"]),
        *([], [], ["os_name_is_known"]),
    ]


def test_the_countries_are_iso_3166_and_the_roll_up() -> None:
    known = countries()
    assert len(known) == len(set(known))
    assert known[0] == "ALL"
    assert 249 <= len(known) - 1 <= 255
    assert all(oracle.is_country(code) for code in known[1:])


def test_several_rules_can_be_broken_at_once(spark: SparkSession) -> None:
    row = raw_row(name="", value=-1.0, end_date=None, country="us", os_name=None)
    assert names_of(spark, [row]) == [
        [
            "end_date_present",
            "os_name_present",
            "country_is_known",
            "name_not_blank",
            "value_is_a_count",
        ]
    ]


@pytest.fixture(scope="module")
def random_rows() -> list[Row]:
    """Rows at the border of the rules, with up to three fields broken at random."""
    rng = random.Random(3)
    border = [*GOOD, *(row for rows in BROKEN.values() for row in rows)]
    broken = [
        rng.choice(border)
        | {k: v for change in rng.choices(BREAKS, k=i % 4) for k, v in change.items()}
        for i in range(200)
    ]
    return [*border, *broken]


def test_mask_names_and_is_good_agree(spark: SparkSession, random_rows: list[Row]) -> None:
    mask = broken_mask(list(enumerate(RULES)))
    found = raw_frame(spark, random_rows).select(
        mask.alias("mask"), broken_names(RULES).alias("names"), is_good(RULES).alias("is_good")
    )
    for row in found.collect():
        by_mask = [rule.name for i, rule in enumerate(RULES) if row["mask"] >> i & 1]
        assert (by_mask, not by_mask) == (row["names"], row["is_good"])


def test_good_rows_are_those_of_a_second_implementation(
    spark: SparkSession, random_rows: list[Row]
) -> None:
    numbered = [row | {"token": f"{i}"} for i, row in enumerate(random_rows)]
    good = raw_frame(spark, numbered).where(is_good(RULES)).select("token").collect()
    assert {row[0] for row in good} == {r["token"] for r in numbered if oracle.is_good(r)}


def test_one_pass_counts_what_each_predicate_counts(
    spark: SparkSession, random_rows: list[Row]
) -> None:
    frame = raw_frame(spark, random_rows).persist()
    bits = [F.count_if(F.expr(broken(rule))).alias(rule.name) for rule in RULES]
    found = count_broken(frame, RULES)
    assert found.by_rule == frame.agg(*bits).collect()[0].asDict()
    assert all(found.by_rule.values())
    assert found.rows_count == len(random_rows)
    assert found.bad_count == bad_rows(frame, RULES).count()


def test_the_hour_of_a_load_does_not_matter(spark: SparkSession) -> None:
    loads = [datetime(1700, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]
    rows = [raw_row(dataplatform_inserted_at=load) for load in loads]
    assert names_of(spark, rows) == [[], []]
