"""``obod demo``: a demo region from a seed, loaded and scored."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated

import typer

from geo.household.profile import load_profile, profile_names
from geo.panel.scheme import load_scheme
from geo.water.sharing.rules import JUDGED_RULE, JUDGED_YEAR
from layers.errors import DataRefused
from layers.features.districts import farmed_districts
from layers.postgres.engine import engine, reading, writing
from layers.records.snapshot import served_districts
from layers.runs.code_digest import code_version
from layers.runs.household_fit import fit_profiles
from layers.runs.score import publish_run, score
from layers.settings import get_settings
from layers.water.balances import make_balance
from scripts.demo_region.ground.fetch_relief import true_relief
from scripts.demo_region.on_real import UNMIXED, fingerprint, load_real, real_places
from scripts.demo_region.region import generate
from scripts.demo_region.write import is_loaded, mark, require_room, take_back, write
from scripts.output import err, out, print_json, tracked
from scripts.stopping import STANDING
from scripts.verbs.robustness import start_drawing

PLOTS, SEED = 20_000, 1
BALANCED_YEARS = ("normal", JUDGED_YEAR)
FEWEST_PLOTS, MOST_PLOTS = 500, 1_000_000

Plots = Annotated[int, typer.Option(min=FEWEST_PLOTS, max=MOST_PLOTS, help="How many plots the region has.")]
Seed = Annotated[int, typer.Option(min=0, help="Chance of the region; the same seed gives the same region.")]
On = Annotated[
    Path | None,
    typer.Option(
        "--on",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Lay plots and canals on the real elevation, districts, rivers and villages of this folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def demo(plots: Plots = PLOTS, seed: Seed = SEED, on: On = None, json: Json = False) -> None:
    """Create a demo region, load it in the place of any earlier one, and score every plot."""
    known_as = mark(plots, seed, _ground(on) if on is None else f"{_ground(on)} {fingerprint(on)}")
    with writing() as connection:
        there = is_loaded(connection, known_as)
    if there:
        _step(1, "The demo region is loaded already")
    elif on is None:
        _load(plots, seed, known_as)
    else:
        _load_on(on, plots, seed, known_as)
    STANDING.move("Demo region loaded", 1, 1)
    run = _served_run() if there else None
    if run is None:
        _step(3, "Scoring every plot")
        _balance()
        run = _scored()
    if json:
        print_json({"plots": plots, "seed": seed, "ground": _ground(on), "changed": not there, "run": run})
    else:
        made_up = "All of it is" if on is None else "Its plots, canals and all that follows from them are"
        out.print(f"Demo region with {plots:,} plots: run {run} is served. {made_up} synthetic.", highlight=False)


def _ground(on: Path | None) -> str:
    """What the region is laid on, in a few words."""
    if on is not None:
        return f"on {on.resolve().name}"
    return "on generated relief" if true_relief(get_settings().home) is None else "on true relief"


def _load(plots: int, seed: int, known_as: str) -> None:
    """Generate everything, then load it in one transaction."""
    with writing() as connection:
        require_room(connection)
    _step(1, f"Generating {plots:,} plots {_ground(None)}")
    region = generate(plots, seed, true_relief(get_settings().home), say=_detail)
    _step(2, "Loading all layers in one transaction")
    with writing() as connection:
        take_back(connection)
        write(connection, region, known_as, _detail)


def _load_on(folder: Path, plots: int, seed: int, known_as: str) -> None:
    """Load the real layers, generate plots and canals on them, and load these, all in one transaction."""
    with writing() as connection:
        take_back(connection)
        _step(1, f"Loading the real layers of {folder.name}")
        there = load_real(connection, folder, _detail)
        _step(2, f"Laying {plots:,} plots on them")
        region = generate(plots, seed, there.relief, real=real_places(connection), say=_detail)
        for layer in there.layers.intersection(UNMIXED):
            region.frames.pop(layer, None)
        write(connection, region, known_as, _detail)


def _balance() -> None:
    """Share the water of the canals in a normal and a dry year and publish both: land is judged by the dry one."""
    for year in BALANCED_YEARS:
        try:
            with writing() as connection:
                made = make_balance(
                    connection, year=year, rule=JUDGED_RULE, by="month", draft=False, code=code_version()
                )
        except DataRefused as refusal:  # of canals that lie there from elsewhere nothing may be known: land is scored
            _detail(str(refusal))
            continue
        counts = made.counts
        _detail(
            f"water balance of a {year} year: {counts['areas_known']:,} of {counts['areas']:,} areas; "
            f"{counts['systems_left_out']} of {counts['systems']} canal systems left out"
        )


def _scored() -> int:
    """Score the demo under the default scheme, fit every profile to it, publish both at once; return the run."""

    def progress(names: Collection[str]) -> Iterable[str]:
        return tracked(names, total=len(names), what="Scoring districts")

    run = score(engine(), load_scheme("default"), publish=False, progress=progress).run_id
    with engine().begin() as connection:
        fit_profiles(connection, run, [load_profile(name) for name in profile_names()])
        publish_run(connection, run)
    start_drawing()
    return run


def _served_run() -> int | None:
    """Newest run that is served, None where a district that has plots is served none."""
    with reading() as connection:
        runs = served_districts(connection)
        farmed = farmed_districts(connection)
    return max(runs.values()) if runs and farmed <= runs.keys() else None


def _step(number: int, text: str) -> None:
    err.print(f"[{number}/3] {text}", highlight=False, markup=False)


def _detail(text: str) -> None:
    err.print(f"      {text}", highlight=False, markup=False)
