"""What is delivered: new users by day, country, platform and acquisition channel."""

from spark_app.declarations import Column, Files, OneOf, Option, Parquet, Rule, fail, warn
from spark_app.jobs.organic_share import raw_checks
from spark_app.jobs.parsing import days, names

EXTRA_COUNTRIES = Option(
    "extra_countries", names, (), "country codes that are good besides ISO 3166-1, such as XK,ZZ"
)
EXTRA_OS_NAMES = Option("extra_os_names", names, (), "good platforms besides all, ios, android")
CHANNELS = Option("channels", names, (), "allowed channel names, with commas; others are a warning")
MAX_LOAD_AGE_DAYS = Option("max_load_age_days", days, None, "days after which a load is too old")
OPTIONS = (EXTRA_COUNTRIES, EXTRA_OS_NAMES, CHANNELS, MAX_LOAD_AGE_DAYS)

ISO_WEEK = "format_string('%04d_%02d', extract(YEAROFWEEK FROM start_date), weekofyear(start_date))"
FOUR_DIGITS = "year_week RLIKE '^[0-9]{4}_[0-9]{2}$' AND year(start_date) BETWEEN 1 AND 9999"


def countries() -> tuple[str, ...]:
    """ISO 3166-1 alpha-2, and the roll-up."""
    import pycountry

    return ("ALL", *sorted(country.alpha_2 for country in pycountry.countries))


INSTALLS = Files(
    "installs",
    Parquet(),
    time="start_date",
    columns=(
        Column("name", "string", "acquisition channel; `Organic` is the organic one"),
        Column("value", "double", "new users, a whole number", unit="new users"),
        Column("start_date", "date", "the day counted"),
        Column("end_date", "date", "equal to start_date"),
        Column("year_week", "string", "`yyyy_ww`, the ISO 8601 year and week of start_date"),
        Column("has_subtrackers", "boolean", "property of the channel", null="not known"),
        Column("token", "string", "tracker token of the channel", null="it has none"),
        Column("dataplatform_inserted_at", "timestamp", "when the export was loaded", unit="UTC"),
        Column(
            "country",
            "string",
            "ISO 3166-1 alpha-2, or the roll-up `ALL`",
            one_of=OneOf(countries, more=EXTRA_COUNTRIES),
        ),
        Column(
            "os_name",
            "string",
            "`ios`, `android`, or the roll-up `all`",
            one_of=OneOf(("all", "ios", "android"), more=EXTRA_OS_NAMES),
        ),
    ),
    rules=(
        # What starts with visible ASCII is not blank, so the regular expression is rarely asked.
        Rule(
            "name_not_blank",
            "name is not blank.",
            ("name",),
            r"name BETWEEN '!' AND '~' OR name RLIKE '(?U)\\S'",
        ),
        Rule(
            "value_is_a_count",
            "value is a finite whole number from 0 to 2^53.",
            ("value",),
            "value >= 0 AND value <= 9007199254740992 AND value = rint(value)",
        ),
        Rule(
            "end_date_is_start_date",
            "end_date equals start_date.",
            ("start_date", "end_date"),
            "end_date = start_date",
        ),
        Rule(
            "year_week_is_iso_week",
            "year_week is written yyyy_ww and is the ISO 8601 week of start_date.",
            ("start_date", "year_week"),
            f"year_week = {ISO_WEEK} AND {FOUR_DIGITS}",
        ),
    ),
    checks=(
        fail(
            "has_organic_rows",
            "At least one good row is of the channel Organic.",
            raw_checks.has_organic_rows,
        ),
        fail(
            "has_counted_rows",
            "At least one good row counts: it is not only a roll-up or a platform.",
            raw_checks.has_counted_rows,
        ),
        fail(
            "span_is_plausible",
            "The counted days span at most 50 years.",
            raw_checks.span_is_plausible,
        ),
        warn(
            "channels_are_consistent",
            "Each name has one token and one has_subtrackers, and each token one name.",
            raw_checks.channels_are_consistent,
        ),
        warn(
            "rollup_equals_platforms",
            "`all` equals ios + android per day and country where all three exist.",
            raw_checks.rollup_equals_platforms,
        ),
        warn(
            "no_future_dates",
            "No row counts a day after today (UTC).",
            raw_checks.no_future_dates,
        ),
        warn(
            "no_bad_redelivery",
            "No good row was kept although a later delivery of it is bad.",
            raw_checks.no_bad_redelivery,
        ),
        warn(
            "channels_allowed",
            "Every channel is one of those that the option channels names.",
            raw_checks.channels_allowed,
            when=CHANNELS,
        ),
        warn(
            "loads_are_fresh",
            "The newest load is at most max_load_age_days old.",
            raw_checks.loads_are_fresh,
            when=MAX_LOAD_AGE_DAYS,
        ),
    ),
)
