"""``obod run``: runs that were made, how two differ, and which one is served."""

from __future__ import annotations

from typing import Annotated

import typer

from api.content.plot_truth import NO_MINE_RECORD
from api.content.unknown_text import tell_not_assessed, tell_unrecorded
from api.language.translate import SOURCE_LANGUAGE
from api.language.wording import EARLIER_RULE
from geo.contract.classes import RULE
from layers.cache.folders import KINDS, Folder
from layers.catalogue.base import STAFF
from layers.features.household_fit import lights_of_run
from layers.postgres.engine import engine, reading, writing
from layers.runs.listing import diff_runs, list_runs, show_run
from layers.runs.score import publish_run, sweep_abandoned
from layers.schema.erasure import delete_runs
from layers.settings import get_settings
from scripts.output import err, out, print_json, print_table
from scripts.verbs.robustness import start_drawing

app = typer.Typer(help="Runs that were made.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RunId = Annotated[int, typer.Argument(help="Number of the run.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List every run, newest first."""
    with reading(STAFF) as connection:
        runs = list_runs(connection)
    if json:
        print_json(runs)
        return
    if not runs:
        out.print("There is no run yet; `obod score` makes one.")
        return
    rows = [{**run, "districts": len(run["districts"]), "served_in": ", ".join(run["served_in"])} for run in runs]
    print_table(rows, ("run", "scheme", "status", "districts", "plots", "as_of", "served_in"))


@app.command()
def show(run: RunId, json: Json = False) -> None:
    """Show one run: scheme, date, hectares by class and district, what could not be assessed, household fits."""
    with reading(STAFF) as connection:
        found = {**show_run(connection, run), "fits": lights_of_run(connection, run)}
    if json:
        print_json(found)
        return
    out.print(f"Run {found['run']}, scheme {found['scheme']}, {found['status']}, as of {found['as_of']}.")
    if found["rule"] < RULE:
        out.print(EARLIER_RULE, highlight=False)
    rows = [
        {"district": district, "class": name, **figures}
        for district, classes in found["classes"].items()
        for name, figures in classes.items()
    ]
    print_table(rows, ("district", "class", "plots", "area_ha"))
    drawn = found["drawn"]
    missing = [district for district, there in drawn.items() if not there]
    still = f"; not yet: {', '.join(missing)}" if missing else ""
    out.print(f"Draws: {len(drawn) - len(missing)} of {len(drawn)} districts{still}.", highlight=False)
    if districts := found["no_record"]["mines"]:
        out.print(f"{', '.join(districts)}: {NO_MINE_RECORD}", highlight=False)
    for district, kinds in found["no_record"]["kinds"].items():
        if said := tell_unrecorded(kinds, SOURCE_LANGUAGE):
            out.print(f"{district}: {said}", highlight=False)
    for profile, lights in found["fits"].items():
        counted = ", ".join(f"{plots:,} {light}" for light, plots in lights.items())
        out.print(f"Fit for {profile}: {counted}.", highlight=False)
    for district, reasons in found["not_assessed"].items():
        for said in tell_not_assessed(reasons, SOURCE_LANGUAGE):
            out.print(f"{district}: not assessed: {said}", highlight=False)


@app.command()
def diff(a: RunId, b: RunId, json: Json = False) -> None:
    """Compare two runs on the plots both scored; unlike schemes are warned about."""
    with reading(STAFF, timeout_s=get_settings().command_seconds) as connection:
        found = diff_runs(connection, a, b)
    if json:
        print_json(found)
        return
    for warning in found["warnings"]:
        err.print(warning, highlight=False)
    out.print(f"{found['changed_class']:,} of {found['plots']:,} plots changed class.", highlight=False)
    print_table([{"class": name, **ha} for name, ha in found["hectares"].items()], ("class", "before", "after"))
    print_table(found["moves"], ("before", "after", "plots", "area_ha"), title="Moves between classes")


@app.command()
def publish(
    run: RunId,
    earlier_rule: Annotated[
        bool, typer.Option("--earlier-rule", help="Serve it though an earlier rule counted unknown as good in it.")
    ] = False,
) -> None:
    """Serve a finished run in its districts from now on; publishing an older run is the way back."""
    with writing() as connection:
        publish_run(connection, run, earlier_rule=earlier_rule)
    start_drawing()
    out.print(f"Run {run} is served now.")


@app.command()
def delete(
    runs: Annotated[list[int], typer.Argument(metavar="RUN...", help="Numbers of the runs.")],
    published: Annotated[bool, typer.Option("--published", help="Delete them though they are published.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete runs for good, with all that was found in them; one that is published only if that is said."""
    if not yes:
        typer.confirm(f"Delete run{'s' * (len(runs) > 1)} {', '.join(map(str, runs))} for good?", abort=True)
    sweep_abandoned(engine())  # of runs that were killed: they are not at work
    with writing() as connection:
        results = delete_runs(connection, runs, published=published)
    for name in KINDS:
        Folder.of(name).clear()
    if json:
        print_json({"deleted": sorted(set(runs)), "results": results})
        return
    out.print(f"Deleted: {', '.join(map(str, sorted(set(runs))))}, with {results:,} results.", highlight=False)
