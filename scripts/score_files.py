"""``obod score-files``: the same science on plain files, without a database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
import typer

from geo.criterion import Judgement
from geo.grid import Grid
from geo.scheme import load_scheme
from geo.suitability import assess, printed
from geo.terrain import slope_pct
from layers.catalogue import BY_NAME, RASTERS, RASTERS_BY_NAME
from layers.errors import DataRefused
from layers.frames import Bounds, widened
from layers.loading.in_memory import frame_of_file, grid_of_file
from layers.parts import reach_of_layers
from scripts.output import err, out, print_json, print_table

DRIVERS = {".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".geojson": "GeoJSON", ".csv": "CSV"}
GIVEN = (*(name for name in BY_NAME if name != "plots"), *(r.id for r in RASTERS if r.derived_from is None))
LAYERS_HELP = "Every other layer by its own option, such as --canals FILE --dem FILE: " + ", ".join(GIVEN)


@dataclass(frozen=True, slots=True)
class FileLayers(Mapping[str, "gpd.GeoDataFrame | Grid"]):
    """Layers in files, read on first use; the slope is derived from the heights."""

    files: Mapping[str, Path]
    bounds: Bounds
    seen: dict[str, gpd.GeoDataFrame | Grid] = field(default_factory=dict)

    def __getitem__(self, name: str) -> gpd.GeoDataFrame | Grid:
        if name not in self.seen:
            self.seen[name] = self._read(name)
        return self.seen[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        return [*self.files, *(["slope"] if "dem" in self.files else [])]

    def _read(self, name: str) -> gpd.GeoDataFrame | Grid:
        if name == "slope" and "dem" in self.files:
            return slope_pct(self._grid("dem"))
        if name not in self.files:
            raise KeyError(name)
        return self._grid(name) if name in RASTERS_BY_NAME else frame_of_file(name, self.files[name])

    def _grid(self, name: str) -> Grid:
        return grid_of_file(name, self.files[name], widened(self.bounds, reach_of_layers().get(name, 0.0)))


def score_files(
    context: typer.Context,
    plots: Annotated[Path, typer.Option("--plots", help="File of plots.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="gpkg, fgb, geojson, parquet or csv, by its name.")],
    scheme: Annotated[str, typer.Option("--scheme", help="Name of a scheme, or a scheme file.")] = "default",
    key: Annotated[str | None, typer.Option("--key", help="Column that names the plots.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Ages of evidence are counted to this day.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score the plots of a file from layers in files. Every layer is an option of its own name."""
    judged = load_scheme(scheme)
    files = layer_files(context.args)
    frame = frame_of_file("plots", plots, key=key)
    if not len(frame):
        raise DataRefused(f"{plots.name} holds no plot.")
    if output.suffix.casefold() not in {*DRIVERS, ".parquet"}:
        raise typer.BadParameter(f"{output.name}: expected one of {', '.join((*DRIVERS, '.parquet'))}")
    x_min, y_min, x_max, y_max = (float(edge) for edge in shapely.total_bounds(frame.geometry.to_numpy()))
    day = date.fromisoformat(as_of) if as_of else date.today()
    crop = np.array([judged.crop_of(code) for code in frame["district"]])
    around = FileLayers(files, (x_min, y_min, x_max, y_max))
    found = assess(frame, around, Judgement(as_of=day, crop=crop), judged)
    result = scored_frame(frame, found.to_frame())
    write(result, output)
    counts = result["class"].value_counts().sort_index()
    if json:
        report = {"plots": len(result), "scheme": judged.name, "classes": counts.to_dict()}
        print_json({**report, "not_assessed": dict(found.not_assessed), "output": output.name})
        return
    out.print(f"{len(result):,} plots scored with scheme {judged.name} into {output.name}.", highlight=False)
    print_table([{"class": name, "plots": int(count)} for name, count in counts.items()], ("class", "plots"))
    for criterion, why in found.not_assessed.items():
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


def scored_frame(plots: gpd.GeoDataFrame, results: pd.DataFrame) -> gpd.GeoDataFrame:
    """Plots with their results in EPSG:4326: scores rounded down to one decimal, lists as text; no staff attribute."""
    public = [name for name in BY_NAME["plots"].attributes(BY_NAME["plots"].card.audience) if name in plots]
    shown = results.drop(columns=["memberships", "evidence"])
    for name in ("score", "score_low", "score_high", "potential_score"):
        shown[name] = printed(shown[name].to_numpy(dtype=np.float64))
    shown["not_assessed"] = [",".join(names) for names in shown["not_assessed"]]
    kept = [name for name in public if name not in ("plot_no", *shown.columns)]
    frame = pd.concat([pd.DataFrame(plots[kept]).reset_index(drop=True), shown.reset_index(drop=True)], axis=1)
    return gpd.GeoDataFrame(frame, geometry=plots.geometry.to_numpy(), crs=plots.crs).to_crs(4326)


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write the frame beside its place and move it there at the end, so that no half-written file stays."""
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        if path.suffix.casefold() == ".parquet":
            frame.to_parquet(partial)
        elif path.suffix.casefold() == ".csv":
            table = frame.drop(columns="geometry").assign(wkt=frame.geometry.to_wkt())
            table.to_csv(partial, index=False, encoding="utf-8-sig")
        else:
            pyogrio.write_dataframe(frame, partial, layer="plots", driver=DRIVERS[path.suffix.casefold()])
        os.replace(partial, path)
    except OSError as problem:
        raise DataRefused(f"{path.name} cannot be written: {problem.strerror or 'no such folder'}.") from None
    finally:
        partial.unlink(missing_ok=True)
