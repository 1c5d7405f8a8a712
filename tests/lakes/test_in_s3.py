"""A lake table in S3, with Glue as its catalogue: the same table, and what Glue can do to a run."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from spark_app import aws
from spark_app.lake import catalogue, glue, iceberg
from tests.docs.pages import docs, marked
from tests.e2e.process import expect_error
from tests.faults.watching import reading
from tests.lakes.conftest import Visits, in_s3
from tests.s3.fault_proxy import Asked, Fault, FaultProxy, Rule

ANN, BOB = "ann,2024-05-01 10:00:00,1", "bob,2024-05-02 10:00:00,2"
CAT = ("cat", "2024-05-02 11:00:00", 3)


def on_updates(fault: Fault) -> Rule:
    """Every change of a Glue table fails."""
    return lambda asked: fault if asked.action == "AWSGlue.UpdateTable" else None


def by_pyiceberg(visits: Visits) -> tuple[str, ...]:
    """The users that the page's reader sees, of this lake's table of visits."""
    (code,) = marked(docs("reading"), "reader of a lake table in S3")
    names: dict[str, Any] = {}
    region, url = '"client.region": "eu-central-1"', os.environ["AWS_ENDPOINT_URL"]
    of_page = ("acme_data_lake_e014437f.app_event", "event_date >= '2024-05-02'", "user_id", region)
    endpoint = f'{region}, "s3.endpoint": "{url}"'
    here = (f"{visits.namespace}.visit", "day >= '2024-05-01'", "user", endpoint)
    for word, ours in zip(of_page, here, strict=True):
        assert word in code
        code = code.replace(word, ours)
    exec(code, names)
    return tuple(sorted(row["user"] for row in names["rows"].to_pylist()))


@pytest.fixture
def while_publishing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Let something happen just before what readers see is moved."""
    publish = iceberg.publish

    def arrange(happens: Callable[[], None]) -> None:
        def late(*arguments: Any) -> None:
            happens()
            publish(*arguments)

        monkeypatch.setattr(iceberg, "publish", late)

    return arrange


@in_s3
def test_a_table_grows_by_what_is_new_as_on_a_disk(visits: Visits, s3: Any) -> None:
    visits.deliver("März [1] 100%.csv", ANN, BOB, "short")
    assert "files: 1 new" in visits.done("first").err
    visits.deliver("März [1] 100%.csv", BOB)
    visits.deliver("two.csv", ",".join(map(str, CAT)))
    assert "files: 1 new, 1 rewritten" in visits.done("second").err
    assert visits.rows() == [("bob", "2024-05-02 10:00:00", 2), CAT]
    assert "files: 2 known\nvisit has all of them; nothing to do" in visits.run("third").err
    history = [row.split() for row in visits.ask("history", "visit").out.splitlines()[1:]]
    assert [(row[0], *row[-3:]) for row in history] == [
        ("first", "2", "0", "2"),
        ("second", "1", "1", "2"),
    ]
    files = [row.split() for row in visits.ask("files", "visit").out.splitlines()[1:]]
    assert [(row[0], *row[1:6]) for row in files] == [
        ("superseded", "3", "0", "0", "1", "first"),
        ("current", "1", "1", "0", "0", "second"),
        ("current", "1", "1", "0", "0", "second"),
    ]
    (seen,) = [row for row in visits.ask("runs").out.splitlines() if row.endswith("yes")]
    assert seen.startswith("second")
    (database,) = [
        d["Name"]
        for d in aws.client("glue").get_databases()["DatabaseList"]
        if d["Name"] == visits.namespace
    ]
    table = aws.client("glue").get_table(DatabaseName=database, Name="visit")["Table"]
    assert table["StorageDescriptor"]["Location"] == visits.lake.lake_table("visit")


@in_s3
def test_readers_see_whole_versions_while_a_run_publishes(
    visits: Visits, while_publishing: Any
) -> None:
    visits.deliver("one.csv", ANN)
    visits.done("first")
    with reading(lambda: by_pyiceberg(visits)) as seen:
        while_publishing(lambda: seen_by_spark.append(len(visits.rows())))
        seen_by_spark: list[int] = []
        visits.deliver("two.csv", BOB)
        visits.done("second")
    assert {*seen, by_pyiceberg(visits)} == {("ann",), ("ann", "bob")}
    assert seen_by_spark == [1] and len(visits.rows()) == 2


@in_s3
def test_a_change_whose_answer_is_lost_is_looked_up(
    visits: Visits, proxy: FaultProxy, while_publishing: Any
) -> None:
    lost: list[Asked] = []

    def first_is_lost(asked: Asked) -> Fault | None:
        if asked.action != "AWSGlue.UpdateTable" or lost:
            return None
        lost.append(asked)
        return Fault(is_answer_lost=True)

    def begin() -> None:
        proxy.rule = first_is_lost

    while_publishing(begin)
    visits.deliver("one.csv", ANN)
    visits.done("first")
    assert lost and visits.version().run_id == "first"


