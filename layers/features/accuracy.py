"""How exact a layer or grid is, as far as its own records say; nothing is guessed where they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from layers.catalogue import BY_NAME
from layers.catalogue.base import PUBLIC, Layer
from layers.features.agreement import agreements
from layers.records.loads import Raster

POSITION: Final = "accuracy_m"  # attribute in which a row states how exact its place is, metres


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the records of a layer or grid say of how exact it is; None where they do not.

    ``cells_m`` : ground size of the finest and of the coarsest cell of a grid, metres. ``position_m`` : the largest
    error of a place that a row states, metres; ``stated`` of ``rows`` rows state one. ``agreed`` : whole percent to
    which the outlines agree with a second source, the least of them.
    """

    cells_m: tuple[float, float] | None = None
    position_m: float | None = None
    stated: int = 0
    rows: int = 0
    agreed: int | None = None


def accuracy_of(connection: Connection, name: str) -> Accuracy:
    """Return how exact a layer or grid is; ``connection`` must be allowed to read it."""
    layer = BY_NAME.get(name)
    if layer is None:
        return _of_grid(connection, name)
    if POSITION in layer.attributes(PUBLIC):
        return _of_rows(connection, layer)
    if layer.tiles_land:
        found = [one.percent for of_unit in agreements(connection, layer).values() for one in of_unit]
        return Accuracy(agreed=min(found, default=None))
    return Accuracy()


def _of_grid(connection: Connection, name: str) -> Accuracy:
    cells = select(func.min(Raster.resolution_m), func.max(Raster.resolution_m))
    finest, coarsest = connection.execute(cells.where(Raster.layer == name, Raster.ended_by.is_(None))).one()
    return Accuracy() if finest is None else Accuracy(cells_m=(finest, coarsest))


def _of_rows(connection: Connection, layer: type[Layer]) -> Accuracy:
    column = layer.__table__.c[POSITION]
    counted = select(func.max(column), func.count(column), func.count()).where(layer.ended_by.is_(None))
    return Accuracy(None, *connection.execute(counted).one())
