"""A run's manifest: that of today and of older versions, and the digest of the code in it."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spark_app.errors import Unusable
from spark_app.lake.manifests import VERSION, upgraded
from spark_app.run import manifest as manifests
from spark_app.run.manifest import Manifest, Stage, code_digest

ROOT = Path(__file__).parents[2]
TODAY = Manifest(
    run_id="one",
    job="organic_share",
    parameters={"sources": {"installs": "/a"}, "tolerance": None, "since": None, "options": {}},
    sources={"installs": {"place": "/a", "files": 2, "bytes": 3}},
    inputs_digest="abe5",
    started_at="2026-11-25T13:40:48+00:00",
    versions={},
    code="0123456789abcdef",
)


def test_a_manifest_that_was_kept_is_read_as_it_was_written() -> None:
    written = replace(TODAY, stages=[Stage("raw", 3, 2, 1, 1, 9)], held=True, outcome="published")
    assert Manifest.of(written.as_dict()) == written
    assert Manifest.of(written.as_dict() | {"further": 1}) == written


FIRST: dict[str, Any] = {
    "run_id": "first",
    "job": "organic_share",
    "parameters": {
        "source": "/lake/raw/installs",
        "tolerance": 0.01,
        "since": None,
        "extra_countries": ["XK"],
        "max_load_age_days": None,
    },
    "inputs": [
        {"path": "/lake/raw/installs/a.parquet", "size_bytes": 5508, "version": "1"},
        {"path": "/lake/raw/installs/b.parquet", "size_bytes": 5865, "version": "2"},
    ],
    "inputs_digest": "abe5",
    "started_at": "2026-11-25T13:40:48+00:00",
    "versions": {"spark_app": "0.1.0"},
    "outcome": "published",
    "exit_code": 0,
    "reason": None,
    "finished_at": "2026-11-25T13:40:57+00:00",
    "duration_seconds": 9.8,
    "published_at": "2026-11-25T13:40:57+00:00",
    "report": "/lake/report/organic_share.html",
    "stages": [
        {
            "name": "raw",
            "rows_in": 2591,
            "rows_out": 2574,
            "quarantined_count": 17,
            "checks_passed_count": 14,
            "checks_count": 26,
            "seconds": 4.8,
        }
    ],
}


def test_a_manifest_of_the_first_version_is_understood() -> None:
    found = Manifest.of(upgraded(FIRST, "run.json"))
    assert (found.version, found.run_id, found.outcome) == (VERSION, "first", "published")
    assert found.sources == {"raw": {"place": "/lake/raw/installs", "files": 2, "bytes": 11373}}
    assert found.parameters == {
        "sources": {"raw": "/lake/raw/installs"},
        "tolerance": 0.01,
        "since": None,
        "options": {"extra_countries": ["XK"], "max_load_age_days": None},
    }
    assert (found.held, found.command, found.code) == (False, None, "")
    assert found.stages == [
        Stage("raw", 2591, 2574, 17, checks_passed_count=14, checks_warned_count=12, seconds=4.8)
    ]


def test_a_manifest_of_today_stays_as_it_is() -> None:
    today = TODAY.as_dict()
    assert today["version"] == VERSION
    assert upgraded(today, "run.json") == today


def test_a_manifest_of_a_newer_version_is_refused_in_one_line() -> None:
    newer = TODAY.as_dict() | {"version": VERSION + 1}
    with pytest.raises(Unusable) as refused:
        upgraded(newer, "/lake/runs/one/run.json")
    assert str(refused.value) == (
        "/lake/runs/one/run.json was written by a newer version of this application; "
        "use that one here"
    )


# The digest of the code


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules in place of the application's."""
    folder = tmp_path / "spark_app"
    (folder / "jobs").mkdir(parents=True)
    (folder / "a.py").write_text("A = 1\n")
    (folder / "jobs" / "b.py").write_text("B = 1\n")
    monkeypatch.setattr(manifests, "files", lambda _: folder)
    code_digest.cache_clear()
    yield folder
    code_digest.cache_clear()


def again() -> str:
    code_digest.cache_clear()
    return code_digest()


def test_the_digest_of_the_code_is_the_same_every_time() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", code_digest())
    assert again() == code_digest()


@pytest.mark.parametrize("change", ["content", "name", "more", "less", "moved"])
def test_another_source_makes_another_digest(change: str, sources: Path) -> None:
    before = code_digest()
    module = sources / "jobs" / "b.py"
    if change == "content":
        module.write_text("B = 2\n")
    elif change == "name":
        module.rename(module.with_name("c.py"))
    elif change == "more":
        module.with_name("c.py").write_text("")
    elif change == "moved":
        module.rename(sources / "b.py")
    else:
        module.unlink()
    assert again() != before


def test_what_is_no_source_leaves_the_digest_as_it_is(sources: Path) -> None:
    before = code_digest()
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (sources / "notes.txt").write_text("x")
    assert again() == before


def test_the_digest_is_the_same_inside_a_zip(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = code_digest()
    archive = shutil.make_archive(str(sources.parent / "app"), "zip", sources.parent, "spark_app")
    monkeypatch.setattr(manifests, "files", lambda _: zipfile.Path(archive, "spark_app/"))
    assert again() == before


def test_the_digest_is_that_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    before = again()
    monkeypatch.setattr(manifests, "files", lambda _: ROOT / "spark_app")
    assert again() == before