@in_s3
def test_a_step_that_glue_took_without_saying_so_is_looked_up_and_never_undone(
    visits: Visits, proxy: FaultProxy, while_publishing: Any
) -> None:
    updates: list[Asked] = []

    def takes_and_is_gone(asked: Asked) -> Fault | None:
        if asked.action == "AWSGlue.UpdateTable":
            updates.append(asked)
            return Fault(is_answer_lost=True) if len(updates) == 1 else Fault(status=500)
        return Fault(status=500) if asked.action and updates else None

    def go() -> None:
        proxy.rule = takes_and_is_gone

    while_publishing(go)
    visits.deliver("one.csv", ANN)
    (error,) = visits.run("first", code=1).errors
    assert "did not say whether run first is the new version" in error
    assert "`history visit` shows it, and the next run goes on from there" in error
    proxy.rule = lambda asked: None
    assert visits.version().run_id == "first"
    assert "nothing to do" in visits.run("second").err


@in_s3
def test_where_glue_fails_nothing_is_published_and_the_next_run_goes_on(
    visits: Visits, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.deliver("one.csv", ANN)
    with monkeypatch.context() as patched:
        begin = iceberg.begin

        def begin_late(*arguments: Any) -> None:
            proxy.rule = on_updates(Fault(status=500, code="InternalServiceException"))
            begin(*arguments)

        patched.setattr(iceberg, "begin", begin_late)
        expect_error(visits.run("first", code=1), 1, "the catalogue did not say", "nothing was")
    proxy.rule = lambda asked: None
    assert catalogue.current("visit", visits.lake) is None
    visits.done("second")
    assert len(visits.rows()) == 1


@in_s3
def test_a_table_is_published_although_it_cannot_be_tidied(
    visits: Visits, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidy = iceberg.tidy

    def tidy_late(*arguments: Any) -> None:
        proxy.rule = on_updates(Fault(status=500, code="InternalServiceException"))
        tidy(*arguments)

    monkeypatch.setattr(iceberg, "tidy", tidy_late)
    visits.deliver("one.csv", ANN)
    ended = visits.run("first")
    assert "its upkeep is left to the next run (the catalogue did not say" in ended.err
    assert visits.version().run_id == "first"


@in_s3
def test_an_entry_of_glue_that_is_not_ours_is_told_and_left(visits: Visits, s3: Any) -> None:
    client, database = aws.client("glue"), visits.namespace
    client.create_database(DatabaseInput={"Name": database})
    entry = {"Name": "visit", "StorageDescriptor": {"Location": "s3://elsewhere/visits"}}
    client.create_table(DatabaseName=database, TableInput=entry)
    before = client.get_table(DatabaseName=database, Name="visit")
    visits.deliver("one.csv", ANN)
    expect_error(
        visits.run("first", code=2), 2, f"the Glue table {database}.visit is not one of Iceberg"
    )
    parameters = {"table_type": "ICEBERG", "metadata_location": "s3://elsewhere/v1.metadata.json"}
    client.update_table(DatabaseName=database, TableInput={**entry, "Parameters": parameters})
    expect_error(visits.run("second", code=2), 2, "visit was made elsewhere (s3://elsewhere/v1")
    after = client.get_table(DatabaseName=database, Name="visit")
    assert after["Table"]["StorageDescriptor"] == before["Table"]["StorageDescriptor"]


@in_s3
def test_a_lake_without_lake_tables_does_not_ask_glue(visits: Visits, proxy: FaultProxy) -> None:
    visits.ask("run", "--all", "--dry-run")
    assert not [asked for asked in proxy.asked if asked.action]


@pytest.mark.parametrize(
    ("root", "database"),
    [
        ("s3://acme-data/lake", "acme_data_lake_e014437f"),
        ("s3://acme-data/Our Lake's", "acme_data_our_lake_s_"),
        ("s3://acme-data", "acme_data_"),
    ],
)
def test_the_database_has_the_name_of_the_lake(root: str, database: str) -> None:
    assert glue.database_of(root).startswith(database)


def test_no_two_lakes_share_a_database() -> None:
    roots = (
        "s3://acme-data/lake",
        "s3://acme/data/lake",
        "s3://acme-data-lake",
        "s3://a/L",
        "s3://a/l",
    )
    assert len({glue.database_of(root) for root in roots}) == len(roots)
    assert len(glue.database_of(f"s3://acme/{'deep/' * 200}")) < 255
