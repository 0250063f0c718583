"""``obod demo``: a demo region from a seed, loaded and scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from sqlalchemy import select

from geo.scheme import load_scheme
from layers.database import engine, reading, writing
from layers.results import Publication
from layers.scoring import score
from layers.settings import get_settings
from scripts.demo_region.places import DISTRICTS
from scripts.demo_region.region import generate
from scripts.demo_region.write import is_loaded, mark, write
from scripts.output import err, out, print_json, tracked
from scripts.relief import true_relief

PLOTS, SEED = 20_000, 1
MOST_PLOTS = 1_000_000

Plots = Annotated[int, typer.Option(min=1_000, max=MOST_PLOTS, help="How many plots the region has.")]
Seed = Annotated[int, typer.Option(min=0, help="Chance of the region; the same seed gives the same region.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def demo(plots: Plots = PLOTS, seed: Seed = SEED, json: Json = False) -> None:
    """Create a demo region, load it in the place of any earlier one, and score every plot."""
    relief = true_relief(get_settings().home)
    known_as = mark(plots, seed, "true relief" if relief else "generated relief")
    with writing() as connection:
        there = is_loaded(connection, known_as)
    if there:
        _step(1, "The demo region is loaded already")
    else:
        _step(1, f"Generating {plots:,} plots on {'true' if relief else 'generated'} relief")
        region = generate(plots, seed, relief, say=_detail)
        _step(2, "Loading all layers in one transaction")
        with writing() as connection:
            write(connection, region, known_as, _detail)
    run = _served_run() if there else None
    if run is None:
        _step(3, "Scoring every plot")
        run = _scored()
    if json:
        print_json(
            {"plots": plots, "seed": seed, "relief": str(relief or "generated"), "changed": not there, "run": run}
        )
    else:
        out.print(f"Demo region with {plots:,} plots: run {run} is served. All of it is synthetic.", highlight=False)


def _scored() -> int:
    """Score and publish all districts under the default scheme; return the run."""

    def progress(names: Sequence[str]) -> Iterable[str]:
        return tracked(names, total=len(names), what="Scoring districts")

    return score(engine(), load_scheme("default"), progress=progress).run_id


def _served_run() -> int | None:
    """Newest run served for the districts of the demo, None where one of them has none."""
    codes = [district.code for district in DISTRICTS]
    with reading() as connection:
        rows = connection.execute(
            select(Publication.district, Publication.run_id).where(
                Publication.district.in_(codes), Publication.shown, Publication.scenario == ""
            )
        ).all()
    return max(row.run_id for row in rows) if len(rows) == len(codes) else None


def _step(number: int, text: str) -> None:
    err.print(f"[{number}/3] {text}", highlight=False, markup=False)


def _detail(text: str) -> None:
    err.print(f"      {text}", highlight=False, markup=False)
