"""Bokeh in the page: its library once, every plot as JSON, colours by name of a CSS variable.

Bokeh takes a quarter of a second to import, so it is imported where it is used.
"""

from importlib import import_module
from typing import Any

from spark_app.report.markup import esc, script_json


def bokeh_models() -> Any:
    """The module, untyped: its stubs refuse what it documents, such as positional arguments."""
    return import_module("bokeh.models")


def themed(model: Any, **variables: str) -> Any:
    """Tags `model` so that the page sets its colours to CSS variables, again when they change.

    `themed(glyph, line_color="--accent")`.
    """
    model.tags = [f"{name}={variable}" for name, variable in variables.items()]
    return model


def library_script() -> str:
    from bokeh.resources import Resources

    scripts = Resources(mode="inline", components=["bokeh"], log_level="error").js_raw
    return "".join(f"<script>{script}</script>" for script in scripts)


def chart_html(section_id: str, plot: Any) -> str:
    """The place of the chart, the place of its printed form, and its data."""
    from bokeh.core.json_encoder import serialize_json
    from bokeh.core.types import ID
    from bokeh.embed import json_item

    target = f"chart-{section_id}"
    item = script_json(serialize_json(json_item(plot, ID(target))))
    return (
        f'<div class="chart" id="{esc(target)}"></div><div class="chart-print" aria-hidden="true">'
        f'</div><script type="application/json" data-chart="{esc(target)}">{item}</script>'
        '<noscript><p class="empty">The chart needs JavaScript.</p></noscript>'
    )
