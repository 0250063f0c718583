"""``obod robustness``: how sure the classes of a run are, drawn and stored beside its results."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from geo.suitability.robustness import DRAWS
from layers.cache.files import open_log
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine
from layers.runs.pending_draws import draw_pending
from layers.runs.robustness import BEST, SEED, Drawn, store_robustness
from layers.settings import get_settings
from scripts.output import err, out, print_json, print_table, tracked
from scripts.stopping import STANDING

PENDING_NICENESS = 10  # scoring and serving come first

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
RunId = Annotated[int | None, typer.Option("--run", min=1, help="A finished run; without it, the served ones.")]
Best = Annotated[int, typer.Option("--best", min=1, help="How many plots count as the best of a district.")]
Draws = Annotated[int, typer.Option("--draws", min=1, max=100_000, help="How many draws.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="The same seed gives the same draws.")]
Pending = Annotated[
    bool,
    typer.Option("--pending", help="Draw what published runs still lack; goes on after a stop."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def robustness(
    district: District = None,
    run: RunId = None,
    best: Best = BEST,
    draws: Draws = DRAWS,
    seed: Seed = SEED,
    pending: Pending = False,
    json: Json = False,
) -> None:
    """Draw weights, risk attitude and values again and again, and store how often each plot keeps its class."""
    if pending:
        if district or run is not None:
            raise typer.BadParameter("--pending finds districts and runs by itself: leave out --district and --run.")
        settings = get_settings()
        if settings.database_url is None and Cluster(settings.home).stopped_on_purpose:
            err.print("The database was stopped; nothing is drawn until somebody starts it.", highlight=False)
            return
        os.nice(PENDING_NICENESS)
        _draw_pending(json)
        return

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


def start_drawing() -> None:
    """Start drawing what published runs lack in a process of its own that outlives this one, unless settings say no.

    It runs with low priority; what it says goes to ``OBOD_HOME/log/draws.log``. Where one is drawing already, a second
    ends at once.
    """
    settings = get_settings()
    if not (settings.draw_after_publication and settings.knows_owner):
        return
    try:
        with open_log(settings.home / "log" / "draws.log") as said:
            subprocess.Popen(
                [sys.executable, "-m", "scripts", "robustness", "--pending"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
    except OSError as problem:
        err.print(f"Draws were not begun ({problem.strerror}); obod robustness --pending makes them.", highlight=False)


def _draw_pending(json: bool) -> None:
    def tell(drawn: Drawn, left: int) -> None:
        STANDING.begun, STANDING.place = True, f"{drawn.district} drawn, {left} districts to go"
        err.print(
            f"Run {drawn.run_id}, {drawn.district}: {drawn.plots:,} plots drawn; {left} districts to go.",
            highlight=False,
        )

    count = draw_pending(engine(), tell=tell)
    if json:
        print_json({"districts": count})
    else:
        out.print(f"{count} districts drawn; nothing is left to draw." if count else "Nothing is to be drawn.")
