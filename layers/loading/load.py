"""The way every row takes into the database, from a file or from memory: checked, repaired, compared, stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.base import STORED_SRID, Layer
from layers.errors import DataRefused, NotFound
from layers.loading.checks import check_attributes, required_fields
from layers.loading.chunks import CHUNK, Origins, Unreadable
from layers.loading.current_rows import Existing
from layers.loading.derive import PlotFacts, Surroundings, spatially_ordered
from layers.loading.faults import Faults
from layers.loading.repair import sound
from layers.loading.replacement import EndingLimits
from layers.loading.rounded_shapes import restore_rounded
from layers.loading.row_provenance import carried_on
from layers.loading.rows import Writer
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance, provenance_of
from layers.records.phrases import told


def layer_named(name: str) -> type[Layer]:
    """Return the vector layer or table of that name.

    Raises
    ------
    NotFound : no such layer.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    raise NotFound(f"There is no layer {name}; the layers are {', '.join((*BY_NAME, *RASTERS_BY_NAME))}.")


class Batches:
    """Checks batches of one layer and hands what is good to a writer."""

    def __init__(
        self,
        connection: Connection,
        layer: type[Layer],
        report: LoadReport,
        writer: Writer,
        *,
        empty_clears: bool = False,
    ) -> None:
        self.connection = connection
        self.layer = layer
        updates = report.mode == "update"
        self.existing = Existing(connection, layer, empty_clears=empty_clears) if updates else None
        self.report = report
        self.writer = writer
        self.surroundings = Surroundings(connection, layer)
        self.plots = PlotFacts(connection) if layer.computed else None
        self.box = layer.box
        self._made_up = 0

    def take(
        self,
        rows: NDArray[np.int64],
        frame: pd.DataFrame,
        shapes: Shapes | None,
        found: Iterable[Unreadable] = (),
        origins: Origins | None = None,
    ) -> None:
        """Check one batch and store its good rows.

        Parameters
        ----------
        rows : int64 (n,), row numbers of the file. frame : fields of the layer, as read.
        shapes : geometries in EPSG:4326, None for a table. found : faults of rows that were met on the way here.
        origins : where each row comes from; None = where the load does.
        """
        report = self.report
        faults = Faults(rows)
        faults.note(found)
        derived = derived_fields(self.layer)
        kind = self.layer.geometry_kind
        if self.existing is None:
            table = check_attributes(self.layer, frame, faults, derived)
        else:
            table = check_attributes(self.layer, frame, faults, derived | self.existing.silent_fields(frame))
        keys = list(faults.keys)
        held = None if self.existing is None else self.existing.read(keys)
        if kind is not None and shapes is not None:
            known = None if held is None else held.shapes_by(keys)
            shapes = restore_rounded(self.connection, self.layer, keys, shapes, known)
        if self.existing is not None and held is not None:
            if kind is not None:
                shapes = self.existing.place_shapes(held, shapes, faults)
            self.existing.fill(table, frame, held, shapes, faults)
        if kind is not None:
            given, bounds, repairs = sound(_known(shapes, len(rows)), kind, faults, self.box)
            report.repairs.extend(repairs)
        report.rejections.extend(faults.rejections())
        self.writer.withhold(list(faults.keys[faults.bad]))
        good = np.flatnonzero(~faults.bad)
        if not len(good):
            return
        if held is not None:
            loads = held.load_by_row()
            behind = provenance_of(self.connection, loads[loads > 0].tolist())
            if origins is None or not origins.marked:
                made_up = [load for load, said in behind.items() if said.synthetic]
                self._made_up += int(np.isin(loads[good], made_up).sum())
            origins = carried_on(self.writer.provenance, origins, loads, behind)
        if kind is not None:
            good = good[spatially_ordered(bounds[good])]
            given = given.take(good)
            bounds = bounds[good]
        table = {name: values.take(good) for name, values in table.items()}
        if self.plots is not None:
            self.plots.measure(table, given)
            del table["plot_no"]
        if kind is not None:
            self.surroundings.fill(table, given)
        if self.writer.gathering is not None:
            ground = (None, None) if kind is None else (given, bounds)
            self.writer.gathering.add(table, *ground)
        if kind is not None:
            table["geom"] = Values.known(given.ewkb(kind))
        origins = None if origins is None else origins.take(good)
        self.writer.write(rows[good], table, self._given_on_storing, origins)

    def _given_on_storing(self, keys: Sequence[str]) -> dict[str, Values]:
        """Columns of rows that are stored, by their keys, which say nothing of the row's content."""
        return {} if self.plots is None else {"plot_no": self.plots.numbers(keys)}

    def closing_notes(self) -> None:
        """Add to the report what only shows once all rows were seen."""
        self.report.notes.extend(self.surroundings.notes())
        if self.existing is not None:
            self.report.notes.extend(self.existing.notes())
        if self._made_up:
            self.report.notes.append(
                told(
                    "{count} rows that are there were made up and stay marked so; a column synthetic that says false "
                    "ends that.",
                    count=self._made_up,
                )
            )
        if self.plots is not None:
            self.report.notes.extend(self.plots.notes())


