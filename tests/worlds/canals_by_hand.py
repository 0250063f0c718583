"""Canals drawn by hand: few enough lines to follow the water with a pencil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from geo.water.balance import Beds, Fields, Offers
from geo.water.network.parts import Points, Reaches

Row = tuple[str, str, list[tuple[float, float]]]


def reaches(rows: Sequence[Row], **changes: Any) -> Reaches:
    """Reaches of code, canal and corners; ``changes`` name columns."""
    count = len(rows)
    columns: dict[str, Any] = {
        "code": np.array([row[0] for row in rows], dtype=str),
        "canal": np.array([row[1] for row in rows], dtype=str),
        "upstream": np.full(count, "", dtype="<U8"),
        "closed": np.zeros(count, dtype=bool),
        "flow_known": np.ones(count, dtype=bool),
        "head_level_m": np.full(count, np.nan),
        "tail_level_m": np.full(count, np.nan),
        "level_sigma_m": np.full(count, 0.5),
        "geometry": np.array([shapely.LineString(row[2]) for row in rows], dtype=object),
    }
    return Reaches(**{**columns, **{name: np.asarray(value) for name, value in changes.items()}})


def points(rows: Sequence[tuple[str, str, str, tuple[float, float]]]) -> Points:
    """Outlets or intakes of code, reach, area and place."""
    code, reach, area = (np.array([row[k] for row in rows], dtype=str) for k in range(3))
    places = np.array([shapely.Point(row[3]) for row in rows], dtype=object)
    return Points(code, reach, area, np.full(len(rows), np.nan), places)


def beds(count: int, **changes: Any) -> Beds:
    """Reaches on loam, in good condition and wide enough."""
    columns: dict[str, Any] = {
        "lining": np.full(count, "earth"),
        "soil": np.full(count, "loam"),
        "condition": np.ones(count),
        "measured": np.full(count, np.nan),
        "capacity_m3_s": np.full(count, 100.0),
        "pump": np.full((count, 1), np.inf),
        "stages": np.zeros(count),
    }
    return Beds(**{**columns, **{name: np.asarray(value) for name, value in changes.items()}})


def offers(flow: Sequence[Sequence[float]], **changes: Any) -> Offers:
    """Intakes without right, river share, drinking water or pump."""
    given = np.array(flow, dtype=np.float64)
    count = len(given)
    columns: dict[str, Any] = {
        "flow_m3_s": given,
        "right_m3_s": np.full(count, np.nan),
        "river_share": np.zeros(count),
        "drinking_m3_d": np.zeros(count),
        "pump": np.full((count, 1), np.inf),
        "runs": np.ones((count, 1)),
        "stages": np.zeros(count),
    }
    return Offers(**{**columns, **{name: np.asarray(value, dtype=np.float64) for name, value in changes.items()}})


def fields(codes: Sequence[str], need: Any, outlet_area: Sequence[int], **changes: Any) -> Fields:
    """Areas of one hectare that need m3 in periods of a day."""
    wanted = np.array(need, dtype=np.float64)
    columns: dict[str, Any] = {
        "need_m3": wanted,
        "garden_m3": np.zeros(wanted.shape),
        "area_ha": np.ones(len(codes)),
        "code": np.array(codes),
        "outlet_area": np.array(outlet_area, dtype=np.int64),
        "outlet_m3_s": np.full(len(outlet_area), np.nan),
        "days": np.ones(wanted.shape[1], dtype=np.int64),
    }
    return Fields(**{**columns, **{name: np.asarray(value) for name, value in changes.items()}})


# A main canal of two reaches whose ends lie 4 m apart, a branch of its own name half-way along the first, and one of
# the same name as the main half-way along the second; heads lie metres off, and so do outlets.
LINES: list[Row] = [
    ("m1", "M", [(0, 0), (1000, 0)]),
    ("m2", "M", [(1004, 0), (2000, 0)]),
    ("s1", "S", [(500, 6), (500, 800)]),
    ("s2", "M", [(1500, 3), (1500, 2500)]),
]
OUTLETS = [("o1", "s1", "a1", (505.0, 400.0)), ("o2", "", "a2", (1996.0, 6.0)), ("o3", "s2", "a3", (1500.0, 2500.0))]
INTAKES = [("i1", "m1", "", (-3.0, 4.0))]
AREAS = ["a1", "a2", "a3"]
