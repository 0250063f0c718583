"""Plots as the layer has them: who farms from where, on which form of land, with which right; all made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.farmland.farms import Farm
from scripts.demo_region.farmland.plots import FORMS
from scripts.demo_region.ground.canals import Slopes
from scripts.demo_region.ground.fields import at, chance, on
from scripts.demo_region.places import District

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FARMED_FROM_WITHIN_M = 4_000.0  # m; a plot farther from any village has none recorded
STEEP_IRRIGATED, STEEP_RAINFED = 0.07, 0.12  # m/m; from here some plots are terraced

# Shares by land form (household, presidential, dehkan, reserve); defaults of the demo.
AVAILABILITY = {
    "in_use": (0.92, 0.80, 0.72, 0.00),
    "fallow": (0.05, 0.10, 0.12, 0.00),
    "offered": (0.03, 0.08, 0.12, 0.35),
    "reserve": (0.00, 0.00, 0.00, 0.65),
    "unknown": (0.00, 0.02, 0.04, 0.00),
}
RIGHT = {
    "O1": (0.33, 0.16, 0.00, 0.00),
    "O2": (0.00, 0.00, 0.28, 0.00),
    "O3": (0.00, 0.00, 0.34, 0.00),
    "O4": (0.40, 0.00, 0.00, 0.00),
    "O5": (0.22, 0.00, 0.00, 0.00),
    "O6": (0.00, 0.70, 0.00, 0.00),
    "O7": (0.00, 0.00, 0.20, 0.00),
    "O8": (0.00, 0.02, 0.14, 0.00),
    "O9": (0.00, 0.08, 0.02, 0.00),
    "O10": (0.00, 0.00, 0.00, 1.00),
    "O12": (0.05, 0.04, 0.02, 0.00),
}
IN_ORDER = ("O1", "O2")  # rights whose papers are complete


class Tillage(NamedTuple):
    """All plots of a district in the order of their numbers, and where each was cut.

    farm, block : farm of the district and block of its fields; block is -1 above the canal. form : index into FORMS.
    middle : x, y, m.
    """

    shape: NDArray[np.object_]
    farm: Ints
    block: Ints
    form: Ints
    middle: Floats


def tillage(farms: list[Farm]) -> Tillage:
    """Return the plots of some farms as one table, canal by canal, irrigated before rainfed."""
    shapes: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
    columns: list[Ints] = [np.empty((3, 0), dtype=np.int64)]
    for number, farm in enumerate(farms):
        for plots, irrigated in ((farm.plots, True), (farm.rainfed, False)):
            shapes.append(plots.shape)
            block = plots.block if irrigated else np.full(len(plots), -1)
            columns.append(np.stack([np.full(len(plots), number), block, plots.form]))
    shape = np.concatenate(shapes)
    farm_number, block, form = np.concatenate(columns, axis=1)
    points = shapely.centroid(shape)
    return Tillage(shape, farm_number, block, form, np.column_stack([shapely.get_x(points), shapely.get_y(points)]))


def estate(
    district: District,
    tilled: Tillage,
    settlement_xy: Floats,
    settlement_codes: NDArray[np.object_],
    jamoats: NDArray[np.object_] | None,
    slopes: Slopes,
    seed: int,
) -> gpd.GeoDataFrame:
    """Return the plots of a district as rows of the plots layer, EPSG:32642.

    jamoats : code of each plot's jamoat, None where none is drawn.
    """
    rng = chance(seed, f"estate {district.code}")
    count = len(tilled.shape)
    x, y = tilled.middle[:, 0], tilled.middle[:, 1]
    away, nearest = cKDTree(settlement_xy).query(tilled.middle)
    farmed_from = settlement_codes[nearest]
    farmed_from[away > FARMED_FROM_WITHIN_M] = None
    steep = np.hypot(*(at(on(slopes.level, values), x, y) for values in (slopes.east, slopes.north)))
    irrigated = tilled.block >= 0
    terraced = (steep > np.where(irrigated, STEEP_IRRIGATED, STEEP_RAINFED)) & (rng.random(count) < 0.55)
    right = _drawn(RIGHT, tilled.form, rng)
    missing = np.where(np.isin(right, IN_ORDER), 0, rng.integers(0, 4, count))
    number = np.char.zfill(np.arange(1, count + 1).astype(np.str_), 7)
    return gpd.GeoDataFrame(
        {
            "plot_id": np.char.add(f"demo-{district.short}-", number).astype(object),
            "district": district.code,
            "jamoat": jamoats,
            "settlement": farmed_from,
            "land_form": FORMS[tilled.form].astype(object),
            "availability": _drawn(AVAILABILITY, tilled.form, rng),
            "irrigated": irrigated,
            "terraced": terraced,
            "cadastral_no": np.char.add(f"SYN-{district.short.upper()}-", number).astype(object),
            "right_class": right,
            "missing_documents": missing,
            "disputes": (rng.random(count) < np.where(right == "O12", 0.8, 0.02)).astype(np.int64),
        },
        geometry=tilled.shape,
        crs=WORKING_CRS,
    )


def _drawn(shares: Mapping[str, tuple[float, ...]], form: Ints, rng: np.random.Generator) -> NDArray[np.object_]:
    """Draw one code per plot by the shares of its land form."""
    codes = np.array(list(shares), dtype=object)
    limits = np.cumsum(np.array(list(shares.values())), axis=0)
    limits[-1] = 1.0
    dice = rng.random(len(form))
    return np.asarray(codes[(dice[:, None] >= limits.T[form]).sum(axis=1)])
