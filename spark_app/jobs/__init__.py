"""The jobs, one line each: a table, and the module of that name that says how it is made."""

from collections.abc import Iterable, Mapping
from importlib import import_module

from spark_app.declarations import Files, Job, OptionValue
from spark_app.errors import Unusable
from spark_app.settings import PREFIX, SOURCE_PREFIX, Settings

JOBS = {
    "app_event": "events of an app, one row each",
    "attribution": "which campaign an app's users came by, one row each",
    "category": "the tree of a shop's categories, with roots and paths",
    "device_event": "events of devices by tracker, one row each",
    "item_property": "properties of a shop's items, as they change",
    "organic_share": "share of organic new users, per country, over four ISO weeks",
    "shop_event": "views, carts and transactions of a shop, one row each",
    "user_funnel": "events of users as a third party counts them, one row each",
}


def find_job(name: str) -> Job:
    """The job of that name.

    Raises:
        Unusable: there is none.
        ValueError: its table has another name.
    """
    if name not in JOBS:
        raise Unusable(f"there is no job {name}; the jobs are: {', '.join(JOBS)}")
    job: Job = import_module(f"{__name__}.{name}").JOB
    if job.name != name:
        raise ValueError(f"the job {name} publishes the table {job.name}; give both one name")
    return job


def all_jobs() -> list[Job]:
    """Every job, in the order of the list."""
    return [find_job(name) for name in JOBS]


def datasets(jobs: Iterable[Job]) -> list[str]:
    """The delivered datasets that jobs read, each once."""
    names = [s.name for job in jobs for s in job.reads if isinstance(s, Files)]
    return list(dict.fromkeys(names))


def options_of(job: Job, settings: Settings) -> dict[str, OptionValue]:
    """The values of a job's options: as set, else the default.

    Raises:
        Unusable: a value cannot be used.
    """
    values: dict[str, OptionValue] = {}
    for option in job.options:
        text = settings.more.get(option.name)
        try:
            values[option.name] = option.default if text is None else option.parse(text)
        except ValueError as error:
            name = f"{PREFIX}{option.name.upper()}"
            raise Unusable(f"{name} is {text!r}; {error}") from error
    return values


def shaping(jobs: Iterable[Job], settings: Settings) -> tuple[tuple[str, str], ...]:
    """The settings that shape what jobs make and are not the default, as names and texts."""
    changed: dict[str, str] = {}
    for job in jobs:
        values = options_of(job, settings)
        for option in job.options:
            if values[option.name] != option.default:
                changed[option.name.upper()] = settings.more[option.name]
    return tuple(changed.items())


def require_known(settings: Settings) -> None:
    """Refuse settings that no job declares.

    Raises:
        Unusable: a name is unknown.
    """
    _require(settings.more, (o.name for job in all_jobs() for o in job.options), PREFIX, "")
    _require(settings.sources, datasets(all_jobs()), SOURCE_PREFIX, "names no dataset; ")


def _require(given: Mapping[str, str], known: Iterable[str], prefix: str, why: str) -> None:
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise Unusable(
            f"setting {prefix}{unknown[0].upper()} {why or 'is unknown; '}.env.example lists every "
            "setting"
        )
