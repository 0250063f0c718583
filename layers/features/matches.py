"""Which plots a listing holds, and where they lie: as little as a map needs that draws them and no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, case, func, select

from layers.catalogue.land import SHOWN_STYLES
from layers.features.paging import Listing
from layers.features.standing import OPEN
from layers.records.outcomes import UNJUDGED

LOOKS = tuple(SHOWN_STYLES)  # what a plot is shown as: its class, or the outlook of land that is not settled
UNITS_PER_DEGREE = 100_000  # a unit is at most 1.1 m


@dataclass(frozen=True, slots=True)
class Matches:
    """Plots in the order of their numbers.

    Parameters
    ----------
    plot_no : int64 (n,)
    longitude, latitude : int64 (n,), of the middle of the box, 1/100,000 degree, EPSG:4326.
    look : int64 (n,), place in ``LOOKS``.
    """

    plot_no: NDArray[np.int64]
    longitude: NDArray[np.int64]
    latitude: NDArray[np.int64]
    look: NDArray[np.int64]


def matches_of(connection: Connection, listing: Listing) -> Matches:
    """Return the plots of a listing, whatever its order.

    Parameters
    ----------
    connection : may read public rows.
    listing : plots with their results.
    """
    features = listing.features
    judged, settled, outlook = (features.property(name).value for name in ("class", "settled", "outlook"))
    # The one test of layers/features/standing.py: what is not settled is shown by its outlook.
    look = case((and_(settled.is_(False), judged != UNJUDGED), func.coalesce(outlook, OPEN)), else_=judged)
    box = func.box2d(features.geom)
    west, east = func.ST_XMin(box), func.ST_XMax(box)
    south, north = func.ST_YMin(box), func.ST_YMax(box)
    rows = connection.execute(
        select(features.number, (west + east) / 2, (south + north) / 2, look)
        .select_from(features.source)
        .where(*features.where, *listing.conditions)
        .order_by(features.number)
    ).all()
    numbers, x, y, looks = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Matches(
        np.array(numbers, dtype=np.int64),
        np.rint(np.array(x, dtype=np.float64) * UNITS_PER_DEGREE).astype(np.int64),
        np.rint(np.array(y, dtype=np.float64) * UNITS_PER_DEGREE).astype(np.int64),
        np.array([LOOKS.index(found) for found in looks], dtype=np.int64),
    )
