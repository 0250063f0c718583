"""Rockfall and shallow slides from terrain: no inventory to judge them by is at hand, so that they are low at most."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.hazard.runout import mass_flow, runout
from geo.hazard.susceptibility import Susceptibility, between, graded, slope_deg
from geo.hazard.torrents import hollows
from geo.routing.surface import burned
from geo.terrain.drainage import Drainage
from geo.terrain.grid import Grid
from geo.terrain.relief import heights

ROCK_SLOPE_DEG = 45.0  # degrees, gentlest source; domain reference 7.3
ROCK_ALPHA_DEG = 35.0  # degrees, energy line of most blocks; the same
ROCK_FAR_ALPHA_DEG = 32.0  # degrees, energy line of the farthest blocks; the same
ROCK_EXPONENT = 4.0  # of Holmgren's flow; blocks jump aside more than snow slides, default to calibrate
ROCK_LOW_M = 30.0  # m of face whose blocks pass a metre of width, as in avalanches; low. Default to calibrate

SLIDE_SLOPE_DEG = (15.0, 45.0)  # degrees; domain reference 7.3
SLIDE_BELOW_CANAL_M = 100.0  # m from an unlined canal above; the same


def rockfall(flow: Drainage) -> Susceptibility:
    """Rockfall: low where most blocks run down to, residual wherever the line of the farthest is above the ground.

    Parameters
    ----------
    flow : drainage of the heights.

    Returns
    -------
    Susceptibility, none to low, -1 without a height.

    Notes
    -----
    Faces over ``ROCK_SLOPE_DEG``; energy lines of ``ROCK_ALPHA_DEG`` and ``ROCK_FAR_ALPHA_DEG``; domain reference 7.3.
    """
    dem = flow.dem
    sources = slope_deg(dem) > ROCK_SLOPE_DEG
    run = mass_flow(flow, sources, travel_angle_deg=ROCK_ALPHA_DEG, exponent=ROCK_EXPONENT)
    far = ~np.isnan(runout(dem, sources, travel_angle_deg=ROCK_FAR_ALPHA_DEG, directions=8))
    method = f"faces over {ROCK_SLOPE_DEG:g} degrees, energy line {ROCK_FAR_ALPHA_DEG:g} and {ROCK_ALPHA_DEG:g} degrees"
    return graded("rockfall", dem, method, low=sources | (run.through * dem.cell_m >= ROCK_LOW_M), residual=far)


def shallow_slide(
    dem: Grid, *, loess: NDArray[np.bool_], unlined_canals: gpd.GeoDataFrame | None = None
) -> Susceptibility:
    """Shallow slides on loess: low in hollows, and within 100 m below an unlined canal outside of hollows as well.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    loess : bool (rows, cols), where the ground is loess.
    unlined_canals : lines in EPSG:32642; None = none are known.

    Returns
    -------
    Susceptibility, none to low, -1 without a height.
    """
    steep = between(slope_deg(dem), SLIDE_SLOPE_DEG) & loess
    soaked = np.zeros(dem.shape, dtype=np.bool_)
    canal = burned(unlined_canals, dem) if unlined_canals is not None else soaked
    if canal.any():
        z = heights(dem)
        distance, nearest = distance_transform_edt(~canal, return_indices=True)
        below = z < z[nearest[0], nearest[1]]
        soaked = (np.asarray(distance) * dem.cell_m <= SLIDE_BELOW_CANAL_M) & below
    method = (
        f"loess hollows of {SLIDE_SLOPE_DEG[0]:g}-{SLIDE_SLOPE_DEG[1]:g} degrees and slopes below unlined canals; not "
        "tested on loess"
    )
    return graded("landslide", dem, method, low=steep & (hollows(dem) | soaked))
