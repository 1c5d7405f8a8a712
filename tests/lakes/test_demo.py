"""`make demo` makes every table of its two deliveries, as DuckDB makes it of the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import load_catalog

from scripts import demo, make_deliveries
from spark_app import cli
from spark_app.declarations import Files, Iceberg
from spark_app.jobs import find_job
from spark_app.quality.standard import rules_of
from spark_app.sources.text import FILE_RULES
from tests import in_process
from tests.lakes import oracle

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

FIRST = "app_event device_event item_property"  # the others meet both deliveries at once
pytestmark = pytest.mark.timeout(900)  # the first test waits for ten runs

NAMES = tuple(make_deliveries.DATASETS)
NEVER = {  # folders and digests are always there
    "brand_present",
    "tracker_present",
    "channel_present",
    "event_digest_present",
}


@dataclass(frozen=True)
class Made:
    """The lake of a demo, and what its commands and the demo itself printed."""

    root: Path
    said: str
    printed: str


@pytest.fixture(scope="module")
def made(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The demo, in the process of the tests."""
    folder = tmp_path_factory.mktemp("demo")
    said: list[str] = []

    def run(arguments: list[str]) -> int:
        ended = in_process.ended(cli.main, *arguments)
        said.append(ended.err + ended.out)
        return ended.code

    def whole(arguments: list[str]) -> int:
        return demo.demo(Path(arguments[0]), make_deliveries.SEED, run, FIRST)

    with in_process.at(folder, {"PYSPARK_GATEWAY_PORT": "0"}):
        ended = in_process.ended(whole, "lake")
    assert ended.code == 0, said
    return Made(folder / "lake", "".join(said), ended.out)


def table(root: Path, name: str) -> "pa.Table":
    """A table as its readers see it."""
    if not isinstance(find_job(name).publishes.kept_as, Iceberg):
        return pq.read_table(root / "final" / name / f"{name}.parquet")
    catalogue = load_catalog("lake", type="sql", uri=f"sqlite:///{root}/catalog.db")
    return catalogue.load_table(f"tables.{name}").scan().to_arrow()


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_what_duckdb_makes_of_the_files(made: Made, name: str) -> None:
    found = table(made.root, name)
    assert found.num_rows > 500
    assert oracle.differences(name, made.root / "raw" / name, found) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_broken_by_some_line(made: Made, name: str) -> None:
    (source,) = find_job(name).reads
    assert isinstance(source, Files)
    broken = pq.read_table(made.root / "quarantine" / name)["broken_rules"].to_pylist()
    known = {rule.name for rule in rules_of(source, {})}
    assert {rule for rules in broken for rule in rules} == known - NEVER - FILE_RULES.keys()


def test_runs_say_what_arrived(made: Made) -> None:
    assert "files: 4 new\n" in made.said
    assert "files: 3 new, 1 rewritten" in made.said
    assert "read again" in made.said
    assert made.said.count("published by run delivery-2-") == len(NAMES)


def test_it_ends_with_tables_pages_and_the_site(made: Made) -> None:
    lines = made.printed.splitlines()[-len(NAMES) - 1 :]
    assert [line.split()[0] for line in lines[:-1]] == list(NAMES)
    for line in lines:
        assert Path(line.split()[-1]).exists()
    assert lines[-1] == f"site: {made.root}/report/index.html"


def test_the_same_seed_delivers_the_same() -> None:
    first, second = make_deliveries.deliveries(3)
    assert (first, second) == make_deliveries.deliveries(3)
    assert (first, second) != make_deliveries.deliveries(4)
    for name in NAMES:
        both = {path for path in first.keys() & second.keys() if path.startswith(f"{name}/")}
        assert len(both) == 1


def test_a_lake_that_is_there_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["demo", "--lake", str(tmp_path)])
    assert demo.main() == 2
    assert "is there already; take it away, or name another --lake" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
