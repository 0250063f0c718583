"""``obod score``: score plots in the database and publish the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from api.content.unknown_text import tell_not_assessed, tell_reason
from api.language.translate import SOURCE_LANGUAGE
from geo.contract.classes import CLASSES
from geo.household.profile import Profile, load_profile
from geo.household_fit.rating import SUPPORT_NEEDED
from geo.panel.scheme import Scheme, load_scheme
from layers.postgres.engine import engine
from layers.records.schemes import is_stored, read_stored
from layers.runs.household_fit import FitReport, fit_profiles, fit_run, profiles_shown, replay_fits
from layers.runs.incremental import score_changed
from layers.runs.listing import NOT_SETTLED, set_apart
from layers.runs.replay import Replay
from layers.runs.replay import replay as replay_run
from layers.runs.score import RunReport, publish_run
from layers.runs.score import score as score_plots
from layers.runs.workers import ClusterPlace, Work, in_process, on_cluster, on_workers
from scripts.output import err, out, print_json, print_table, tracked
from scripts.verbs.robustness import start_drawing

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
SchemeName = Annotated[
    str, typer.Option("--scheme", help="Name of a scheme, shipped or stored by staff, or a scheme file.")
]
Draft = Annotated[bool, typer.Option("--draft", help="Keep the run without publishing it.")]
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="Also fit a kind of household: name of a profile of Obod's, or a profile file."),
]
OfRun = Annotated[int | None, typer.Option("--run", help="With --profile: fit it to this finished run, as it is.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Score in this many processes.")]
Cluster = Annotated[
    str | None, typer.Option("--cluster", metavar="ADDRESS", help="Score on a Dask cluster, such as tls://host:8786.")
]
Certificates = Annotated[
    Path | None,
    typer.Option("--certificates", metavar="FOLDER", help="With --cluster: what obod cluster certificates wrote."),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="With --cluster: without TLS. Whoever reaches it runs code as you."),
]
Changed = Annotated[
    bool,
    typer.Option("--changed", help="Score only what changed since the run that is served, with its scheme and day."),
]
ReplayOf = Annotated[int | None, typer.Option("--replay", help="Compute a run again and compare; stores nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def score(
    district: District = None,
    scheme: SchemeName = "default",
    profile: ProfileName = None,
    run: OfRun = None,
    draft: Draft = False,
    replay: ReplayOf = None,
    changed: Changed = False,
    workers: Workers = None,
    cluster: Cluster = None,
    certificates: Certificates = None,
    insecure: Insecure = False,
    json: Json = False,
) -> None:
    """Score the plots of all districts, or of some, and publish the run at once or not at all."""

    def progress(names: Collection[str]) -> Iterable[str]:
        return tracked(names, total=len(names), what="Scoring districts")

    work = work_of(workers, place_of(cluster, certificates, insecure))
    if replay is not None:
        found = replay_run(engine(), replay, progress=progress)
        with engine().connect() as connection:
            print_replay(found, replay_fits(connection, replay), json)
        return
    if run is not None and profile is None:
        raise typer.BadParameter("--run goes with --profile: it says which run to fit a household to.")
    if changed:
        if profile is not None or district or scheme != "default" or workers or cluster:
            raise typer.BadParameter(
                "--changed goes with --draft and --json only: the run that is served says the rest."
            )
        reports = _refitted(score_changed(engine(), publish=False, progress=progress), draft)
        _draw(any(report.published for report in reports))
        print_reports(reports, json)
        return
    if profile is not None:
        made, fit = _fitted(load_profile(profile), scheme, district, run, draft, progress, work)
        _draw(made is not None and made.published)
        print_fitted(made, fit, json)
        return
    report = score_plots(
        engine(),
        _called(scheme),
        districts=district,
        publish=not draft,
        progress=progress,
        work=work,
    )
    _draw(report.published)
    if json:
        print_json(report_as_dict(report))
        return
    print_report(report)


def _draw(published: bool) -> None:
    if published:
        start_drawing()


def place_of(cluster: str | None, certificates: Path | None, insecure: bool) -> ClusterPlace | None:
    """Return where the cluster is, None without ``--cluster``; without TLS only where that was typed."""
    if cluster is None:
        if certificates is not None or insecure:
            raise typer.BadParameter("--certificates and --insecure go with --cluster.")
        return None
    if insecure:
        if certificates is not None or cluster.startswith("tls://"):
            raise typer.BadParameter("--insecure is for a cluster without TLS; leave it out.")
        return ClusterPlace.unprotected(cluster)
    return ClusterPlace(cluster, certificates)


def work_of(workers: int | None, cluster: ClusterPlace | None) -> Work:
    """Return who scores: threads of this process, processes of this machine, or a cluster."""
    if workers is not None and cluster is not None:
        raise typer.BadParameter("give --workers or --cluster, not both")
    if cluster is not None:
        return on_cluster(cluster)
    return in_process if workers is None else on_workers(workers)


def _refitted(reports: Sequence[RunReport], draft: bool) -> list[RunReport]:
    """Fit the profiles of the runs new ones take over from to them as well, and publish all in one transaction."""
    with engine().begin() as connection:
        for report in reports:
            fit_profiles(connection, report.run_id, profiles_shown(connection, report.districts))
            if not draft:
                publish_run(connection, report.run_id)
    return [replace(report, published=not draft) for report in reports]


def _called(name_or_path: str) -> Scheme:
    if not is_stored(name_or_path):
        return load_scheme(name_or_path)
    with engine().connect() as connection:
        return read_stored(connection, name_or_path).read()


def _fitted(
    profile: Profile,
    scheme: str,
    district: list[str] | None,
    run: int | None,
    draft: bool,
    progress: Callable[[Collection[str]], Iterable[str]],
    work: Work,
) -> tuple[RunReport | None, FitReport]:
    """Fit a profile to a finished run, or to a new one that is published with its fit in one transaction."""
    if run is not None:
        with engine().begin() as connection:
            return None, fit_run(connection, run, profile)
    report = score_plots(engine(), _called(scheme), districts=district, publish=False, progress=progress, work=work)
    with engine().begin() as connection:
        fit = fit_run(connection, report.run_id, profile)
        if not draft:
            publish_run(connection, report.run_id)
    return replace(report, published=not draft), fit


def print_fitted(report: RunReport | None, fit: FitReport, json: bool) -> None:
    """Write what a fit found, after the report of the run if it was made for it."""
    if json:
        found = {"run": fit.run_id} if report is None else report_as_dict(report)
        print_json({**found, "fit": asdict(fit)})
        return
    if report is not None:
        print_report(report)
    lights = ", ".join(f"{count:,} {light}" for light, count in fit.lights.items())
    out.print(f"Run {fit.run_id} fitted to {fit.profile}: {lights}. {SUPPORT_NEEDED}", highlight=False)
    for district, reasons in fit.not_assessed.items():
        for criterion, why in reasons.items():
            err.print(f"{district}: {criterion} not assessed: {tell_reason(why, SOURCE_LANGUAGE)}", highlight=False)


def print_replay(found: Replay, fits: Mapping[str, int], json: bool) -> None:
    """Write what a replay found; one that differs ends with exit code 1.

    ``fits`` is household profile -> plots whose fit came out differently.
    """
    changed = {profile: plots for profile, plots in fits.items() if plots}
    if json:
        identical = found.identical and not changed
        print_json({**asdict(found), "identical": identical, "fits": dict(fits)})
    elif found.identical:
        out.print(f"Run {found.run_id}: all {found.plots:,} plots came out the same, bit for bit.", highlight=False)
    for sentence in found.changed:
        err.print(sentence, highlight=False)
    for profile, plots in changed.items():
        err.print(f"Run {found.run_id}: the fit of {profile} differs on {plots:,} plots.", highlight=False)
    if found.identical and changed:
        raise typer.Exit(1)
    if not found.identical:
        err.print(
            f"Run {found.run_id}: {found.differing:,} of {found.plots:,} plots differ in {', '.join(found.columns)}.",
            highlight=False,
        )
        raise typer.Exit(1)


def report_as_dict(report: RunReport) -> dict[str, object]:
    """Return the report as plain types for JSON."""
    return {
        "run": report.run_id,
        "scheme": report.scheme,
        "published": report.published,
        "districts": list(report.districts),
        "plots": report.plots,
        "classes": set_apart(report.classes, report.not_settled),
        "not_assessed": report.not_assessed,
        "notes": list(report.notes),
    }


def print_reports(reports: Sequence[RunReport], json: bool) -> None:
    """Write what came out of several runs, for people or as JSON."""
    if json:
        print_json({"runs": [report_as_dict(report) for report in reports]})
        return
    for report in reports:
        print_report(report)


def print_report(report: RunReport) -> None:
    """Write the report for people: hectares by class, then what could not be assessed and why."""
    state = "published" if report.published else "kept as a draft"
    out.print(f"Run {report.run_id} with scheme {report.scheme}: {report.plots:,} plots, {state}.", highlight=False)
    classes = set_apart(report.classes, report.not_settled)
    rows = [{"class": name, **classes[name]} for name in (*CLASSES, NOT_SETTLED) if name in classes]
    print_table(rows, ("class", "plots", "area_ha"))
    for district, reasons in report.not_assessed.items():
        for said in tell_not_assessed(reasons, SOURCE_LANGUAGE):
            err.print(f"{district}: not assessed: {said}", highlight=False)
    for note in report.notes:
        err.print(note, highlight=False)
