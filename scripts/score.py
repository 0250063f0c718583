"""``obod score``: score plots in the database and publish the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from geo.scheme import load_scheme
from layers.database import engine
from layers.replay import Replay
from layers.replay import replay as replay_run
from layers.results import CLASSES
from layers.scoring import RunReport
from layers.scoring import score as score_plots
from scripts.output import err, out, print_json, print_table, tracked

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
SchemeName = Annotated[str, typer.Option("--scheme", help="Name of a scheme that ships with Obod, or a scheme file.")]
Draft = Annotated[bool, typer.Option("--draft", help="Keep the run without publishing it.")]
ReplayOf = Annotated[int | None, typer.Option("--replay", help="Compute a run again and compare; stores nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def score(
    district: District = None,
    scheme: SchemeName = "default",
    draft: Draft = False,
    replay: ReplayOf = None,
    json: Json = False,
) -> None:
    """Score the plots of all districts, or of some, and publish the run at once or not at all."""

    def progress(names: Sequence[str]) -> Iterable[str]:
        return tracked(names, total=len(names), what="Scoring districts")

    if replay is not None:
        print_replay(replay_run(engine(), replay, progress=progress), json)
        return
    report = score_plots(engine(), load_scheme(scheme), districts=district, publish=not draft, progress=progress)
    if json:
        print_json(report_as_dict(report))
        return
    print_report(report)


def print_replay(found: Replay, json: bool) -> None:
    """Write what a replay found; one that differs ends with exit code 1."""
    if json:
        print_json({**asdict(found), "identical": found.identical})
    elif found.identical:
        out.print(f"Run {found.run_id}: all {found.plots:,} plots came out the same, bit for bit.", highlight=False)
    for sentence in found.changed:
        err.print(sentence, highlight=False)
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
        "classes": report.classes,
        "not_assessed": report.not_assessed,
        "notes": list(report.notes),
    }


def print_report(report: RunReport) -> None:
    """Write the report for people: hectares by class, then what could not be assessed and why."""
    state = "published" if report.published else "kept as a draft"
    out.print(f"Run {report.run_id} with scheme {report.scheme}: {report.plots:,} plots, {state}.", highlight=False)
    rows = [{"class": name, **report.classes[name]} for name in CLASSES if name in report.classes]
    print_table(rows, ("class", "plots", "area_ha"))
    for district, reasons in report.not_assessed.items():
        for criterion, why in reasons.items():
            err.print(f"{district}: {criterion} not assessed: {why}", highlight=False)
    for note in report.notes:
        err.print(note, highlight=False)
