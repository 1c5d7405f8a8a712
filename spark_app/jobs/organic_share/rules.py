"""The row rules: what is true of every good raw row. A row that breaks one goes to quarantine."""

from collections.abc import Iterable, Sequence

from spark_app.quality.checks import Check, RowRule
from spark_app.quality.rules import sql_text
from spark_app.settings import Settings

ALWAYS_PRESENT = (
    "value",
    "start_date",
    "end_date",
    "year_week",
    "dataplatform_inserted_at",
    "country",
    "os_name",
)
OS_NAMES = ("all", "ios", "android")
ISO_WEEK = "format_string('%04d_%02d', extract(YEAROFWEEK FROM start_date), weekofyear(start_date))"
FOUR_DIGITS = "year_week RLIKE '^[0-9]{4}_[0-9]{2}$' AND year(start_date) BETWEEN 1 AND 9999"


def row_rules(settings: Settings) -> tuple[Check, ...]:
    """The rules in the order in which quarantined rows name them."""
    # What starts with visible ASCII is not blank, so the regular expression is rarely asked.
    present = r"name BETWEEN '!' AND '~' OR name RLIKE '(?U)\\S'"
    name_present = RowRule(("name",), present, judges_null=True)
    return (
        _rule("name_present", "name is present and not blank.", name_present),
        *(_rule(f"{c}_present", f"{c} is present.", _present(c)) for c in ALWAYS_PRESENT),
        _rule(
            "value_is_a_count",
            "value is a finite whole number from 0 to 2^53.",
            RowRule(
                ("value",), "(value >= 0 AND value <= 9007199254740992 AND value = rint(value))"
            ),
        ),
        _rule(
            "end_date_is_start_date",
            "end_date equals start_date.",
            RowRule(("start_date", "end_date"), "end_date = start_date"),
        ),
        _rule(
            "year_week_is_iso_week",
            "year_week is written yyyy_ww and is the ISO 8601 week of start_date.",
            RowRule(("start_date", "year_week"), f"year_week = {ISO_WEEK} AND {FOUR_DIGITS}"),
        ),
        _rule(
            "country_is_known",
            f"country is ALL or an ISO 3166-1 alpha-2 code{_also(settings.extra_countries)}.",
            RowRule(("country",), f"country IN ({_quoted(countries(settings))})"),
        ),
        _rule(
            "os_name_is_known",
            f"os_name is all, ios or android{_also(settings.extra_os_names)}.",
            RowRule(("os_name",), f"os_name IN ({_quoted((*OS_NAMES, *settings.extra_os_names))})"),
        ),
    )


def countries(settings: Settings) -> tuple[str, ...]:
    """The codes that a good row may have: ISO 3166-1 alpha-2, the roll-up, the setting's."""
    import pycountry

    iso = sorted(country.alpha_2 for country in pycountry.countries)
    return ("ALL", *iso, *settings.extra_countries)


def _rule(name: str, description: str, rule: RowRule) -> Check:
    return Check(name, "raw", "quarantine", description, rule)


def _present(column: str) -> RowRule:
    return RowRule((column,), f"{column} IS NOT NULL", judges_null=True)


def _also(more: Sequence[str]) -> str:
    return f", or one of {', '.join(more)}" if more else ""


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(map(sql_text, values))
