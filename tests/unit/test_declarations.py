"""Declarations that contradict themselves are refused where they stand."""

from dataclasses import replace
from typing import Any

import pytest

from spark_app.declarations import (
    RESCUED,
    Column,
    Csv,
    Files,
    Iceberg,
    OneOf,
    Option,
    Parquet,
    Table,
    fail,
)
from tests.builders import job_of

N = Column("n", "bigint", "a number")
MAYBE = Column("maybe", "bigint", "a number", null="it is not known")
TABLE = Table("t", "one row per number", key=("n",), columns=(N, MAYBE))
FILES = Files("numbers", Parquet(), (N,))
COLOURS = Option("colours", lambda text: (text,), (), "colours that are good")


def named(column: str, **more: Any) -> Column:
    return Column("n", "string", column, one_of=OneOf(("red",), more=COLOURS), **more)


@pytest.mark.parametrize(
    "wrong", [{"key": ("m",)}, {"time": "m"}, {"settled": "m"}, {"history": ("m",)}]
)
def test_a_table_names_its_own_columns_only(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="t has no column m"):
        replace(TABLE, **wrong)


def test_a_column_of_the_key_may_not_be_null() -> None:
    with pytest.raises(ValueError, match="t: maybe is of the key and may not be null"):
        replace(TABLE, key=("n", "maybe"))


@pytest.mark.parametrize(
    "make",
    [
        lambda **o: job_of(replace(TABLE, columns=(named("a colour"), MAYBE)), FILES, **o),
        lambda **o: job_of(TABLE, replace(FILES, columns=(named("a colour"),)), **o),
        lambda **o: job_of(TABLE, FILES, checks=(fail("c", "d", "n > 0", when=COLOURS),), **o),
        lambda **o: job_of(
            replace(TABLE, checks=(fail("c", "d", "n > 0", when=COLOURS),)), FILES, **o
        ),
    ],
    ids=["column of the table", "column of a source", "check of the job", "check of the table"],
)
def test_an_option_that_is_used_is_declared_by_the_job(make: Any) -> None:
    assert make(options=(COLOURS,)).options == (COLOURS,)
    with pytest.raises(ValueError, match="t uses the option colours without declaring it"):
        make()


@pytest.mark.parametrize("own", ["examine", "counts"])
@pytest.mark.parametrize(
    "reads", [(FILES, replace(FILES, name="more")), (replace(TABLE, name="other"),)]
)
def test_only_a_job_of_one_dataset_has_a_way_of_its_own(own: str, reads: Any) -> None:
    with pytest.raises(ValueError, match="t counts or examines itself, but reads not just one"):
        job_of(TABLE, *reads, **{own: lambda *_: None})


WHO, DAY = Column("who", "string", "a person", person=True), Column("day", "date", "the day")
SEEN = Table("seen", "one row a day", key=("day",), columns=(DAY, WHO), kept_as=Iceberg("day"))
SIGHTINGS = Files("sightings", Parquet(), (DAY, WHO))


@pytest.mark.parametrize("name", ["source_file", "is_flat_line", "delivered"])
def test_a_column_has_no_name_that_rows_of_files_have_for_something_else(name: str) -> None:
    with pytest.raises(ValueError, match=f"call {name} otherwise; rows have their own {name}"):
        replace(FILES, columns=(N, Column(name, "string", "a text")))


def test_source_and_table_agree_on_persons() -> None:
    assert job_of(SEEN, SIGHTINGS).publishes == SEEN
    nobody = replace(SIGHTINGS, columns=(DAY, replace(WHO, person=False)))
    with pytest.raises(ValueError, match="seen: say of source and table which column is a person"):
        job_of(SEEN, nobody)


def test_persons_are_kept_where_they_can_be_forgotten() -> None:
    of_one_file = replace(SEEN, kept_as=TABLE.kept_as)
    for source in (SIGHTINGS, replace(SEEN, name="another")):
        with pytest.raises(ValueError, match="seen: keep persons in a lake table"):
            job_of(of_one_file, source)


def test_a_lake_keeps_one_day_at_least() -> None:
    with pytest.raises(ValueError, match="keep_days is 0; keep one day at least"):
        Iceberg("day", keep_days=0)


@pytest.mark.parametrize("form", [Parquet(), Csv(header=False)])
def test_what_has_no_names_keeps_no_rest(form: Any) -> None:
    with pytest.raises(ValueError, match="numbers: only columns of JSON say where they are"):
        Files("numbers", form, (N, RESCUED))