def fields_to_give(layer: type[Layer], mode: str) -> list[str]:
    """Return the fields a file must have: an update needs the key alone, for it changes only what the file says."""
    return [layer.key] if mode == "update" else required_fields(layer, derived_fields(layer))


def derived_fields(layer: type[Layer]) -> frozenset[str]:
    """Fields of a layer that the loader computes."""
    return frozenset(layer.computed)


def load_frame(
    connection: Connection,
    layer: str,
    frame: gpd.GeoDataFrame | pd.DataFrame,
    *,
    mode: str = "add",
    source: str | None = None,
    licence: str | None = None,
    source_date: date | None = None,
    synthetic: bool = False,
    file_name: str | None = None,
    ending: EndingLimits | None = None,
) -> LoadReport:
    """Load a frame whose columns are named as the layer's fields, within the caller's transaction.

    Parameters
    ----------
    frame : a GeoDataFrame in EPSG:4326, or a DataFrame for a table. Plots get their number and area; district and
        jamoat are found by a point inside the plot where they are missing.
    mode : add (existing keys that differ are refused), update, or replace (rows not in the frame are ended).
    ending : what mode replace may end; None = all that the frame does not have.

    Raises
    ------
    DataRefused : any row does not fit (there is no file to keep rejected rows in), or existing keys differ.
    NotFound : no such layer.
    """
    target = layer_named(layer)
    shapes: Shapes | None = None
    if isinstance(frame, gpd.GeoDataFrame) and target.geometry_kind is not None:
        if frame.crs is None or frame.crs.to_epsg() != STORED_SRID:
            raise DataRefused(f"The frame for {layer} must be in EPSG:{STORED_SRID}, not {frame.crs}.")
        shapes = Shapes.of(np.asarray(frame.geometry.array, dtype=object))
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    elif target.geometry_kind is not None and mode != "update":
        raise DataRefused(f"The frame for {layer} has no geometry.")
    missing = [name for name in fields_to_give(target, mode) if name not in frame]
    if missing:
        raise DataRefused(f"The frame for {layer} lacks {', '.join(missing)}.")
    report = LoadReport(layer=layer, kind="generated" if synthetic else "load", mode=mode, file_name=file_name)
    report.ignored = tuple(sorted(set(frame.columns) - set(target.attributes())))
    provenance = Provenance(source, licence, source_date, synthetic)
    writer = Writer(connection, target, report, provenance, ending)
    try:
        batches = Batches(connection, target, report, writer)
        for start, stop in _spans(len(frame)):
            rows = np.arange(start + 1, stop + 1, dtype=np.int64)
            part = None if shapes is None else shapes.take(np.arange(start, stop))
            report.read += len(rows)
            batches.take(rows, frame.iloc[start:stop], part)
            if report.rejections:
                raise DataRefused(
                    f"{report.rejected} of the first {stop} rows for {layer} cannot be loaded: {report.rejections[0]}."
                )
        batches.closing_notes()
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise


def _known(shapes: Shapes | None, count: int) -> Shapes:
    return Shapes.none(count) if shapes is None else shapes


def _spans(count: int) -> Iterable[tuple[int, int]]:
    return ((start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))
