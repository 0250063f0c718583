"""What torrents and rivers bring, from terrain: debris flows with their fans, and floods beside large rivers.

No inventory of debris flows is at hand to judge the rules by, so that they say *low* at most, and *medium* only beside
an event on record (domain reference 7.3, Specificity).
"""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, minimum_filter

from geo.hazard.runout import mass_flow
from geo.hazard.susceptibility import UNKNOWN, Susceptibility, between, graded, slope_deg
from geo.routing.surface import burned
from geo.terrain.drainage import (
    Drainage,
    catchments,
    contributing_cells,
    downstream,
    height_above_drainage,
    melton_ratio,
    strahler_order,
    streams,
)
from geo.terrain.grid import Grid
from geo.terrain.relief import heights, plan_curvature

# Most curved hollow that is still no source, 1/m, by the size of the cells in m. At 10 m: Horton et al. 2013, NHESS 13,
# pp. 869-885, and domain reference 7.3. The others mark the same share of ground over 15 degrees as that one does at
# 10 m, counted on the three places of docs/susceptibility.md with heights of 5 m averaged over 6 offsets of the cells;
# they fall with the cell's side to the power -0.93. A default to calibrate on other ground.
CURVATURE_LIMITS = {10.0: -0.0100, 15.0: -0.0070, 20.0: -0.0053, 25.0: -0.0043, 30.0: -0.0036}

DEBRIS_SLOPE_DEG = 15.0  # degrees, gentlest source; domain reference 7.3 after Horton et al. 2013
DEBRIS_AREA_M2 = 10_000.0  # m2 draining to a source; the same
# Steeper ground is needed where less water gathers: tan(slope) >= 0.31 x (km2)^-0.15, Horton et al. 2013 for extreme
# events, after Rickenmann and Zimmermann 1993, Geomorphology 8, pp. 175-189.
DEBRIS_TAN, DEBRIS_POWER = 0.31, -0.15  # at 1 km2, and per decade of area; default to calibrate
DEBRIS_EXPONENT = 5.0  # of Holmgren's flow, within 4-6; domain reference 7.3
DEBRIS_ALPHA_DEG = 7.0  # degrees, travel angle of fine material and loess mud; the same
DEBRIS_FASTEST_M_S = 15.0  # m/s; the same
DEBRIS_LOW_M = 30.0  # m of source whose mass passes a metre of width, as in avalanches; low. Default to calibrate
DEBRIS_RESIDUAL_M = 3.0  # the same; residual
FAN_SLOPE_DEG = (2.0, 15.0)  # degrees; domain reference 7.3
FAN_ABOVE_M = 5.0  # m above drainage; the same
EVENT_WITHIN_M = 300.0  # m from an event on the same channel; domain reference 7.3
FREQUENT_WITHIN_Y = 30  # years in which two events on a channel are frequent; the same
DAYS_IN_YEAR = 365.25  # days
EVENT_BESIDE_M = 50.0  # m from the channel, where an event alone says medium; as for fans in domain reference 7.3

MELTON_FLOOD = 0.3  # m/m, below: floods only; Wilford et al. 2004, Landslides 1, pp. 61-66
MELTON_DEBRIS = 0.6  # m/m, above, in short catchments: debris flows; the same
MELTON_LENGTH_M = 2_700.0  # m, longest catchment of debris flows; the same
FLOOD, DEBRIS_FLOOD, DEBRIS_FLOW = 0, 1, 2  # what a torrent brings

STREAM_AREA_M2 = 250_000.0  # m2 that make a stream of the first order; default to calibrate
RIVER_ORDER = 4  # Strahler's order from which a stream floods its plain; domain reference 7.3
BESIDE_CELLS = 2  # a mapped river and the stream it stands for lie this near; default to calibrate
BESIDE_M = 300.0  # m; ground this near is flooded by the river next to it, default to calibrate
FLOOD_MEDIUM_ABOVE_M = 2.0  # m above drainage; the same
FLOOD_LOW_ABOVE_M = 5.0  # m above drainage; the same


def curvature_limit(cell_m: float) -> float:
    """Plan curvature below which ground is a hollow where mass gathers.

    Parameters
    ----------
    cell_m : side of the cells, metres.

    Returns
    -------
    float, 1/m, negative.

    Notes
    -----
    Between the sizes of ``CURVATURE_LIMITS`` it is interpolated by powers, beyond them the nearest holds.

    References
    ----------
    Horton et al. 2013, NHESS 13, pp. 869-885, for cells of 10 m.

    Examples
    --------
    >>> curvature_limit(30.0)
    -0.0036
    """
    sizes, limits = np.array(list(CURVATURE_LIMITS)), -np.array(list(CURVATURE_LIMITS.values()))
    return -round(float(np.exp(np.interp(np.log(cell_m), np.log(sizes), np.log(limits)))), 6)


