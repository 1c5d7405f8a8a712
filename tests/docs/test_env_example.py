"""`.env.example` lists exactly the settings that the program knows."""

from dotenv import dotenv_values

from spark_app.jobs import all_jobs, datasets
from spark_app.settings import PREFIX, SOURCE_PREFIX, Settings, parse_settings
from tests.docs.pages import ROOT

EXAMPLE = ROOT / ".env.example"
MAPPINGS = ("sources", "more")  # their entries are the settings


def test_it_lists_every_setting_and_no_other() -> None:
    fields = [name for name in Settings.__dataclass_fields__ if name not in MAPPINGS]
    options = [option.name for job in all_jobs() for option in job.options]
    settings = {f"{PREFIX}{name.upper()}" for name in (*fields, *options)}
    sources = {f"{SOURCE_PREFIX}{name.upper()}" for name in datasets(all_jobs())}
    assert set(dotenv_values(EXAMPLE)) == settings | sources


def test_copied_unchanged_it_means_the_defaults() -> None:
    values = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}
    assert parse_settings(values) == Settings()


def test_every_setting_has_a_comment() -> None:
    paragraphs = EXAMPLE.read_text().strip().split("\n\n")
    assert all(paragraph.startswith("# ") for paragraph in paragraphs)
    settings = [paragraph for paragraph in paragraphs if "=" in paragraph]
    assert all(paragraph.count("=") == 1 for paragraph in settings)
    assert len(settings) == len(dotenv_values(EXAMPLE))
