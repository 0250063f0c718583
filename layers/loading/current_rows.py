"""What a layer holds under the keys of a file: an update changes what the file says, and nothing it is silent about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, LargeBinary, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from layers.catalogue.base import Layer
from layers.loading.checks import MISSING, UNKNOWN, dtype_of
from layers.loading.derive import UNITS
from layers.loading.faults import Faults
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values, columns_of
from layers.records.phrases import told

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Held:
    """Current rows of a layer under some keys.

    place : int64 (n,), where the row of each key stands in ``values``, ``shapes`` and ``loads``; -1 = no row is there.
    loads : int64, load that brought each.
    """

    place: Places
    values: Mapping[str, Values]
    shapes: NDArray[np.object_]
    loads: Places

    @property
    def known(self) -> Flags:
        """Which keys have a row, bool (n,)."""
        return self.place >= 0

    def load_by_row(self) -> Places:
        """Return the load that brought the row under each key, int64 (n,); 0 = no row is there."""
        loads = np.zeros(len(self.place), dtype=np.int64)
        loads[self.known] = self.loads[self.place[self.known]]
        return loads

    def shapes_by(self, keys: Sequence[str]) -> dict[str, shapely.Geometry]:
        """Return the shapes of the rows that are there; ``keys`` are those asked for, in their order."""
        return {keys[at]: self.shapes[self.place[at]] for at in np.flatnonzero(self.known).tolist()}


class Existing:
    """Fills in what the rows of an update do not say from the rows that are there; one per load."""

    def __init__(self, connection: Connection, layer: type[Layer], *, empty_clears: bool) -> None:
        self.connection = connection
        self.layer = layer
        self.empty_clears = empty_clears
        self._empty: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    def read(self, keys: Sequence[str]) -> Held:
        """Return what the layer holds under ``keys``."""
        columns = columns_of(self.layer)
        names = [name for name in self.layer.attributes() if name in columns]
        wanted: list[Any] = [columns[name] for name in names]
        wanted.append(columns["load_id"].label("load_id"))
        spatial = self.layer.geometry_kind is not None
        if spatial:
            wanted.append(func.ST_AsBinary(columns["geom"], type_=LargeBinary).label("shape"))
        key = columns[self.layer.key]
        here = key == func.any(bindparam("keys", list(keys), type_=ARRAY(String)))
        rows = self.connection.execute(select(*wanted).where(here, self.layer.ended_by.is_(None))).all()
        places = {row._mapping[self.layer.key]: place for place, row in enumerate(rows)}
        place = np.array([places.get(key, -1) for key in keys], dtype=np.int64)
        values = {name: _values([row[at] for row in rows], columns[name]) for at, name in enumerate(names)}
        shapes = np.full(len(rows), None, dtype=object)
        if spatial:
            shapes[:] = shapely.from_wkb([bytes(row.shape) for row in rows])
        return Held(place, values, shapes, np.array([row.load_id for row in rows], dtype=np.int64))

    def place_shapes(self, held: Held, shapes: Shapes | None, faults: Faults) -> Shapes:
        """Return the geometries of the rows: their own, or where the file says none those that are there."""
        if shapes is not None:
            silent = np.flatnonzero(shapes.missing() & held.known)
            return shapes.replaced(silent, held.shapes[held.place[silent]]) if len(silent) else shapes
        faults.add(
            ~held.known,
            told("is not in {layer}; a new row needs a position", layer=self.layer.__tablename__),
            self.layer.key,
        )
        found = np.full(len(held.place), None, dtype=object)
        found[held.known] = held.shapes[held.place[held.known]]
        return Shapes.of(found)

    def fill(
        self, table: dict[str, Values], frame: pd.DataFrame, held: Held, shapes: Shapes | None, faults: Faults
    ) -> None:
        """Keep what is there where the file is silent: in columns it does not have, and in cells that are empty.

        The district and jamoat of a row that moved are found anew. A value that others are told in place of what is
        there keeps it: what was written for everybody comes back and says nothing new.
        """
        stayed = held.known.copy()
        if shapes is not None and any(name in table for name in UNITS):
            at = np.flatnonzero(held.known)
            stayed[at] = shapely.equals(shapes.take(at).objects(), held.shapes[held.place[at]])
        for name in self._silent(table, frame):
            column = columns_of(self.layer)[name]
            if not column.nullable and UNKNOWN not in self.layer.attributes()[name].values:
                faults.add(~held.known, MISSING, name)
            table[name] = _merged(table[name], held, name, stayed if name in UNITS else held.known)
        if not self.empty_clears:
            for name in table.keys() & set(frame.columns) - {self.layer.key}:
                was = held.values[name]
                empty = _blank(frame[name]) & held.known
                at = np.flatnonzero(empty)
                place = held.place[at]
                told = ~was.null[place] & (was.data[place] != UNKNOWN)
                empty[at] = told
                if told.any():
                    self._empty[name] += int(told.sum())
                    table[name] = _merged(table[name], held, name, empty)
        for name, about in self.layer.attributes().items():
            if about.told_as and name in frame:
                same = _told(table[name], held, name, about.told_as)
                self._kept[name] += int(same.sum())
                table[name] = _merged(table[name], held, name, same)

    def silent_fields(self, frame: pd.DataFrame) -> frozenset[str]:
        """Fields the file has no column for."""
        return frozenset(name for name in self.layer.attributes() if name not in frame)

    def notes(self) -> list[str]:
        """Say how many cells kept what was there: empty ones, and those that say what others are told instead."""
        empty = [
            told(
                "{count} empty cells of {field} kept what was there; --empty-clears empties them.",
                count=count,
                field=name,
            )
            for name, count in sorted(self._empty.items())
        ]
        kept = [
            told(
                "{count} cells of {field} say what the public reads in place of what is there, so that was kept.",
                count=count,
                field=name,
            )
            for name, count in sorted(self._kept.items())
            if count
        ]
        return [*empty, *kept]

    def _silent(self, table: Mapping[str, Values], frame: pd.DataFrame) -> Iterator[str]:
        for name in self.layer.attributes():
            if name in table and name not in frame and name not in self.layer.computed:
                yield name


def _told(values: Values, held: Held, name: str, told_as: Mapping[str, str]) -> Flags:
    """Tell which rows say what others are told in place of what is there."""
    rows = held.known.copy()
    at = np.flatnonzero(rows)
    there = held.values[name].data[held.place[at]]
    rows[at] = [told_as.get(str(was)) == says for was, says in zip(there, values.data[at], strict=True)]
    return rows


def _merged(values: Values, held: Held, name: str, rows: Flags) -> Values:
    """Values with those of the held rows in some places."""
    data, null = values.data.copy(), values.null.copy()
    place = held.place[rows]
    data[rows] = held.values[name].data[place]
    null[rows] = held.values[name].null[place]
    return Values(data, null)


def _blank(cells: pd.Series[Any]) -> Flags:
    """Which cells hold nothing, bool (n,)."""
    blank: Flags = cells.isna().to_numpy()
    if cells.dtype == object or pd.api.types.is_string_dtype(cells.dtype):
        blank = blank | cells.map(lambda cell: isinstance(cell, str) and not cell.strip()).to_numpy(dtype=bool)
    return blank


def _values(found: Sequence[Any], column: Column[Any]) -> Values:
    null = np.array([value is None for value in found], dtype=bool)
    data = np.zeros(len(found), dtype=dtype_of(column))
    for at, value in enumerate(found):
        if value is not None:
            data[at] = value
    return Values(data, null)
