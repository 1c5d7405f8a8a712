"""`.env.example` lists exactly the settings that the program knows."""

from pathlib import Path

from dotenv import dotenv_values

from spark_app.jobs import JOBS
from spark_app.settings import PREFIX, SOURCE_PREFIX, Settings, parse_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_it_lists_every_setting_and_no_other() -> None:
    fields = [name for name in Settings.__dataclass_fields__ if name != "sources"]
    settings = {f"{PREFIX}{name.upper()}" for name in fields}
    sources = {f"{SOURCE_PREFIX}{job.dataset.upper()}" for job in JOBS.values()}
    assert set(dotenv_values(EXAMPLE)) == settings | sources


def test_copied_unchanged_it_means_the_defaults() -> None:
    values = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}
    assert parse_settings(values) == Settings()


def test_every_setting_has_a_comment() -> None:
    paragraphs = EXAMPLE.read_text().strip().split("\n\n")
    for paragraph in paragraphs:
        assert paragraph.startswith("# ")
    assert all(paragraph.count(PREFIX) == 1 for paragraph in paragraphs[1:])
