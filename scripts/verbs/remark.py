"""``obod remark``: what staff remarked on plots, listed and erased."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from layers.derived.susceptibility import districts_named
from layers.postgres.engine import engine, writing
from layers.postgres.rewriting import rewrite
from layers.records.remarks import PlotRemark, erase_remarks, list_remarks
from scripts.output import out, print_json, print_table
from scripts.remains import tell_refused

app = typer.Typer(no_args_is_help=True, help="Remarks of staff on plots.")

COLUMNS = ("remark", "plot_id", "district", "text", "key_id", "made_at", "ended_at", "ended_by")
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.callback()
def remark() -> None:
    """Remarks of staff on plots, written on the page or by POST /plots/PLOT/remarks."""


@app.command("list")
def list_(
    district: Annotated[str | None, typer.Option(help="Only of this district, by its code.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that were taken back.")] = False,
    json: Json = False,
) -> None:
    """List remarks on plots, the latest first."""
    with writing() as connection:
        if district is not None:
            districts_named(connection, [district])
        found = list_remarks(connection, district, with_ended=ended)
        rows: list[dict[str, Any]] = [{name: getattr(one, name) for name in COLUMNS} for one in found]
    if json:
        print_json(rows)
        return
    if not rows:
        out.print("There is no remark.", highlight=False)
        return
    for row in rows:
        for moment in ("made_at", "ended_at"):
            row[moment] = None if row[moment] is None else f"{row[moment]:%Y-%m-%d %H:%M}"
    print_table(rows, COLUMNS if ended else COLUMNS[:-2])


@app.command()
def erase(
    remarks: Annotated[list[int], typer.Argument(metavar="REMARK...", help="Numbers of remarks, as they are listed.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase remarks for good, those in force too; backups that were made before keep them."""
    if not yes:
        typer.confirm(f"Erase {len(set(remarks))} remarks for good?", abort=True)
    with writing() as connection:
        count = erase_remarks(connection, remarks)
    tell_refused(rewrite(engine(), [PlotRemark.__tablename__]))
    if json:
        print_json({"erased": count})
        return
    out.print(f"Erased: {count} remarks.", highlight=False)
