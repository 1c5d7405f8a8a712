"""What `submit`, `watch`, `clusters` and `terminate` do."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from spark_app.declarations import Job
from spark_app.emr import launch_spec, long_options, prices, requests, submitting
from spark_app.emr.claim import Claims
from spark_app.emr.follow import advising, follow
from spark_app.emr.job_runs import Command
from spark_app.emr.launch_spec import DEPLOYMENT_TAG, JOBS_TAG, RUN_ID_TAG, LaunchSpec, tags_of
from spark_app.emr.model import require_valid
from spark_app.emr.outcome import CommandEnd, conclude
from spark_app.emr.requests import Submission
from spark_app.emr.service import ENDED_STATES, LIVE_STATES, Emr
from spark_app.emr.submitting import SubmittedRun, Submitter
from spark_app.emr.wait import comes_back
from spark_app.errors import AppError, Unusable
from spark_app.jobs import datasets, find_job, shaping
from spark_app.lake.lake import Lake
from spark_app.lake.store import StoredFile, is_s3
from spark_app.run.manifest import new_run_id
from spark_app.run.progress import Progress
from spark_app.run.since import parse_since
from spark_app.run_arguments import parse_once, parse_run_id, parse_sources, selected_jobs
from spark_app.settings import Settings
from spark_app.sources.pinned import places
from spark_app.sources.readable import require_readable
from spark_app.terminal import print_table

if TYPE_CHECKING:
    from argparse import Namespace


def submit(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Run jobs on a cluster of their own, or as a step on one that is there."""
    jobs, log = selected_jobs(args), Progress().line
    if args.no_wait and args.timeout is not None:
        raise Unusable("--timeout needs somebody who waits; leave out --no-wait")
    spec = _spec(args, lake)
    _require_possible([] if args.all else jobs, spec)
    lake = Lake(spec.lake, region=spec.region)
    submission = long_options.moved(_submission(args, jobs, settings, spec), lake)
    emr = Emr(spec.region)
    if args.cluster_id:
        submitting.require_fitting(emr.cluster(args.cluster_id), spec)
    operation, request = _request(spec, submission, args.cluster_id)
    require_valid(operation, request)
    if args.dry_run:
        if submission.given:
            log(f"sources and settings are long: submit writes them to {submission.given}")
        print(json.dumps(request, indent=2))
        return
    _require_readable(jobs, submission, lake)
    long_options.keep(submission, lake)
    _log_plan(spec, submission, args.cluster_id, log)
    claims = Claims(lake, spec, submission)
    with advising("it may have been submitted already; the same submit again attaches to it"):
        run = Submitter(emr, spec, claims, args.cluster_id, log).submit(submission)
    if run.is_attached:
        log(f"the same submission is under way as run {run.run_id}: attached to it")
    if args.no_wait:
        print(f"cluster {run.cluster_id}  step {run.step_id}  run {run.run_id}")
        log(comes_back(run))
        return
    _stay(emr, run, Command(run.run_id, jobs, args.if_new, submission.unnamed), lake, args.timeout)


def _require_possible(named: Sequence[Job], spec: LaunchSpec) -> None:
    """Refuse named jobs that this deployment's clusters cannot run."""
    lakes = [job.name for job in named if job.has_lake_tables]
    if lakes and not spec.has_lakes:
        raise Unusable(
            f"{lakes[0]} needs lake tables, which this deployment does not have; apply the "
            "Terraform configuration with lakes = true"
        )


