"""``obod score-files``: the same science on plain files, without a database."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from geo.panel.scheme import load_scheme
from layers.catalogue import BY_NAME, RASTERS
from layers.runs.score_files import DRIVERS, PARQUET, FilePart, parts_of_folder, score_parts
from scripts.output import err, out, print_json, print_table, tracked
from scripts.verbs.layer import Crs, Map, columns_by_field
from scripts.verbs.score import Certificates, Cluster, Insecure, place_of

GIVEN = (*(name for name in BY_NAME if name != "plots"), *(r.id for r in RASTERS if r.derived_from is None))
LAYERS_HELP = "Every other layer by its own option, such as --canals FILE --dem FILE: " + ", ".join(GIVEN)


def score_files(
    context: typer.Context,
    plots: Annotated[Path, typer.Option("--plots", help="File of plots, or a folder of GeoParquet parts.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="gpkg, fgb, geojson, parquet or csv; a folder for parts."),
    ],
    scheme: Annotated[str, typer.Option("--scheme", help="Name of a scheme, or a scheme file.")] = "default",
    key: Annotated[str | None, typer.Option("--key", help="Column that names the plots.")] = None,
    map_: Map = None,
    crs: Crs = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Ages of evidence are counted to this day, YYYY-MM-DD."),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Score parts in this many processes.")] = None,
    cluster: Cluster = None,
    certificates: Certificates = None,
    insecure: Insecure = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score the plots of a file from layers in files. Every layer is an option of its own name.

    A folder of GeoParquet files, such as one for each district, is scored part by part into a folder of the same
    names, each part with the land around its own plots; `--workers` and `--cluster` share the parts out.
    """
    place = place_of(cluster, certificates, insecure)
    if workers is not None and cluster is not None:
        raise typer.BadParameter("--workers and --cluster exclude each other.")
    judged = load_scheme(scheme)
    files = layer_files(context.args)
    if plots.is_dir():
        if output.suffix or output.is_file():
            raise typer.BadParameter(f"{output.name}: the results of a folder go to a folder")
        pairs = parts_of_folder(plots, output)
    else:
        if output.suffix.casefold() not in {*DRIVERS, PARQUET}:
            raise typer.BadParameter(f"{output.name}: expected one of {', '.join((*DRIVERS, PARQUET))}")
        pairs = [(plots, output)]
    day = as_of.date() if as_of else date.today()
    assigned = columns_by_field(map_)
    parts = [FilePart(source, target, files, judged.text, day, key, crs, assigned) for source, target in pairs]
    counts: Counter[str] = Counter()
    not_assessed: dict[str, str] = {}
    for report in tracked(score_parts(parts, workers=workers, cluster=place), total=len(parts), what="Scoring parts"):
        counts.update(report.classes)
        not_assessed |= report.not_assessed
    total, classes = counts.total(), dict(sorted(counts.items()))
    if json:
        found = {"plots": total, "scheme": judged.name, "classes": classes, "parts": len(parts)}
        print_json({**found, "not_assessed": not_assessed, "output": output.name})
        return
    out.print(f"{total:,} plots scored with scheme {judged.name} into {output.name}.", highlight=False)
    print_table([{"class": name, "plots": count} for name, count in classes.items()], ("class", "plots"))
    for criterion, why in not_assessed.items():
        err.print(f"{criterion} not assessed: {why}", highlight=False)


def layer_files(arguments: list[str]) -> dict[str, Path]:
    """Files by layer from ``--LAYER FILE`` pairs; anything else is wrong usage."""
    found: dict[str, Path] = {}
    rest = iter(arguments)
    for argument in rest:
        option, _, value = argument.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in GIVEN:
            raise typer.BadParameter(f"no such option or layer: {argument}")
        path = value or next(rest, "")
        if not path:
            raise typer.BadParameter(f"--{name} needs a file")
        found[name] = Path(path)
    return found
