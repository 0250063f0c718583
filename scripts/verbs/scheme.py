"""``obod scheme``: schemes that ship and schemes that staff stored, as files to read or to change."""

from __future__ import annotations

from typing import Annotated

import typer

from geo.panel.scheme import Scheme, load_scheme, shipped_schemes
from geo.panel.scheme_keys import SchemeFile
from layers.postgres.engine import writing
from layers.records.schemes import delete_stored, list_stored, scheme_called
from scripts.output import out, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Schemes: weights that panels agreed on.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the scheme.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
STORED, SHIPPED = "stored", "ships with Obod"


@app.callback()
def schemes() -> None:
    """Schemes: weights that panels agreed on; obod score --scheme NAME judges by one."""


@app.command("list")
def list_(json: Json = False) -> None:
    """List the schemes that ship, and those that staff stored from a trial on the page."""
    with writing() as connection:
        stored = [(one.said, f"{one.stored_at:%Y-%m-%d %H:%M}") for one in list_stored(connection)]
    found: list[tuple[Scheme | SchemeFile, str]] = [*stored, *((load_scheme(name), "") for name in shipped_schemes())]
    rows = [
        {
            "name": scheme.name,
            "panel": scheme.panel,
            "date": f"{scheme.date}",
            "orness": f"{scheme.orness:g}",
            "from": STORED if moment else SHIPPED,
            "stored": moment,
        }
        for scheme, moment in found
    ]
    if json:
        print_json(rows)
        return
    print_table(rows, tuple(rows[0]))


@app.command()
def show(name: Name) -> None:
    """Print the file of a scheme."""
    with writing() as connection:
        found = scheme_called(connection, name)
    out.print(found.text.rstrip("\n"), highlight=False, markup=False, soft_wrap=True)


@app.command()
def delete(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False
) -> None:
    """Delete a scheme that staff stored; runs that were made by it keep its text."""
    if not yes:
        typer.confirm(f"Delete scheme {name}?", abort=True)
    with writing() as connection:
        delete_stored(connection, name)
    if json:
        print_json({"deleted": name})
        return
    out.print(f"Scheme {name} is deleted.", highlight=False)
