"""``obod plots``: a beginning where there is no cadastre."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from geo.contract.classes import MINES
from geo.criteria import LAND_CRITERIA
from layers.loading.opened_file import Options
from layers.postgres.engine import writing
from layers.records.schemes import scheme_called
from layers.runs.fields import Proposal, fields_of_files, fields_of_grid, listed, propose_fields
from layers.runs.mined_districts import MINES_FIRST
from layers.sources.area import find_area
from layers.sources.outlines import fetched_outlines
from scripts.output import out, print_json, print_table

app = typer.Typer(help="Plots: candidate fields where there is no cadastre.", no_args_is_help=True)

SOURCE = re.compile(r"[a-z0-9_]+")  # name of a source; a file has an ending
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*ha")
SMALLEST_HA, LARGEST_HA = 0.05, 100.0
USED = (
    "A field is land that somebody may be using until the jamoat says who, with the women's committee present. It is "
    "no plot, has no right, and is never offered."
)

District = Annotated[str, typer.Option("--district", metavar="CODE", help="District the fields are for.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="FILE|SOURCE", help="Outlines of fields, a file or a fetched source; only shapes are taken."
    ),
]
Grid = Annotated[str | None, typer.Option("--grid", metavar="SIZE", help="Squares on cropland instead, such as 0.5ha.")]
Source = Annotated[str | None, typer.Option(metavar="TEXT", help="Who drew the outlines.")]
Licence = Annotated[str | None, typer.Option(metavar="TEXT", help="Licence of the outlines.")]
Table = Annotated[str | None, typer.Option(metavar="NAME", help="Table of a file that holds several.")]
Crs = Annotated[str | None, typer.Option(metavar="CRS", help="CRS of the file where it does not say it.")]
SchemeName = Annotated[str, typer.Option("--scheme", help="Name of a scheme that ships with Obod, or a scheme file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def propose(
    district: District,
    from_: From = None,
    grid: Grid = None,
    source: Source = None,
    licence: Licence = None,
    table: Table = None,
    crs: Crs = None,
    scheme: SchemeName = "default",
    json: Json = False,
) -> None:
    """Keep candidate fields of a district, judged like plots, and say what to ask about them first.

    They take the place of the fields that were proposed for the district before. Where plots are loaded, no field is
    kept. In districts where mines are known of, the only thing to do is to ask the mine action centre.
    """
    if (from_ is None) == (grid is None):
        raise typer.BadParameter("say --from FILE, --from SOURCE or --grid SIZE.")
    fetched = from_ is not None and SOURCE.fullmatch(from_) is not None and not Path(from_).exists()
    if fetched and any(said is not None for said in (source, licence, table, crs)):
        raise typer.BadParameter("a fetched source says who drew it, its licence, table and CRS itself.")
    with writing() as connection:
        judged_by = scheme_called(connection, scheme)
        basis, name = "outline", None
        if from_ is not None and fetched:
            outlines = fetched_outlines(from_)
            within = find_area(connection, (district,))
            candidates = fields_of_files(outlines.paths, Options(key="digest", within=within))
            drawn, licence = outlines.source, outlines.licence
        elif from_ is not None:
            candidates = fields_of_files((Path(from_),), Options(key="digest", table=table, crs=crs))
            drawn, name = source or "not stated", Path(from_).name
        else:
            candidates = fields_of_grid(connection, district, _hectares(str(grid)))
            basis, drawn = "grid", f"grid of {grid} on cropland"
        proposal = propose_fields(
            connection,
            district,
            candidates,
            judged_by,
            basis=basis,
            day=date.today(),
            source=drawn,
            licence=licence,
            file_name=name,
        )
    if json:
        print_json(
            {
                "district": district,
                "fields": proposal.fields,
                "hectares": round(proposal.hectares, 1),
                "under_plots": proposal.covered,
                "questions": listed(proposal.questions),
                "load": proposal.report.load_id,
            }
        )
    else:
        _say(proposal, district)


def _hectares(text: str) -> float:
    match = SIZE.fullmatch(text.strip())
    if match is None or not SMALLEST_HA <= float(match.group(1)) <= LARGEST_HA:
        raise typer.BadParameter(
            f"{text} is no size; expected {SMALLEST_HA:g}ha to {LARGEST_HA:g}ha, such as 0.5ha.", param_hint="--grid"
        )
    return float(match.group(1))


def _say(proposal: Proposal, district: str) -> None:
    left = f", {proposal.covered:,} left out where plots are" if proposal.covered else ""
    out.print(f"{district}: {proposal.fields:,} fields, {proposal.hectares:,.0f} ha{left}.", highlight=False)
    out.print(USED, highlight=False)
    columns = ("jamoat", "ask", "fields", "hectares", "usd", "usd_per_ha")
    mined = [one for one in proposal.questions if one.ask == MINES]
    others = [one for one in proposal.questions if one.ask != MINES]
    if mined:
        out.print(MINES_FIRST, highlight=False)
        print_table(listed(mined), ("jamoat", "fields", "hectares"))
    if others:
        print_table(listed(others), columns)
        how = {item.id: item.measuring.how for item in LAND_CRITERIA if item.measuring is not None}
        for ask in dict.fromkeys(one.ask for one in others):
            if ask in how:
                out.print(f"{ask}: {how[ask]}", highlight=False)
