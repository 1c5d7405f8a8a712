"""Small pieces of HTML. Every text that comes from data goes through `esc` or `script_json`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

MINUS = "\u2212"
NOTHING = '<span class="none">\u2013</span>'


@dataclass(frozen=True)
class Section:
    """One part of the page. `body`, `footer` and `lead` are HTML whose texts are already escaped.

    `plot`: a Bokeh layout, drawn between body and footer. `script`: JavaScript that must not hold
    data; it runs before the charts are drawn and hears of them by the event `chart` on `document`.
    """

    section_id: str
    title: str
    body: str
    lead: str = ""
    plot: Any = None
    footer: str = ""
    script: str = ""


def esc(value: object) -> str:
    return escape(str(value), quote=True)


def asset(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def script_json(text: str) -> str:
    """JSON text that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def badge(kind: str, text: str) -> str:
    return f'<span class="badge {esc(kind)}">{esc(text)}</span>'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    kind: str = "",
    numeric: Sequence[int] = (),
) -> str:
    """Heads are text, cells are HTML; columns in `numeric` are set flush right."""
    cells = [' class="num"' if i in numeric else "" for i in range(len(head))]
    top = "".join(f'<th scope="col"{c}>{esc(h)}</th>' for c, h in zip(cells, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{c}>{v}</td>" for c, v in zip(cells, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table class="{esc(kind)}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names (text) and values (HTML)."""
    return "<dl>" + "".join(f"<dt>{esc(n)}</dt><dd>{v}</dd>" for n, v in pairs) + "</dl>"


def count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    return NOTHING if share is None else f"{100 * share:.{digits}f}\u202f%"


def points(change: float | None) -> str:
    """A difference of two shares in percentage points, with its sign."""
    if change is None:
        return NOTHING
    text = f"{abs(100 * change):.1f}"
    sign = "" if text == "0.0" else "+" if change > 0 else MINUS
    return f"{sign}{text}"


def seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}\u202fs"


def size(value: float | None) -> str:
    if value is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f}\u202f{unit}" if unit == "B" else f"{value:.1f}\u202f{unit}"
        value /= 1000
    return f"{value:.1f}\u202fTB"


def moment(iso: object) -> str:
    """`2021-12-14T06:03:22.123+00:00` as `2021-12-14 06:03:22 UTC`; any other text as it is."""
    text = str(iso)
    is_utc = text.endswith(("Z", "+00:00"))
    head = text.removesuffix("Z").removesuffix("+00:00").split(".")[0].replace("T", " ")
    return esc(f"{head} UTC" if is_utc else text)
