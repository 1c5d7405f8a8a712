"""What the other deliverers send, line by line: what stands in the lake, what is set aside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from spark_app.jobs import find_job
from spark_app.lake import iceberg
from spark_app.lake.lake import Lake
from spark_app.spark.iceberg import catalogue_conf
from tests.e2e.in_process import App
from tests.e2e.process import Ended, all_checks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def made(app_here: App, spark: "SparkSession", tmp_path: Path) -> Any:
    """Deliver lines, run the job; the rows of its lake table as texts, in the key's order."""

    def run(name: str, *lines: str, below: str = "") -> list[tuple[str | None, ...]]:
        raw = tmp_path / "lake" / "raw" / name / below
        raw.mkdir(parents=True)
        (raw / "one.txt").write_text("".join(f"{line}\n" for line in lines))
        asked = ("run", name, "--run-id", "one", "--tolerance", "0.9", "--lake", tmp_path / "lake")
        ended: Ended = app_here(*asked, cwd=tmp_path)
        assert ended.code == 0, ended.err
        for key, value in catalogue_conf(Lake(str(tmp_path / "lake"))).items():
            spark.conf.set(key, value)
        table = find_job(name).publishes
        rows = iceberg.published_rows(spark, table).orderBy(*table.key)
        texts = [f"string({column.name})" for column in table.columns]
        return [tuple(row) for row in rows.selectExpr(*texts).collect()]

    return run


def set_aside(folder: Path, name: str) -> dict[str, list[str]]:
    """The rules that each bad line broke."""
    rows = pq.read_table(folder / "lake" / "quarantine" / name / "run_id=one").to_pylist()
    return {row["delivered_line"]: row["broken_rules"] for row in rows}


def unpromised(folder: Path, name: str) -> str:
    """The names of what nobody promised, as a run warns of them."""
    rows = all_checks(folder / "lake", "one", name)
    (found,) = [row for row in rows if row["check"] == "no_extra_columns"]
    assert (found["severity"], found["outcome"]) == ("warn", "failed")
    return str(found["detail"])


def test_attributions(made: Any, tmp_path: Path) -> None:
    rows = made(
        "attribution",
        "ads,summer,2018-05-01 03:12:45.123456,t1,7,0,ann",
        ",,2018-05-02 00:00:00.000000,,8,3,bob",
        "ads,summer,2018-05-01 03:12:45.123456,t1,7,new,ann",
    )
    assert rows == [
        (
            "2018-05-01",
            "2018-05-01 03:12:45.123456",
            "ann",
            "7",
            "ads",
            "summer",
            "t1",
            "0",
            "true",
        ),
        ("2018-05-02", "2018-05-02 00:00:00", "bob", "8", None, None, None, "3", "false"),
    ]
    assert list(set_aside(tmp_path, "attribution").values()) == [["attribution_type_is_int"]]


def test_events_of_a_shop(made: Any, tmp_path: Path) -> None:
    rows = made(
        "shop_event",
        "timestamp,visitorid,event,itemid,transactionid,colour",
        "1433221332117,257597,view,355908,,",
        "1433221332117,257597,view,355908,,",
        "1433222276276,599528,transaction,356475,4000,red",
        "1433222276276,599528,wink,356475,,",
        "1433222276276.0,599528,view,356475,,",
    )
    assert rows == [
        ("2015-06-02", "2015-06-02 05:02:12.117", "257597", "view", "355908", "(none)", None),
        (
            "2015-06-02",
            "2015-06-02 05:17:56.276",
            "599528",
            "transaction",
            "356475",
            "4000",
            '{"colour":"red"}',
        ),
    ]
    assert list(set_aside(tmp_path, "shop_event").values()) == [
        ["event_is_known"],
        ["timestamp_is_timestamp"],
    ]
    assert unpromised(tmp_path, "shop_event") == "colour"


def test_properties_of_items(made: Any) -> None:
    rows = made(
        "item_property",
        "timestamp,itemid,property,value",
        "1435460400000,460429,categoryid,1338",
        "1435460400000,460429,categoryid,339",
        "1441508400000,206783,888,1116713 960601 n277.200",
    )
    assert rows == [
        ("2015-09-06", "2015-09-06 03:00:00", "206783", "888", "1116713 960601 n277.200", None),
        ("2015-06-28", "2015-06-28 03:00:00", "460429", "categoryid", "339", None),
    ]


def test_events_of_devices(made: Any, tmp_path: Path) -> None:
    event = {
        "meta": {"session_long": 123456789012345678, "date": "2017-08-09 10:11:12"},
        "params": {"cc": "pl", "user_id": "", "long": "21.01", "lat": 52.23, "other": [1]},
    }
    again = {"params": event["params"], "meta": event["meta"]}
    no_device = {"meta": {"date": "2017-08-09 10:11:12"}}
    rows = made(
        "device_event",
        *map(json.dumps, (event, again, no_device)),
        "{",
        below="olx/hydra/android/2017/08/09",
    )
    ((*values, digest),) = rows
    assert unpromised(tmp_path, "device_event") == "params.other"
    assert values == [
        *("2017-08-09", "123456789012345678", "2017-08-09 10:11:12"),
        *("olx", "hydra", "android", "pl", None, "21.01", "52.23", '{"params.other":[1]}'),
    ]
    assert len(digest or "") == 32
    assert sorted(set_aside(tmp_path, "device_event").values()) == [
        ["device_id_present"],
        ["line_is_whole"],
    ]


def test_events_of_a_third_party_lie_by_month(made: Any, tmp_path: Path) -> None:
    rows = made(
        "user_funnel",
        "event_id,user_id,event_name,event_timestamp,platform,country",
        "9007199254740993,ann,signup,2024-04-30 23:59:59,web,DE",
        "9007199254740993,ann,signup,2024-04-30 23:59:59,web,DE",
        "7,bob,purchase,2024-05-01 00:00:00,,",
        ",bob,purchase,2024-05-31 00:00:00,,",
        "8,bob,purchase,2024-05-31T00:00:00,,",
    )
    assert rows == [
        (
            *("2024-05-01", "2024-05-01", "2024-05-01 00:00:00"),
            *("7", "bob", "purchase", None, None, None),
        ),
        (
            *("2024-04-01", "2024-04-30", "2024-04-30 23:59:59"),
            *("9007199254740993", "ann", "signup", "web", "DE", None),
        ),
    ]
    data = tmp_path / "lake" / "tables" / "user_funnel" / "data"
    assert {folder.name for folder in data.iterdir()} == {
        "event_month=2024-04-01",
        "event_month=2024-05-01",
    }
    assert sorted(set_aside(tmp_path, "user_funnel").values()) == [
        ["event_id_present"],
        ["event_timestamp_is_timestamp"],
    ]
    page = (tmp_path / "lake" / "report" / "user_funnel.html").read_text()
    assert "Newest month" in page and "May 2024" in page
