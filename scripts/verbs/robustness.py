"""``obod robustness``: how sure the classes of a run are, drawn and stored beside its results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from geo.suitability.robustness import DRAWS
from layers.postgres.engine import engine
from layers.runs.robustness import BEST, SEED, store_robustness
from scripts.output import out, print_json, print_table, tracked

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
RunId = Annotated[int | None, typer.Option("--run", min=1, help="A finished run; without it, the served ones.")]
Best = Annotated[int, typer.Option("--best", min=1, help="How many plots count as the best of a district.")]
Draws = Annotated[int, typer.Option("--draws", min=1, max=100_000, help="How many draws.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="The same seed gives the same draws.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def robustness(
    district: District = None,
    run: RunId = None,
    best: Best = BEST,
    draws: Draws = DRAWS,
    seed: Seed = SEED,
    json: Json = False,
) -> None:
    """Draw weights, risk attitude and values again and again, and store how often each plot keeps its class."""

    def progress(names: Sequence[str]) -> Iterable[str]:
        return tracked(names, total=len(names), what="Drawing districts")

    found = store_robustness(
        engine(), districts=district, run_id=run, best=best, draws=draws, seed=seed, progress=progress
    )
    rows = [asdict(drawn) for drawn in found]
    if json:
        print_json({"draws": draws, "seed": seed, "best": best, "districts": rows})
        return
    print_table(rows, ("district", "run_id", "plots", "flagged", "changed"), title=f"{draws} draws, seed {seed}")
    out.print(
        "flagged: fewer than 70 of 100 draws fall in one class. changed: most draws fall in another class.",
        highlight=False,
    )
