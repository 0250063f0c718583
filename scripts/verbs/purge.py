"""``obod layer purge``: rows of a load, or rows that ended long ago, erased for good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from layers.errors import NotAllowed
from layers.postgres.engine import Connection, engine, writing
from layers.schema.erasure import Erasure, purge_ended, purge_load
from layers.schema.remains import listed, sweep
from layers.settings import get_settings
from scripts.output import out, print_json
from scripts.remains import tell_refused
from scripts.stopping import PARTLY, Stopped

Load = Annotated[
    int | None, typer.Argument(metavar="[LOAD]", help="Number of the load, as `obod layer loads` shows it.")
]
EndedBefore = Annotated[
    datetime | None,
    typer.Option("--ended-before", formats=["%Y-%m-%d"], help="All rows that ended before this day, of every layer."),
]
Retention = Annotated[
    bool, typer.Option("--retention", help="All rows that ended longer ago than OBOD_RETENTION_DAYS, as a timer asks.")
]
WithCurrent = Annotated[
    bool, typer.Option("--with-current", help="Also rows that are in force, and served results made from them.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def purge(
    load: Load = None,
    ended_before: EndedBefore = None,
    retention: Retention = False,
    with_current: WithCurrent = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Erase rows for good: from tables, results, reports of loads, rejected rows, logs, and all that is kept.

    What an update or an undo carried on of a load goes too. Backups that were made before keep it: delete those as
    well, and purge again after restoring one.
    """
    if sum((load is not None, ended_before is not None, retention)) != 1:
        raise typer.BadParameter("Name a load, --ended-before DAY or --retention.")
    before = _kept_from() if retention else ended_before and ended_before.replace(tzinfo=UTC)

    def erase(connection: Connection) -> Erasure:
        if load is not None:
            return purge_load(connection, load, with_current=with_current)
        assert before is not None
        return purge_ended(connection, before, with_current=with_current)

    from layers.runs.score import sweep_abandoned  # takes a tenth of a second; no other command of layers needs it

    sweep_abandoned(engine())  # of runs that were killed: they are not at work
    if not yes:
        _ask(erase)
    home = get_settings().home
    with ExitStack() as held:
        with writing() as connection:
            erased = erase(connection)
            remains = held.enter_context(listed(home, erased, before))
        try:
            refused = sweep(engine(), home, remains)
        except KeyboardInterrupt:
            raise Stopped(
                "The rows are erased; rejected rows, logs and the files of the database may still hold them until the "
                "next command of obod, which removes the rest first.",
                PARTLY,
            ) from None
    if json:
        print_json(asdict(erased) | {"not_written_anew": refused})
        return
    _say(erased, "Erased")
    tell_refused(refused)
    if erased.plots:
        out.print("`obod score` judges the plots that stay anew.", highlight=False)


def _kept_from() -> datetime:
    days = get_settings().retention_days
    if days is None:
        raise NotAllowed("No time is set after which rows go; set OBOD_RETENTION_DAYS, or name --ended-before DAY.")
    return datetime.now(UTC) - timedelta(days=days)


def _ask(erase: Callable[[Connection], Erasure]) -> None:
    """Say what would go, and ask; nothing is erased for that."""
    with writing() as connection:
        trial = connection.begin_nested()
        found = erase(connection)
        trial.rollback()
    _say(found, "This erases")
    typer.confirm("Erase it for good?", abort=True)


def _say(erased: Erasure, verb: str) -> None:
    rows = ", ".join(f"{count:,} of {layer}" for layer, count in sorted(erased.rows.items()) if count)
    out.print(f"{verb}: rows {rows}." if rows else f"{verb}: no rows.", highlight=False)
    if erased.remarks:
        out.print(f"Remarks of staff on plots: {erased.remarks:,}.", highlight=False)
    if erased.runs:
        runs = ", ".join(map(str, erased.runs))
        results = f"; results of {len(erased.plots):,} plots in them" if erased.plots else ""
        out.print(f"Runs made from them, which can no longer be computed again: {runs}{results}.", highlight=False)
