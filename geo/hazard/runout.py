"""Where a mass released on a slope runs to: spreading over the terrain, then stopping on its energy line.

Spreading follows Holmgren's multiple flow directions with a preference for going straight on (Holmgren 1994,
Hydrological Processes 8, pp. 327-334; Horton et al. 2013, NHESS 13, pp. 869-885). The mass stops where the line that
falls from its release by the travel angle meets the ground (Heim 1932); a greatest velocity bounds how far the line may
stand above the ground, v^2 / 2g. What results is a susceptibility, not a hazard map.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.errors import GridError
from geo.terrain.drainage import DOWN, RIGHT, Drainage
from geo.terrain.grade_line import falling_line
from geo.terrain.grid import Grid
from geo.terrain.relief import heights

GRAVITY_M_S2 = 9.81  # m/s2
LEAST_FLOW = 0.01  # of the flow of one release cell; where less arrives nothing runs. Default to calibrate
# Weight of going on after turning by 0, 45, 90, 135, 180 degrees; domain reference 7.3, default to calibrate.
PERSISTENCE = np.array([1.0, 0.8, 0.4, 0.0, 0.0])
# Neighbours of ``geo.terrain.drainage`` in order round the compass from east, anticlockwise, to count turns between
# them.
_COMPASS = np.array([0, 2, 4, 6, 1, 3, 5, 7])

ALPHA_BETA_SLOPE = 0.96  # degrees per degree; Bakkehoei, Domaas and Lied 1983, Annals of Glaciology 4, pp. 24-29
ALPHA_BETA_OFFSET_DEG = -1.4  # degrees; the same
ALPHA_BETA_SIGMA_DEG = 2.3  # degrees, standard deviation; the same
BETA_SLOPE_DEG = 10.0  # degrees; beta is taken to where the path first falls less steeply than this; the same


@njit(cache=True, nogil=True)
def _spread(z, receiver, order, exponent, persistence, flow):  # type: ignore[no-untyped-def]
    """Pass ``flow`` on from the highest cell to the lowest, in proportion to slope^exponent x persistence."""
    rows, cols = z.shape
    came = np.full(rows * cols, -1, np.int8)
    most = np.zeros(rows * cols, np.float64)
    weights = np.empty(8)
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        if flow[cell] <= 0.0:
            continue
        row, col = cell // cols, cell % cols
        total, onward = 0.0, -1
        for k in range(8):
            weights[k] = 0.0
            next_row, next_col = row + DOWN[k], col + RIGHT[k]
            if 0 <= next_row < rows and 0 <= next_col < cols:
                if receiver[cell] == next_row * cols + next_col:
                    onward = k
                drop = z[row, col] - z[next_row, next_col]
                if drop > 0.0:
                    slope = drop * (np.sqrt(0.5) if k >= 4 else 1.0)
                    weights[k] = slope**exponent
                    if came[cell] >= 0:
                        turn = abs(_COMPASS[k] - _COMPASS[came[cell]])
                        weights[k] *= persistence[min(turn, 8 - turn)]
                    total += weights[k]
        if total == 0.0 and onward >= 0:
            # Level ground, a depression, or only turns too sharp: the way water takes.
            weights[onward], total = 1.0, 1.0
        for k in range(8):
            if weights[k] > 0.0:
                there = (row + DOWN[k]) * cols + col + RIGHT[k]
                part = flow[cell] * weights[k] / total
                flow[there] += part
                if part > most[there]:
                    most[there], came[there] = part, k


def spreading(
    flow: Drainage, release: NDArray[np.bool_], *, exponent: float, persistence: NDArray[np.float64] = PERSISTENCE
) -> NDArray[np.float64]:
    """Flow through each cell in units of that of one release cell, float64 (rows, cols).

    exponent : 1 spreads widest, large values follow the steepest direction. persistence : (5,) weights by turn.

    Raises
    ------
    GridError : ``release`` is not on the cells of the height grid.
    """
    _on_grid(flow.dem, release)
    passed = np.where(flow.receiver >= 0, release.ravel(), False).astype(np.float64)
    _spread(flow.filled.astype(np.float64), flow.receiver, flow.order, float(exponent), persistence, passed)
    return passed.reshape(flow.dem.shape)


def runout(
    dem: Grid,
    release: NDArray[np.bool_],
    *,
    travel_angle_deg: float,
    fastest_m_s: float = np.inf,
    within: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Height of the energy line over the ground, metres, float64 (rows, cols), NaN where the mass does not come.

    The line starts at the height of each release cell and falls by tan(travel angle) per metre of way, so that on one
    straight slope the mass comes H / tan(travel angle) far. ``fastest_m_s`` bounds the velocity sqrt(2 g h) of a line
    height h. ``within`` : bool (rows, cols), cells the mass may enter besides the release, such as those ``spreading``
    reaches; None lets it run in every direction, as falling blocks do.

    Raises
    ------
    GridError : ``release`` is not on the cells of the height grid, or the travel angle is not between 0 and 90.
    """
    _on_grid(dem, release)
    if not 0.0 < travel_angle_deg < 90.0:
        raise GridError(f"a travel angle lies between 0 and 90 degrees, got {travel_angle_deg}")
    z = heights(dem)
    rows, cols = np.nonzero(release & ~np.isnan(z))
    line = falling_line(
        dem,
        rows,
        cols,
        z[rows, cols].astype(np.float64),
        loss=float(np.tan(np.radians(travel_angle_deg))),
        deepest_m=fastest_m_s**2 / (2.0 * GRAVITY_M_S2),
        shut=None if within is None else ~(within | release),
    )
    return line.clearance_m


def alpha_deg(beta_deg: float) -> float:
    """Travel angle of a large avalanche, degrees: alpha = 0.96 beta - 1.4, standard deviation 2.3 degrees.

    (Bakkehoei, Domaas and Lied 1983, Annals of Glaciology 4, pp. 24-29.)

    >>> round(alpha_deg(30.0), 1)
    27.4
    """
    return ALPHA_BETA_SLOPE * beta_deg + ALPHA_BETA_OFFSET_DEG


def beta_deg(distance_m: NDArray[np.float64], height_m: NDArray[np.float64]) -> float:
    """Angle in degrees from the start of a path to where it first falls less steeply than 10 degrees; NaN if nowhere.

    distance_m, height_m : (n,) along the path from the release downwards, horizontal metres and metres.
    """
    steepness_deg = np.degrees(np.arctan2(-np.diff(height_m), np.diff(distance_m)))
    begun = np.maximum.accumulate(steepness_deg >= BETA_SLOPE_DEG)
    gentle = np.flatnonzero(begun & (steepness_deg < BETA_SLOPE_DEG))
    if not gentle.size:
        return float("nan")
    end = gentle[0]
    return float(np.degrees(np.arctan2(height_m[0] - height_m[end], distance_m[end] - distance_m[0])))


def _on_grid(dem: Grid, cells: NDArray[np.bool_]) -> None:
    if cells.shape != dem.shape:
        raise GridError(f"expected {dem.shape} cells, got {cells.shape}")