def hollows(dem: Grid) -> NDArray[np.bool_]:
    """Cells whose contours curve inwards by more than ``curvature_limit``.

    The limit is absolute: what is a hollow does not depend on what else is in view.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.

    Returns
    -------
    bool (rows, cols).
    """
    return np.asarray(plan_curvature(dem).values <= curvature_limit(dem.cell_m))


def torrent_type(melton: NDArray[np.floating], length_m: NDArray[np.floating]) -> NDArray[np.int8]:
    """What a catchment brings.

    Parameters
    ----------
    melton : Melton's ratio, m/m, NaN unknown.
    length_m : length of the catchment, m.

    Returns
    -------
    int8: 0 flood, 1 debris flood, 2 debris flow, -1 where Melton's ratio is unknown.

    Notes
    -----
    R < 0.3 flood; R > 0.6 in catchments under 2.7 km debris flow; between, or longer, debris flood.

    References
    ----------
    Wilford et al. 2004, Landslides 1, pp. 61-66.
    """
    steep_and_short = (melton > MELTON_DEBRIS) & (length_m < MELTON_LENGTH_M)
    kind = np.where(steep_and_short, DEBRIS_FLOW, np.where(melton >= MELTON_FLOOD, DEBRIS_FLOOD, FLOOD))
    return np.where(np.isnan(melton), UNKNOWN, kind).astype(np.int8)


def debris_flow_sources(flow: Drainage) -> NDArray[np.bool_]:
    """Where debris flows start: steep for the water that gathers there, in hollows.

    Parameters
    ----------
    flow : drainage of the heights.

    Returns
    -------
    bool (rows, cols).

    Notes
    -----
    Slope from ``DEBRIS_SLOPE_DEG`` and tan(slope) >= 0.31 area**-0.15 with the area in km2, from ``DEBRIS_AREA_M2``.

    References
    ----------
    Rickenmann and Zimmermann 1993, Geomorphology 8, pp. 175-189; Horton et al. 2013, NHESS 13, pp. 869-885.
    """
    dem = flow.dem
    slope = slope_deg(dem)
    area_m2 = contributing_cells(flow) * dem.cell_m**2
    with np.errstate(divide="ignore"):
        least = DEBRIS_TAN * (area_m2 / 1e6) ** DEBRIS_POWER
    steep = (slope >= DEBRIS_SLOPE_DEG) & (np.tan(np.radians(slope)) >= least)
    return np.asarray(steep & (area_m2 >= DEBRIS_AREA_M2) & hollows(dem))


def debris_flow(flow: Drainage, events: gpd.GeoDataFrame | None = None) -> Susceptibility:
    """Debris flows: low in run-outs and on fans, residual where little arrives, medium only beside recorded events.

    Parameters
    ----------
    flow : drainage of the heights.
    events : recorded debris flows, points in EPSG:32642 known to ``EVENT_WITHIN_M``, with ``happened_on`` where dates
        are known; None = none are recorded.

    Returns
    -------
    Susceptibility, none to medium, -1 without a height.

    Notes
    -----
    On the channel an event lies at, ground within that distance which is low or beside the channel is medium; near two
    events of 30 years it is frequent.
    """
    dem = flow.dem
    sources = debris_flow_sources(flow)
    run = mass_flow(
        flow,
        sources,
        travel_angle_deg=DEBRIS_ALPHA_DEG,
        exponent=DEBRIS_EXPONENT,
        fastest_m_s=DEBRIS_FASTEST_M_S,
    )
    fed_m = run.through * dem.cell_m
    low = sources | (fed_m >= DEBRIS_LOW_M) | _fan(flow)
    method = (
        f"hollows from {DEBRIS_SLOPE_DEG:g} degrees, travel angle {DEBRIS_ALPHA_DEG:g} degrees; fans of "
        f"catchments with Melton's ratio from {MELTON_FLOOD:g}"
    )
    residual = fed_m >= DEBRIS_RESIDUAL_M
    if events is None or events.empty:
        return graded("debris_flow", dem, method, low=low, residual=residual)
    recorded, frequent = _recorded(flow, low, events)
    method += f"; medium within {EVENT_WITHIN_M:g} m of recorded events"
    found = graded("debris_flow", dem, method, low=low, medium=recorded, residual=residual)
    return replace(found, frequent=frequent)


def _fan(flow: Drainage) -> NDArray[np.bool_]:
    """Fans: gentle ground little above a channel whose catchment brings debris."""
    channel = streams(flow, min_area_m2=STREAM_AREA_M2)
    ratio, length = melton_ratio(flow)
    debris = channel & (torrent_type(ratio.values, length.values) >= DEBRIS_FLOOD)
    if not debris.any():
        return debris
    above = height_above_drainage(flow, channel).values
    nearest = distance_transform_edt(~channel, return_distances=False, return_indices=True)
    gentle = between(slope_deg(flow.dem), FAN_SLOPE_DEG) & debris[nearest[0], nearest[1]]
    return np.asarray(gentle & (above < FAN_ABOVE_M))


