"""Rosters of turns at an outlet: how long each plot has the water, and how often a field needs it.

A roster knows plots by their numbers and nothing of who works them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]

HOURS_PER_DAY = 24.0  # h
DAYLIGHT = (6.0, 20.0)  # h of the day, local time, that count as daylight; default to calibrate
START_STEP_H = 0.25  # h, steps in which another hour to begin the roster at is looked for


class Roster(NamedTuple):
    """Turns of one interval, in the order of the water.

    hours_per_ha : h/ha, alike for all. start_h : float64 (n,), from midnight of the first day. hours : float64 (n,);
    their sum is the interval exactly.
    """

    hours_per_ha: float
    start_h: Floats
    hours: Floats


def share_turns(
    interval_h: float,
    area_ha: ArrayLike,
    filling_h: ArrayLike = 0.0,
    emptying_h: ArrayLike = 0.0,
    *,
    start_h: float = 0.0,
) -> Roster:
    """Share the hours of an interval between the plots of an outlet.

    Parameters
    ----------
    interval_h : hours until the first plot has the water again.
    area_ha : float (n,), hectares of the plots in the order of the water.
    filling_h : float (n,), hours until the water has filled the ditch to the plot.
    emptying_h : float (n,), hours the ditch still runs to the plot after the water was turned away.
    start_h : hour of the day the first turn begins at.

    Returns
    -------
    Roster : n turns; a plot without land has none.

    Raises
    ------
    TableError : an interval, hectares or hours that are negative or not numbers, no land, or so much filling that a
        plot is left without water.

    Notes
    -----
    hours per ha = (interval - sum of filling + sum of emptying) / sum of ha; a turn = hours per ha x ha + filling -
    emptying.
    """
    area = np.atleast_1d(np.asarray(area_ha, dtype=np.float64))
    filling = np.broadcast_to(np.asarray(filling_h, dtype=np.float64), area.shape)
    emptying = np.broadcast_to(np.asarray(emptying_h, dtype=np.float64), area.shape)
    given = {"interval": np.array([interval_h]), "area": area, "filling": filling, "emptying": emptying}
    for what, values in given.items():
        if not np.isfinite(values).all() or (values < 0).any():
            raise TableError(f"turns, {what}: numbers of 0 or more expected")
    if not area.sum() > 0:
        raise TableError("turns: no land to share the water between")
    per_ha = float((interval_h - filling.sum() + emptying.sum()) / area.sum())
    hours = per_ha * area + filling - emptying
    if per_ha <= 0 or (hours < 0).any():
        raise TableError(f"turns: {interval_h:g} h are too short for filling and emptying the ditches to every plot")
    ends = np.cumsum(hours)
    ends[-1] = interval_h
    starts = np.concatenate([[0.0], ends[:-1]])
    return Roster(per_ha, start_h + starts, ends - starts)


def lies_in_daylight(roster: Roster, daylight_h: tuple[float, float] = DAYLIGHT) -> NDArray[np.bool_]:
    """Return which turns lie in daylight from their beginning to their end.

    Parameters
    ----------
    roster : turns.
    daylight_h : hours of the day it is light from and to.

    Returns
    -------
    bool (n,)
    """
    begin = np.mod(roster.start_h, HOURS_PER_DAY)
    return np.asarray((begin >= daylight_h[0]) & (begin + roster.hours <= daylight_h[1] + 1e-9))


def start_in_daylight(
    roster: Roster, turns: int, daylight_h: tuple[float, float] = DAYLIGHT
) -> tuple[Roster, NDArray[np.bool_]]:
    """Begin a roster at the hour that brings enough turns into daylight.

    Parameters
    ----------
    roster : turns, in the order of the water, which stays.
    turns : how many of them must lie in daylight for those who ask for it.
    daylight_h : hours of the day it is light from and to.

    Returns
    -------
    tuple[Roster, NDArray[np.bool_]] : the roster, begun as near to its own hour as can be, and which turns lie in
        daylight, bool (n,).

    Raises
    ------
    TableError : at no hour do so many lie in daylight; says how many can.
    """
    best, most = roster, -1
    for step in np.arange(0.0, HOURS_PER_DAY, START_STEP_H):
        moved = roster._replace(start_h=roster.start_h + step)
        light = lies_in_daylight(moved, daylight_h)
        if light.sum() >= turns:
            return moved, light
        if light.sum() > most:
            best, most = moved, int(light.sum())
    hour = float(np.mod(best.start_h[0], HOURS_PER_DAY))
    raise TableError(
        f"turns: {turns} turns in daylight asked for, {most} of {len(roster.hours)} can lie in it, begun at {hour:g} h"
    )


def count_applications(net_mm: Sequence[float], depth_mm: float, days: int) -> tuple[int, int]:
    """Return how often a field has to be watered in a season, and every how many days.

    Parameters
    ----------
    net_mm : net requirement of the periods of the season, mm.
    depth_mm : net depth one turn brings, mm.
    days : length of the season, d.

    Returns
    -------
    tuple[int, int] : turns, rounded up, and whole days between them, rounded down; no turn gives an interval of
        ``days``.

    Raises
    ------
    TableError : a depth or a season that is not above 0.

    References
    ----------
    Brouwer et al. 1989: Irrigation scheduling. FAO Irrigation Water Management Training Manual 4, chapter 3.
    """
    if not depth_mm > 0 or days < 1:
        raise TableError("turns: a depth above 0 mm and a season of at least one day expected")
    turns = math.ceil(sum(net_mm) / depth_mm - 1e-9)
    return turns, days // max(turns, 1)