def watch(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Come back to a run that was submitted."""
    spec = _spec(args, lake)
    emr = Emr(spec.region)
    cluster = emr.cluster(args.cluster)
    step = _step(emr, args.cluster, args.step)
    run_id = requests.run_id_of(step)
    if run_id is None:
        raise Unusable(
            f"step {step['Id']} of cluster {args.cluster} ({step['Name']}) was not submitted by "
            "this application; give another one with --step"
        )
    is_own = tags_of(cluster).get(RUN_ID_TAG) == run_id
    jobs = [find_job(name) for name in requests.jobs_of(step)]
    run = SubmittedRun(run_id, args.cluster, step["Id"], is_own)
    command = Command(run_id, jobs, requests.is_if_new(step), requests.unnamed_of(step))
    _stay(emr, run, command, Lake(spec.lake, region=spec.region))


def clusters(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """Print the clusters of this deployment that run, since when, and what each costs an hour."""
    spec = _spec(args, lake)
    emr = Emr(spec.region)
    rows = []
    for summary in emr.clusters((*LIVE_STATES, "TERMINATING"), None):
        cluster = emr.cluster(summary["Id"])
        if _is_ours(cluster, spec) and cluster["Status"]["State"] not in ENDED_STATES:
            rows.append(_row(emr, cluster))
    if not rows:
        print(f"no cluster of deployment {spec.deployment} runs in {spec.region}")
        return
    print_table(("cluster", "state", "since", "USD an hour", "instances", "for"), rows)
    print(f"estimated prices of {prices.date()}; `terminate CLUSTER` ends one")


def terminate(args: "Namespace", lake: Lake, settings: Settings) -> None:
    """End a cluster of this deployment."""
    spec = _spec(args, lake)
    emr = Emr(spec.region)
    cluster = emr.cluster(args.cluster)
    if not _is_ours(cluster, spec):
        raise Unusable(
            f"cluster {args.cluster} is none of deployment {spec.deployment} (by its tag "
            f"{DEPLOYMENT_TAG}); `clusters` lists those that are"
        )
    if cluster["Status"]["State"] in ENDED_STATES:
        print(f"cluster {args.cluster} has ended already")
        return
    emr.terminate(args.cluster)
    print(f"cluster {args.cluster} is ending")


def _stay(
    emr: Emr,
    run: SubmittedRun,
    command: Command,
    lake: Lake,
    timeout_minutes: float | None = None,
) -> None:
    """Wait for the end of a command and print how it was."""
    log = Progress().line
    status = follow(emr, run, log, timeout_minutes)
    with advising(f"the run has ended; `watch {run.cluster_id}` tells how"):
        conclude(emr, CommandEnd(command, lake, run, status), log)


def _spec(args: "Namespace", lake: Lake) -> LaunchSpec:
    return launch_spec.find(lake, args.lake, args.region, args.launch_spec)


def _submission(
    args: "Namespace", jobs: Sequence[Job], settings: Settings, spec: LaunchSpec
) -> Submission:
    known = datasets(jobs)
    set_here = {name: place for name, place in settings.sources.items() if name in known}
    sources = {**set_here, **parse_sources(args.source, jobs)}
    for place in sources.values():
        _require_in_reach(place, spec)
    if args.since is not None:
        parse_since(args.since)
    return Submission(
        jobs=tuple(job.name for job in jobs),
        run_id=_run_id(args, jobs),
        sources=tuple(sorted(sources.items())),
        tolerance=args.tolerance,
        since=args.since,
        once=parse_once(args, jobs),
        if_new=args.if_new,
        unnamed=tuple(job.name for job in jobs if job.name not in args.jobs),
        settings=shaping(jobs, settings),
    )


def _require_in_reach(place: str, spec: LaunchSpec) -> None:
    """Refuse a source that the nodes' role may not read."""
    if not is_s3(place):
        raise Unusable(
            f"source {place} is on this machine, out of a cluster's reach; copy it below "
            f"{spec.lake}/ and give that"
        )
    if not place.startswith(f"{spec.lake}/"):
        raise Unusable(
            f"source {place} is out of the nodes' reach, who may read below {spec.lake}/ only; "
            "copy it there (`aws s3 cp --recursive`) and give that"
        )


def _require_readable(jobs: Sequence[Job], submission: Submission, lake: Lake) -> None:
    """Refuse what no run could read before a cluster is paid for.

    What is not there, or may not be listed from here, is left to the run.
    """
    found = [places(job, lake, dict(submission.sources)) for job in jobs]
    for place in {place for by_name in found for place in by_name.values()}:
        files: list[StoredFile] = []
        with suppress(AppError):
            files = lake.store.find(place)
        require_readable(files, lake.store)


def _run_id(args: "Namespace", jobs: Sequence[Job]) -> str:
    """The id of the command; of several jobs each adds its name to it, which must fit too."""
    if args.run_id is None:
        return new_run_id(datetime.now(UTC))
    for job in jobs if len(jobs) > 1 else ():
        parse_run_id(f"{args.run_id}-{job.name}")
    return parse_run_id(args.run_id)


def _request(
    spec: LaunchSpec, submission: Submission, cluster_id: str | None
) -> tuple[str, dict[str, Any]]:
    """The operation and what it is asked."""
    if cluster_id is None:
        return "RunJobFlow", requests.launch(spec, submission)
    return "AddJobFlowSteps", requests.add_step(spec, submission, cluster_id)


def _log_plan(
    spec: LaunchSpec, submission: Submission, cluster_id: str | None, log: submitting.Log
) -> None:
    """What is about to be done, and what it will cost."""
    where = f"cluster {cluster_id}" if cluster_id else "a cluster of its own"
    jobs = requests.label(submission.jobs)
    log(f"submitting {jobs} to {where} in {spec.region}, application {spec.version}")
    if cluster_id:
        return
    hourly = prices.hourly_of_request(spec.cluster, spec.region)
    most = prices.most(spec.cluster, spec.region, spec.max_minutes)
    limit = "" if most is None else f", at most {most:.2f} USD in its {spec.max_minutes} minutes"
    log(f"it will cost {hourly.an_hour()}{limit}; estimated prices of {prices.date()}")


def _step(emr: Emr, cluster_id: str, step_id: str | None) -> dict[str, Any]:
    """The step that was asked for, or else the newest of ours."""
    if step_id is not None:
        return emr.step(cluster_id, step_id)
    steps = emr.steps(cluster_id)
    ours = [step for step in steps if requests.run_id_of(step)]
    if not ours and steps:
        raise Unusable(
            f"cluster {cluster_id} has only steps that `submit` did not add, so that their run ids "
            f"are not known; follow them with `aws emr list-steps --cluster-id {cluster_id}`"
        )
    if not ours:
        raise Unusable(f"cluster {cluster_id} has no step yet; `submit` adds one")
    return ours[0]


def _is_ours(cluster: Mapping[str, Any], spec: LaunchSpec) -> bool:
    return tags_of(cluster).get(DEPLOYMENT_TAG) == spec.deployment


def _row(emr: Emr, cluster: Mapping[str, Any]) -> tuple[str, ...]:
    cost = prices.hourly_of_instances(emr.instances(cluster["Id"]), emr.region)
    tags = tags_of(cluster)
    run = filter(None, (tags.get(JOBS_TAG), f"run {tags.get(RUN_ID_TAG)}"))
    since = cluster["Status"]["Timeline"]["CreationDateTime"].astimezone(UTC)
    return (
        str(cluster["Id"]),
        str(cluster["Status"]["State"]).lower(),
        f"{since:%Y-%m-%d %H:%M} UTC",
        "unknown" if cost.usd is None else f"{cost.usd:.2f}",
        cost.instances or "none yet",
        ", ".join(run) if RUN_ID_TAG in tags else "steps",
    )
