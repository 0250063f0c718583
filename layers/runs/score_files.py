"""Scoring without a database: plots and layers in files, one file of plots or a folder of parts, here or on workers.

A part is scored with the land around its own plots and written whole or not at all, so it comes out the same to the
last bit whoever scores it; a worker that is lost costs only its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from geo.errors import SuitabilityError
from geo.panel.judging import judgement_by
from geo.panel.scheme import parse_scheme
from geo.suitability.assess import assess
from geo.suitability.shown import shown_score
from geo.terrain.grid import Grid
from geo.terrain.relief import slope_pct
from layers.cache.files import write_whole_at
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.errors import DataRefused, LayersError, cannot_be_written
from layers.frames.around import widened
from layers.frames.windows import Bounds
from layers.loading.in_memory import frame_of_file, grid_of_file
from layers.loading.mapping import keys_instead, mappings_for
from layers.loading.opened_file import Options
from layers.records.load_report import LoadReport
from layers.records.loads import ROW_COLUMNS
from layers.records.outcomes import OUTCOMES
from layers.runs.parts import reach_of_layers
from layers.runs.workers import ClusterPlace, client_for, each_done

DRIVERS = {".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".geojson": "GeoJSON", ".csv": "CSV"}
PARQUET = ".parquet"
REJECTS = (".gpkg", ".csv")  # endings of a file of rejected rows


@dataclass(frozen=True, slots=True)
class FileLayers(Mapping[str, "gpd.GeoDataFrame | Grid"]):
    """Layers in files, read on first use; the slope is derived from the heights.

    mappings : folder of mapping files, of which those are followed that are for a layer and its file.
    """

    files: Mapping[str, Path]
    bounds: Bounds
    mappings: Path | None = None
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
        if name in RASTERS_BY_NAME:
            return self._grid(name)
        with self._advice_for(name):
            return frame_of_file(name, self.files[name], self._options(name))[0]

    def _grid(self, name: str) -> Grid:
        around = widened(self.bounds, reach_of_layers().get(name, 0.0))
        with self._advice_for(name):
            return grid_of_file(name, self.files[name], around, self._options(name))

    def _options(self, name: str) -> Options:
        known = [] if self.mappings is None else mappings_for(self.mappings, name, self.files[name].name)
        return Options(mapping=self.mappings if known else None)

    @contextmanager
    def _advice_for(self, name: str) -> Iterator[None]:
        """Options of the command are for the plots: of another layer a mapping file says the same."""
        try:
            yield
        except DataRefused as refusal:
            keys = keys_instead(str(refusal))
            if not keys:
                raise
            raise DataRefused(
                f"{refusal} Of {name}, a mapping file in the folder of --mapping says that with: {keys}."
            ) from None


@dataclass(frozen=True, slots=True)
class FilePart:
    """One file of plots to score into one file of results.

    files : layer or grid -> its file. scheme_text : the scheme file, whole. day : ages of evidence are counted to it.
    options : what the user says of the plots; a folder of mapping files is for the other layers too.
    """

    plots: Path
    output: Path
    files: Mapping[str, Path]
    scheme_text: str
    day: date
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What scoring a part did: plots by class, and criteria that could not be assessed with the reason.

    read : what reading the plots came to. refused : why nothing was scored; None where it was.
    """

    part: FilePart
    classes: dict[str, int] = field(default_factory=dict)
    not_assessed: dict[str, str] = field(default_factory=dict)
    read: LoadReport | None = None
    refused: str | None = None


def parts_of_folder(plots: Path, output: Path) -> list[tuple[Path, Path]]:
    """Return the GeoParquet files of a folder, subfolders included, each with the file its results go to.

    Raises
    ------
    DataRefused : the folder holds none.
    """
    files = sorted(path for path in plots.rglob(f"*{PARQUET}") if not path.name.startswith("."))
    if not files:
        raise DataRefused(f"{plots.name} holds no {PARQUET} file.")
    return [(path, output / path.relative_to(plots)) for path in files]


