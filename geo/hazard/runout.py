"""Where a mass released on a slope runs to: spreading over the terrain, then stopping on its energy line.

Spreading follows Holmgren's multiple flow directions with a preference for going straight on (Holmgren 1994,
Hydrological Processes 8, pp. 327-334; Horton et al. 2013, NHESS 13, pp. 869-885). The mass stops where the line that
falls from its release by the travel angle meets the ground (Heim 1932); a greatest velocity bounds how far the line may
stand above the ground, v^2 / 2g. What results is a susceptibility, not a hazard map.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import GridError
from geo.hazard.kernels.runout import spread
from geo.terrain.drainage import Drainage
from geo.terrain.grade_line import falling_line
from geo.terrain.grid import Grid
from geo.terrain.relief import heights
from geo.terrain.stencil import ALL

GRAVITY_M_S2 = 9.81  # m/s2
# Weight of going on after turning by 0, 45, 90, 135, 180 degrees; domain reference 7.3, default to calibrate.
PERSISTENCE = np.array([1.0, 0.8, 0.4, 0.0, 0.0])

ALPHA_BETA_SLOPE = 0.96  # degrees per degree; Bakkehoei, Domaas and Lied 1983, Annals of Glaciology 4, pp. 24-29
ALPHA_BETA_OFFSET_DEG = -1.4  # degrees; the same
ALPHA_BETA_SIGMA_DEG = 2.3  # degrees, standard deviation; the same
BETA_SLOPE_DEG = 10.0  # degrees; beta is taken to where the path first falls less steeply than this; the same


class MassFlow(NamedTuple):
    """What runs over each cell, float64 (rows, cols).

    through : flow in units of that of one release cell; 0 where nothing comes. clearance_m : height of the energy line
    above the ground, metres; NaN where nothing comes.
    """

    through: NDArray[np.float64]
    clearance_m: NDArray[np.float64]


def spreading(
    flow: Drainage, release: NDArray[np.bool_], *, exponent: float, persistence: NDArray[np.float64] = PERSISTENCE
) -> NDArray[np.float64]:
    """Flow through each cell, wherever a released mass can run down to.

    Parameters
    ----------
    flow : drainage of the heights.
    release : bool (rows, cols).
    exponent : 1 spreads widest, large values follow the steepest direction.
    persistence : float64 (5,), weights of turning by 0, 45, 90, 135 and 180 degrees.

    Returns
    -------
    float64 (rows, cols), in units of the flow of one release cell; 0 where nothing comes.

    Raises
    ------
    GridError : ``release`` is not on the cells of the height grid.

    Notes
    -----
    Share of neighbour i = slope_i**exponent persistence_i over the sum of all that lie lower.

    References
    ----------
    Holmgren 1994, Hydrological Processes 8, pp. 327-334; Horton et al. 2013, NHESS 13, pp. 869-885.
    """
    return _run_down(flow, release, exponent, persistence, 0.0, np.inf).through


def mass_flow(
    flow: Drainage,
    release: NDArray[np.bool_],
    *,
    travel_angle_deg: float,
    exponent: float,
    fastest_m_s: float = np.inf,
    persistence: NDArray[np.float64] = PERSISTENCE,
) -> MassFlow:
    """Spread a mass downhill until it stands below its energy line, and say how much of it passes each cell.

    Parameters
    ----------
    flow : drainage of the heights.
    release : bool (rows, cols).
    travel_angle_deg : fall of the energy line, degrees, above 0 to below 90.
    exponent : as for ``spreading``.
    fastest_m_s : greatest velocity, m/s, as for ``runout``.
    persistence : weights by the angle of turning, as for ``spreading``.

    Returns
    -------
    MassFlow, through 0 and clearance NaN where nothing comes.

    Raises
    ------
    GridError : ``release`` is not on the cells of the height grid, or the travel angle is not between 0 and 90.

    Notes
    -----
    The line starts at the height of each release cell and falls by tan(travel angle) per metre of way; ways go in eight
    directions and are up to 8 % too long between them. Mass that reaches the edge of the known ground leaves it there.
    """
    loss = _fall_per_m(travel_angle_deg) * flow.dem.cell_m
    return _run_down(flow, release, exponent, persistence, loss, fastest_m_s**2 / (2.0 * GRAVITY_M_S2))


def _run_down(
    flow: Drainage,
    release: NDArray[np.bool_],
    exponent: float,
    persistence: NDArray[np.float64],
    loss: float,
    deepest_m: float,
) -> MassFlow:
    _on_grid(flow.dem, release)
    z = heights(flow.dem)
    starts = release.ravel() & (flow.receiver >= 0)
    through = starts.astype(np.float64)
    line = np.where(starts, z.ravel(), -np.inf).astype(np.float64)
    order = flow.order
    spread(z, flow.filled, flow.receiver, order, float(exponent), persistence, loss, deepest_m, through, line)
    clearance = np.where(through > 0.0, line - z.ravel(), np.nan)
    return MassFlow(through.reshape(z.shape), clearance.reshape(z.shape))


def runout(
    dem: Grid,
    release: NDArray[np.bool_],
    *,
    travel_angle_deg: float,
    fastest_m_s: float = np.inf,
    directions: int = ALL,
) -> NDArray[np.float64]:
    """Height of the energy line over the ground, for a mass that runs in every direction, as falling blocks do.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    release : bool (rows, cols).
    travel_angle_deg : fall of the energy line, degrees, above 0 to below 90.
    fastest_m_s : greatest velocity, m/s.
    directions : 8 or 40 moves; with 8 ways are up to 8 % too long, with 40 under 1 %.

    Returns
    -------
    float64 (rows, cols), metres, NaN where the mass does not come.

    Raises
    ------
    GridError : ``release`` is not on the cells of the height grid, or the travel angle is not between 0 and 90.

    Notes
    -----
    The line starts at the height of each release cell and falls by tan(travel angle) per metre of way, so that on one
    straight slope the mass comes H / tan(travel angle) far. A line height h means a velocity sqrt(2 g h).

    References
    ----------
    Heim 1932: Bergsturz und Menschenleben. Zurich.
    """
    _on_grid(dem, release)
    loss = _fall_per_m(travel_angle_deg)
    z = heights(dem)
    rows, cols = np.nonzero(release & ~np.isnan(z))
    line = falling_line(
        dem,
        rows,
        cols,
        z[rows, cols].astype(np.float64),
        loss=loss,
        deepest_m=fastest_m_s**2 / (2.0 * GRAVITY_M_S2),
        directions=directions,
    )
    return line.clearance_m


def alpha_deg(beta_deg: float) -> float:
    """Travel angle of a large avalanche.

    Parameters
    ----------
    beta_deg : angle of ``beta_deg``, degrees.

    Returns
    -------
    float, degrees, standard deviation ``ALPHA_BETA_SIGMA_DEG``.

    Notes
    -----
    alpha = 0.96 beta - 1.4.

    References
    ----------
    Bakkehoei, Domaas and Lied 1983, Annals of Glaciology 4, pp. 24-29.

    Examples
    --------
    >>> round(alpha_deg(30.0), 1)
    27.4
    """
    return ALPHA_BETA_SLOPE * beta_deg + ALPHA_BETA_OFFSET_DEG


def beta_deg(distance_m: NDArray[np.float64], height_m: NDArray[np.float64]) -> float:
    """Angle from the start of a path to where it first falls less steeply than 10 degrees.

    Parameters
    ----------
    distance_m : float64 (n,), along the path from the release downwards, horizontal metres.
    height_m : float64 (n,), height there, metres.

    Returns
    -------
    float, degrees; NaN if the path falls less steeply nowhere.
    """
    steepness_deg = np.degrees(np.arctan2(-np.diff(height_m), np.diff(distance_m)))
    begun = np.maximum.accumulate(steepness_deg >= BETA_SLOPE_DEG)
    gentle = np.flatnonzero(begun & (steepness_deg < BETA_SLOPE_DEG))
    if not gentle.size:
        return float("nan")
    end = gentle[0]
    return float(np.degrees(np.arctan2(height_m[0] - height_m[end], distance_m[end] - distance_m[0])))


def _fall_per_m(travel_angle_deg: float) -> float:
    if not 0.0 < travel_angle_deg < 90.0:
        raise GridError(f"a travel angle lies between 0 and 90 degrees, got {travel_angle_deg}")
    return float(np.tan(np.radians(travel_angle_deg)))


def _on_grid(dem: Grid, cells: NDArray[np.bool_]) -> None:
    if cells.shape != dem.shape:
        raise GridError(f"expected {dem.shape} cells, got {cells.shape}")
