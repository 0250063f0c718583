"""What was read around one plot, kept for its neighbours: rows and grids of whole windows, and what is made of them.

Windows lie on the lattice of ``around``, so that all plots of one cell of it read the same. A window is good for the
load that last touched its layer; what a later load brings has another key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import geopandas as gpd
import shapely

from geo.routing.surface import Surface
from geo.terrain.grid import Grid
from layers.cache.memory import Memo
from layers.records.snapshot import Snapshot

Bounds = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max, metres in EPSG:32642
Key = tuple[object, ...]
Made = TypeVar("Made")

MOST_BYTES: Final = 512_000_000  # of all windows; around one plot lie some 18 MB
POINT_BYTES: Final = 16  # of a corner of an outline
SHAPE_BYTES: Final = 200  # of an outline beside its corners


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of the layers as they stood after a load, of what a snapshot shows."""

    served: Snapshot
    load_id: int

    def key(self, name: str, bounds: Bounds) -> Key:
        """Return what stands for all that is read of a layer in a window."""
        last = self.served.loads.get(name, 0)
        if last <= self.load_id:
            return name, bounds, last, self.served.loaded_at.get(last)
        return name, bounds, self.load_id, self.served.loaded_at.get(last)

    def read(self, name: str, bounds: Bounds, read: Callable[[], Made]) -> Made:
        """Return what is read of a layer in a window, kept or read now; not to be written to."""
        return self.made("read", [self.key(name, bounds)], read)

    def made(self, what: str, of: Sequence[Key], make: Callable[[], Made]) -> Made:
        """Return what is made of some windows, kept or made now; not to be written to."""
        return cast(Made, _KEPT.get((what, *of), lambda: (make(),))[0])


def _size(held: tuple[Any]) -> int:
    return _bytes(held[0])


def _bytes(value: Any) -> int:
    if isinstance(value, Grid):
        return int(value.values.nbytes)
    if isinstance(value, Surface):
        # Heights that are part of another window are counted there.
        return sum(map(_bytes, value.ground)) + (_bytes(value.dem) if value.dem.values.base is None else 0)
    if isinstance(value, gpd.GeoDataFrame):
        size = int(value.memory_usage().sum())
        if value.active_geometry_name is not None:
            corners = int(shapely.get_num_coordinates(value.geometry.to_numpy()).sum())
            size += POINT_BYTES * corners + SHAPE_BYTES * len(value)
        return size
    if isinstance(value, dict):  # equal months share one array
        return sum(map(_bytes, {id(part): part for part in value.values()}.values()))
    if isinstance(value, tuple | list):
        return sum(map(_bytes, value))
    return int(getattr(value, "nbytes", 0))


_KEPT: Memo[Key, tuple[Any]] = Memo("windows", most_bytes=MOST_BYTES, size_of=_size)