def _recorded(
    flow: Drainage, low: NDArray[np.bool_], events: gpd.GeoDataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Ground near a recorded event on its channel, and near two of 30 years, each bool (rows, cols).

    It is low or beside the channel. Two events of one day are one; an event of unknown date may be of any.
    """
    dem = flow.dem
    recorded, frequent = np.zeros(dem.shape, dtype=np.bool_), np.zeros(dem.shape, dtype=np.bool_)
    channel = streams(flow, min_area_m2=STREAM_AREA_M2)
    if not channel.any():
        return recorded, frequent
    from_channel, nearest = distance_transform_edt(~channel, return_indices=True)
    prone = low | (from_channel * dem.cell_m <= EVENT_BESIDE_M)
    on_channel = (nearest[0] * dem.shape[1] + nearest[1]).ravel()
    days = _days(events)
    seen: list[tuple[float, NDArray[np.int64]]] = []
    for at, day in zip(dem.cells_under(shapely.get_coordinates(events.geometry.to_numpy())), days, strict=True):
        if at < 0 or from_channel.flat[at] * dem.cell_m > EVENT_WITHIN_M:
            continue
        row, col = divmod(int(at), dem.shape[1])
        start = np.zeros(dem.shape, dtype=np.bool_)
        start.flat[on_channel[at]] = True
        same = channel & (downstream(flow, start) | (catchments(flow, on_channel[[at]]) >= 0))
        down, across = np.ogrid[: dem.shape[0], : dem.shape[1]]
        near = prone & (np.hypot(down - row, across - col) * dem.cell_m <= EVENT_WITHIN_M)
        cells = np.flatnonzero(near)
        cells = cells[same.flat[on_channel[cells]]]
        recorded.flat[cells] = True
        for other_day, others in seen:
            apart = abs(day - other_day)
            if np.isnan(apart) or 0 < apart <= FREQUENT_WITHIN_Y * DAYS_IN_YEAR:
                frequent.flat[np.intersect1d(cells, others)] = True
        seen.append((day, cells))
    return recorded, frequent


def _days(events: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Day of each event counted from 1970, NaN where it is unknown."""
    if "happened_on" not in events:
        return np.full(len(events), np.nan)
    dates = pd.to_datetime(events["happened_on"]).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(dates), np.nan, dates.astype(np.float64))


def flood(flow: Drainage, rivers: gpd.GeoDataFrame | None = None) -> Susceptibility:
    """Floods of rivers: medium under 2 m above the river, low under 5 m.

    Parameters
    ----------
    flow : drainage of the heights.
    rivers : mapped large rivers, lines in EPSG:32642; None = not known.

    Returns
    -------
    Susceptibility, none to medium, -1 without a height.

    Notes
    -----
    Where a mapped river runs along the lowest ground around it, or beside a stream of the terrain, there is a river
    from there down, whatever its order: the headwaters of a river that comes from outside the grid are not on it.
    Elsewhere the line is taken to be misplaced.
    """
    stream = streams(flow, min_area_m2=STREAM_AREA_M2)
    river = strahler_order(flow, stream) >= RIVER_ORDER
    if rivers is not None:
        beside = burned(rivers.set_geometry(rivers.geometry.buffer(BESIDE_CELLS * flow.dem.cell_m)), flow.dem)
        z = flow.filled
        lowest = z - minimum_filter(np.where(np.isnan(z), np.inf, z), 2 * BESIDE_CELLS + 1) <= FLOOD_MEDIUM_ABOVE_M
        river |= downstream(flow, (stream & beside) | (burned(rivers, flow.dem) & lowest))
    above = np.fmin(height_above_drainage(flow, river).values, _above_beside(flow.dem, river))
    which = f"rivers of order {RIVER_ORDER} and more"
    method = f"height above {which}" if rivers is None else f"height above {which} and mapped ones"
    return graded("flood", flow.dem, method, low=above < FLOOD_LOW_ABOVE_M, medium=above < FLOOD_MEDIUM_ABOVE_M)


def _above_beside(dem: Grid, river: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Height over the nearest river cell within ``BESIDE_M``, float32 (rows, cols), NaN farther away.

    On a plain that falls with its river, water runs beside the river for long and its height above drainage is that
    above the river far below; what floods the ground is the river next to it.
    """
    z = heights(dem)
    if not river.any():
        return np.full(z.shape, np.nan, dtype=np.float32)
    distance, nearest = distance_transform_edt(~river, return_indices=True)
    near = np.asarray(distance) * dem.cell_m <= BESIDE_M
    return np.where(near, np.maximum(z - z[nearest[0], nearest[1]], np.float32(0.0)), np.float32(np.nan))
