"""What every reader of files hands on: rows in chunks, attributes as the file has them, geometry as it stands there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
from numpy.typing import NDArray

from layers.loading.shapes import CurvedGeometry, Shapes
from layers.records.open_load import Provenance
from layers.records.phrases import told

LINE = ""  # field of a fault that is the whole row's
HAS_ARCS = "has arcs; expected straight lines"
GEOMETRY = "geometry"  # field of a fault that is of a geometry no column is named for
CHUNK = 50_000  # rows read at once; about 100 MB of plots


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value of a row that could not be understood while reading: which row of the chunk, and why."""

    position: int
    field: str
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Origins:
    """Where rows come from: ``codes`` int64 (n,), places in ``known``.

    marked : the file says of each row whether it is made up.
    """

    known: Sequence[Provenance]
    codes: NDArray[np.int64]
    marked: bool = False

    def take(self, positions: NDArray[np.int64]) -> Origins:
        """Return those of some rows."""
        return Origins(self.known, self.codes[positions], self.marked)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    rows : int64 (n,), counted from 1. frame : attributes, columns as the file names them.
    shapes : geometries in the file's CRS, None for a table without positions.
    origins : where each row comes from, None where the file says nothing of its rows.
    """

    rows: NDArray[np.int64]
    frame: pd.DataFrame
    shapes: Shapes | None
    unreadable: list[Unreadable] = field(default_factory=list)
    origins: Origins | None = None


def shapes_of_wkb(wkb: pa.Array) -> tuple[Shapes, list[Unreadable]]:
    """Return the geometries of a column of Well-Known Binary, and the faults of rows that have one GEOS does not.

    Those with arcs, and of kinds such as a surface in space, are missing.
    """
    try:
        shapes = Shapes.of_wkb(wkb)
        return shapes, unreadable_geometries(shapes, wkb)
    except CurvedGeometry as curved:
        straight = pc.if_else(pa.array(~curved.arcs), wkb, pa.scalar(None, wkb.type))
        reason = told(HAS_ARCS)
        faults = [Unreadable(at, GEOMETRY, None, reason) for at in np.flatnonzero(curved.arcs).tolist()]
    shapes = Shapes.of_wkb(straight)
    return shapes, [*faults, *unreadable_geometries(shapes, straight)]


def unreadable_geometries(shapes: Shapes, wkb: pa.Array) -> list[Unreadable]:
    """Return the faults of rows whose geometry is of a kind that GEOS does not have, such as a surface in space.

    ``wkb`` : the column of Well-Known Binary that ``shapes`` were made of.
    """
    given = pc.fill_null(pc.greater(pc.binary_length(wkb), 0), False)  # a FlatGeobuf table has shapes of no byte
    lost = shapes.missing() & given.to_numpy(zero_copy_only=False)
    return [
        Unreadable(int(at), GEOMETRY, None, told("is of a kind that cannot be read")) for at in np.flatnonzero(lost)
    ]


class Source(Protocol):
    """A file that can be read from its first row, as often as needed.

    columns : names of the attributes. positions : those that say where a row lies. crs : as the file says it.
    spatial : rows have positions. total : number of rows, None when the format cannot tell.
    notes : what the report should say about the reading.
    """

    file_name: str
    columns: tuple[str, ...]
    positions: tuple[str, ...]
    crs: pyproj.CRS | None
    spatial: bool
    total: int | None
    notes: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        ...
