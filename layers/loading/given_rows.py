"""Rows of a file, gathered batch by batch, for what only shows in all of them together."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.geometry.ragged import Ragged, join, ragged
from layers.catalogue.base import Layer
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def flat_of(shapes: Shapes) -> Ragged:
    """Return polygons as coordinates alone."""
    return shapes.flat if shapes.plain.all() else ragged(shapes.objects())


@dataclass(frozen=True, slots=True)
class Given:
    """What is looked at of n rows of a file.

    keys : object (n,). lost : bool (n,), in no district. vertices : int64 (n,). bounds : float64 (n, 4), degrees.
    shapes : of polygons that must not overlap. area_ha : float64 (n,), of polygons, on the ellipsoid.
    """

    keys: NDArray[np.object_]
    lost: Flags
    vertices: NDArray[np.int64]
    bounds: Floats
    shapes: Ragged | None
    area_ha: Floats | None

    def take(self, rows: NDArray[np.int64]) -> Given:
        """Return some of the rows, by position."""
        return Given(
            self.keys[rows],
            self.lost[rows],
            self.vertices[rows],
            self.bounds[rows],
            None if self.shapes is None else self.shapes.take(rows),
            None if self.area_ha is None else self.area_ha[rows],
        )


class Gathering:
    """Gathers the rows of a file; of rows under one key the first."""

    def __init__(self, layer: type[Layer]) -> None:
        self._layer = layer
        self._parts: list[Given] = []

    def add(self, table: dict[str, Values], shapes: Shapes | None, bounds: Floats | None) -> None:
        """Note a batch of rows as they are stored.

        Parameters
        ----------
        table : their values. shapes : their geometries in EPSG:4326, None for a table. bounds : float64 (n, 4) of them.
        """
        layer = self._layer
        keys = np.asarray(table[layer.key].data, dtype=object)
        lost = table["district"].null if layer.judged else np.zeros(len(keys), dtype=bool)
        flat: Ragged | None = None
        areas: Floats | None = None
        if shapes is None or bounds is None:
            vertices, bounds = np.zeros(len(keys), dtype=np.int64), np.full((len(keys), 4), np.nan)
        else:
            vertices = shapes.vertices()
            if layer.geometry_kind == "MULTIPOLYGON" and (layer.tiles_land or layer.disjoint):
                flat = flat_of(shapes)
            if flat is not None or layer.usual_ha is not None:
                areas = shapes.area_ha()
        self._parts.append(Given(keys, lost, vertices, bounds, flat, areas))

    def all_but(self, left_out: Set[str]) -> Given | None:
        """Return the rows of all keys but some; None where there is no row."""
        parts, self._parts = self._parts, []
        if not parts:
            return None
        shapes = [part.shapes for part in parts if part.shapes is not None]
        areas = [part.area_ha for part in parts if part.area_ha is not None]
        whole = Given(
            np.concatenate([part.keys for part in parts]),
            np.concatenate([part.lost for part in parts]),
            np.concatenate([part.vertices for part in parts]),
            np.concatenate([part.bounds for part in parts]),
            join(shapes) if shapes else None,
            np.concatenate(areas) if areas else None,
        )
        first = dict(zip(reversed(whole.keys), range(len(whole.keys) - 1, -1, -1), strict=True))
        chosen = {key: place for key, place in first.items() if key not in left_out} if left_out else first
        if not chosen:
            return None
        if len(chosen) == len(whole.keys):
            return whole
        return whole.take(np.array(sorted(chosen.values()), dtype=np.int64))
