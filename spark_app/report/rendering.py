"""The page's templates: Jinja escapes every text; what is not to be escaped is said here."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from spark_app.errors import one_line
from spark_app.report import text
from spark_app.report.charts import library, script_json, trend_path
from spark_app.report.numbers.grid import group_name
from spark_app.report.numbers.totals import column_of

if TYPE_CHECKING:
    from jinja2 import Environment

# The browser itself refuses any request that the page might make.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
FUNCTIONS = (
    text.change_text,
    text.change_unit,
    text.count,
    text.heading,
    text.is_number,
    text.moment,
    text.percent,
    text.seconds,
    text.short,
    text.size,
    text.some,
    text.time_label,
    text.time_span,
    text.value_text,
    column_of,
    group_name,
    trend_path,
)


def render(template: str, values: Mapping[str, object]) -> str:
    """The text of a page."""
    return environment().get_template(template).render(values)


@cache
def environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FunctionLoader(lambda name: _file("spark_app.report.templates", name)),
        autoescape=True,
        finalize=lambda value: one_line(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(heading=text.heading, short=text.short)
    made.globals.update({function.__name__: function for function in FUNCTIONS})
    made.globals.update(
        policy=Markup(POLICY),
        dash=text.DASH,
        own=lambda name: Markup(_file("spark_app.report", name)),
        library=lambda: Markup(library()),
        script_json=lambda value: Markup(script_json(value)),
    )
    return made


def _file(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