def score_parts(
    parts: Sequence[FilePart], *, workers: int | None = None, cluster: ClusterPlace | None = None
) -> Iterator[FileReport]:
    """Score parts in this process, in processes of this machine or on a Dask cluster; yield each report when done.

    A part that is refused holds up no other; its report says why. Workers of a cluster need the files under the same
    names, such as on a shared folder.
    """
    if workers is None and cluster is None:
        yield from map(_scored_or_refused, parts)
        return
    keys = [f"obod-file-{number}-{part.output}" for number, part in enumerate(parts)]
    with client_for(workers, cluster) as client:
        for _, report in each_done(client, _scored_or_refused, [(part,) for part in parts], keys):
            yield report


def score_part(part: FilePart) -> FileReport:
    """Score one file of plots and write its results.

    Raises
    ------
    DataRefused : a file that cannot be read, used or written; names it.
    """
    scheme = parse_scheme(part.scheme_text, source="the scheme")
    rejects = part.output.with_name(f"{part.output.stem}-rejected")
    try:
        part.output.parent.mkdir(parents=True, exist_ok=True)
        for ending in REJECTS:
            rejects.with_name(rejects.name + ending).unlink(missing_ok=True)  # of an earlier run
    except OSError as problem:
        raise cannot_be_written(part.output.name, problem) from None
    frame, read = frame_of_file("plots", part.plots, part.options, rejects=rejects, provenance=True)
    if not len(frame):
        raise DataRefused(_none_left(part.plots.name, read))
    x_min, y_min, x_max, y_max = (float(edge) for edge in shapely.total_bounds(frame.geometry.to_numpy()))
    said = part.options.mapping
    around = FileLayers(part.files, (x_min, y_min, x_max, y_max), said if said is not None and said.is_dir() else None)
    found = assess(frame, around, judgement_by(scheme, part.day, frame["district"].to_numpy(dtype=object)), scheme)
    result = scored_frame(frame, found.to_frame())
    write(result, part.output)
    counts = result["class"].value_counts().sort_index()
    return FileReport(part, {str(name): int(count) for name, count in counts.items()}, dict(found.not_assessed), read)


def _none_left(name: str, read: LoadReport) -> str:
    """Why a file has no plot to score."""
    if not read.rejections:
        return f"{name} holds no plot."
    kept = Path(read.rejects_file or "").name
    return f"None of {read.read:,} rows of {name} can be scored: {read.rejections[0]}. All stand in {kept}."


def _scored_or_refused(part: FilePart) -> FileReport:
    try:
        return score_part(part)
    except (LayersError, SuitabilityError) as refusal:
        return FileReport(part, refused=str(refusal))


def scored_frame(plots: gpd.GeoDataFrame, results: pd.DataFrame) -> gpd.GeoDataFrame:
    """Plots with their results in EPSG:4326: scores rounded down to one decimal, lists as text; no staff attribute.

    Where it is said, each says where it comes from, and whether it is made up.
    """
    public = [name for name in BY_NAME["plots"].attributes(BY_NAME["plots"].card.audience) if name in plots]
    shown = results.drop(columns=[outcome.name for outcome in OUTCOMES if not outcome.in_view and not outcome.shown])
    for name in (outcome.name for outcome in OUTCOMES if outcome.rounded_down):
        shown[name] = shown_score(shown[name].to_numpy(dtype=np.float64))
    shown["not_assessed"] = [",".join(names) for names in shown["not_assessed"]]
    kept = [name for name in public if name not in ("plot_no", *shown.columns)]
    kept += [name for name in ROW_COLUMNS.values() if name in plots]
    frame = pd.concat([pd.DataFrame(plots[kept]).reset_index(drop=True), shown.reset_index(drop=True)], axis=1)
    return gpd.GeoDataFrame(frame, geometry=plots.geometry.to_numpy(), crs=plots.crs).to_crs(4326)


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write the frame beside its place and move it there at the end, so that no half-written file stays."""
    try:
        with write_whole_at(path) as draft:
            if path.suffix.casefold() == PARQUET:
                frame.to_parquet(draft)
            elif path.suffix.casefold() == ".csv":
                table = frame.drop(columns="geometry").assign(wkt=frame.geometry.to_wkt())
                table.to_csv(draft, index=False, encoding="utf-8-sig")
            else:
                pyogrio.write_dataframe(frame, draft, layer="plots", driver=DRIVERS[path.suffix.casefold()])
    except OSError as problem:
        raise cannot_be_written(path.name, problem) from None
