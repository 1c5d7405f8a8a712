"""One hostile text, in every place where a deliverer may put one, followed to wherever it is shown:
terminal, pages and what they are drawn from, docs, logs. Data keep it as it is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from scripts.job_page import page
from spark_app.errors import one_line
from spark_app.jobs import find_job
from tests.e2e.in_process import App
from tests.e2e.process import Ended, expect_error
from tests.report.chromium import Tab, chromium, needs_chromium

ESCAPE, TURN = "\x1b[31m", "\u202e"
MARKUP = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
EVIL = f"=cmd|' /C calc'!A0 {MARKUP}{ESCAPE}{TURN}gnp"
NAME = EVIL.replace("/", "\u2215") + "\nerror: nothing\r"  # of files and folders
SHOP = f'timestamp,visitorid,event,itemid,transactionid,"{EVIL}"'


def deliver(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def ended(app_here: App, tmp_path: Path) -> dict[str, Ended]:
    """What commands said of a lake in which the text is an id, a path's part, the name of a file
    and of an unknown column, an event and a campaign; the gate of the last table stays shut."""
    raw, lake = tmp_path / "lake" / "raw", tmp_path / "lake"
    deliver(raw / "category" / f"{NAME}.csv", "categoryid,parentid", f'"{EVIL}",', f'x,"{EVIL}"')
    event = {"meta": {"session_long": EVIL, "date": "2024-05-01 10:00:00"}, NAME: NAME}
    folder = raw / "device_event" / NAME / "hydra" / "ios" / "2024" / "05" / "01"
    deliver(folder / f"{NAME}.json", json.dumps(event))
    deliver(
        raw / "attribution" / "a.csv", f'ads,"{EVIL}",2024-05-01 10:00:00.000000,t,{EVIL},0,ann'
    )
    deliver(raw / "shop_event" / f"{NAME}.csv", SHOP, f'1714557600000,v,"{EVIL}",i,,', "short")
    deliver(raw / "app_event" / f"{NAME}.csv", "<html>")
    asked = {
        **{n: ("run", n, "--run-id", n) for n in ("category", "device_event", "attribution")},
        "shop_event": ("run", "shop_event", "--run-id", "shop_event"),
        "app_event": ("run", "app_event"),
        **{c: (c, "device_event") for c in ("files", "history", "report")},
        **{c: (c,) for c in ("runs", "list")},
    }
    return {name: app_here(*words, "--lake", lake, cwd=tmp_path) for name, words in asked.items()}


@pytest.fixture
def tab() -> Iterator[Tab]:
    with chromium() as opened:
        yield opened


@needs_chromium
def test_one_hostile_text_is_shown_everywhere_and_does_nothing(
    ended: dict[str, Ended], tmp_path: Path, tab: Tab
) -> None:
    lake = tmp_path / "lake"
    codes = {name: one.code for name, one in ended.items() if one.code}
    assert codes == {"shop_event": 3, "app_event": 3}

    # the terminal: no escape sequence, no line that is not ours
    said = "".join(one.err + one.out for one in ended.values())
    assert ESCAPE not in said and TURN not in said and "\nerror: nothing" not in said
    assert one_line(EVIL) in ended["category"].out
    assert one_line(NAME) in ended["files"].out
    expect_error(ended["app_event"], 3, one_line(f"{NAME}.csv"), "is a page of HTML or XML")

    # the pages, as a browser sees them
    for name in ("category", "device_event", "attribution", "index"):
        tab.open(lake / "report" / f"{name}.html").assert_quiet()
    assert one_line(EVIL) in tab.open(lake / "report" / "category.html").page.inner_text("main")
    shut = tab.open(lake / "runs" / "shop_event" / "report.html")
    assert one_line(EVIL) in shut.page.inner_text("#quarantine")
    assert "a day is one of UTC" in shut.page.inner_text("header")
    shut.assert_quiet()

    # whatever else is text in the lake: manifests, what the index is drawn from, Spark's own log
    texts = [p for p in lake.rglob("*") if p.suffix in (".json", ".html", ".txt", ".log")]
    ours = [p for p in texts if not p.is_relative_to(lake / "raw")]
    assert {"run.json", "category.json", "report.html"} <= {p.name for p in ours}
    for path in ours:
        content = path.read_text()
        assert ESCAPE not in content and TURN not in content, path

    # what was delivered stays as it is
    table: Any = pq.read_table(lake / "final" / "category" / "category.parquet")
    assert EVIL in table["category_id"].to_pylist()
    quarantined = pq.read_table(lake / "quarantine" / "shop_event")
    assert EVIL in quarantined["event"].to_pylist()


def test_the_docs_show_it_as_text() -> None:
    job = find_job("category")
    columns = (
        replace(job.publishes.columns[0], meaning=f"{EVIL}\n# more"),
        *job.publishes.columns[1:],
    )
    text = page(replace(job, publishes=replace(job.publishes, columns=columns)), "categories")
    assert ESCAPE not in text and TURN not in text and "<script>" not in text
    assert "\n# more" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, März 100 %, 日本, 🎉, a b", None),
        ("\x1b[2J\r\n\t\x07\x9b", r"\x1b[2J\r\n\t\x07\x9b"),
        ("a\u202eb\u2066c\u2028d\u200be\ufefff", r"a\u202eb\u2066c\u2028d\u200be\ufefff"),
        ("a name of bytes: \udcff", r"a name of bytes: \udcff"),
    ],
)
def test_what_moves_colours_or_turns_a_line_is_escaped(text: str, shown: str | None) -> None:
    assert one_line(text) == (text if shown is None else shown)
