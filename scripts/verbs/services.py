"""``obod services``: minutes from the plots of a district to every kind of service, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layers.cache.files import write_whole_at
from layers.errors import cannot_be_written
from layers.explain.ways import services_of_district
from layers.postgres.engine import computing
from layers.settings import get_settings
from scripts.output import out, print_json

District = Annotated[str, typer.Option("--district", help="District code.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def services(district: District, output: Output, json: Json = False) -> None:
    """Write minutes from every plot of a district to the nearest service of each kind, when dry and in winter."""
    with computing(timeout_s=get_settings().command_seconds) as connection:
        table = services_of_district(connection, district)
    try:
        with write_whole_at(output) as draft:
            table.to_csv(draft, index=False, encoding="utf-8-sig")
    except OSError as problem:
        raise cannot_be_written(output.name, problem) from None
    kinds = [name.removesuffix("_nearest") for name in table.columns if name.endswith("_nearest")]
    if json:
        print_json({"district": district, "plots": len(table), "kinds": kinds, "file": str(output)})
    else:
        out.print(f"{len(table):,} plots, minutes to {', '.join(kinds) or 'no service'}: {output}.", highlight=False)
